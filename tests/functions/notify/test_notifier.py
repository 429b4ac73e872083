from datetime import timedelta

import pytest

from functions.notify.breaker import AT_ONCE, FAILURES_TO_OPEN, FORGET_AFTER, PLACE, WATCHED
from functions.notify.notifier import MOST_HOPS, MOST_WAITS, TooManyHops
from functions.notify.retries import ATTEMPTS, LEASE, Attempt
from shared.addresses.targets import Target
from shared.deliveries.delivery import State
from shared.deliveries.queue import QueueMessage
from shared.model.events import RouteTested
from shared.model.feedback import MAX_REVISIONS, Customer, Flag, Revision
from shared.routes import trials
from tests.functions.notify.conftest import World
from tests.kit.samples import load_event

HOOK = "webhook:https://orders.example/hook"
MAIL = "email:tills@fernleaf.example"
DOWN = Attempt(error="It answered 500.")


class TestPeople:
    def test_a_card_waits_for_the_words_and_shows_the_latest_state_once(self, world: World) -> None:
        world.route("r", MAIL)
        tap = world.say()
        world.handle(world.message("r", tap))
        world.now += timedelta(seconds=20)
        words = world.say(comment="Twenty minutes, one till open.")
        world.handle(world.message("r", words, tap))
        assert world.sent == []

        world.wake()
        world.wake()

        (parcel,) = world.sent
        assert parcel.shown.words == "Twenty minutes, one till open."
        assert parcel.shown.note is None

    def test_the_wait_begins_again_with_each_change(self, world: World) -> None:
        world.route("r", MAIL)
        began, tap = world.now, world.say()
        world.handle(world.message("r", tap))
        for seconds, words in [(44, "The lady at till 4 was rude."), (47, "The lady at till 5 was rude.")]:
            world.rest_until(began + timedelta(seconds=seconds))
            world.handle(world.message("r", world.say(comment=words), tap))
        world.rest()
        (parcel,) = world.sent
        assert (parcel.shown.words, parcel.shown.note) == ("The lady at till 5 was rude.", None)
        assert parcel.at - began == timedelta(seconds=47 + 45)

    def test_also_where_the_route_does_not_hear_of_the_change(self, world: World) -> None:
        world.route("r", MAIL, when="event = FeedbackCaptured and mood = unhappy")
        began = world.now
        world.handle(world.message("r", world.say()))
        for seconds, rating in [(44, 5), (80, 1)]:  # a slip of the finger
            world.rest_until(began + timedelta(seconds=seconds))
            world.say(rating=rating)
        world.rest()
        (parcel,) = world.sent
        assert parcel.at - began == timedelta(seconds=80 + 45)

    def test_what_is_said_while_the_feedback_is_slowly_read_is_waited_for(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.route("r", MAIL)
        began, tap = world.now, world.say()
        world.handle(world.message("r", tap))
        world.rest_until(began + timedelta(seconds=20))
        world.say(comment="One till open.")
        get = world.store.get

        def slowly(id: str) -> Revision | None:
            monkeypatch.setattr(world.store, "get", get)
            read = get(id)
            world.now += timedelta(seconds=15)
            world.say(comment="Two tills open.")
            world.now += timedelta(seconds=15)
            return read

        monkeypatch.setattr(world.store, "get", slowly)
        world.rest()
        (parcel,) = world.sent
        assert parcel.shown.words == "Two tills open."
        assert parcel.at - began == timedelta(seconds=60 + 45)

    def test_a_customer_who_goes_on_and_on_does_not_keep_the_team_waiting(self, world: World) -> None:
        world.route("r", MAIL)
        first = last = world.say(comment="0")
        world.handle(world.message("r", first))
        for number in range(1, MAX_REVISIONS):
            world.rest_until(world.now + timedelta(seconds=44))
            last = world.say(comment=str(number))
            world.handle(world.message("r", last, first))
        world.rest()
        assert [parcel.shown.words for parcel in world.sent] == ["6", "13", "19"]
        assert world.sent[-1].at - last.changed_at == timedelta(seconds=45)
        assert max(message.waits for message in world.queued) == MOST_WAITS

    def test_what_is_tried_again_does_not_wait_for_words_again(self, world: World) -> None:
        world.route("r", MAIL)
        world.answers = [DOWN]
        tap = world.say()
        world.handle(world.message("r", tap))
        world.wake()
        failed_at = world.now
        world.now += timedelta(seconds=2)
        world.handle(world.message("r", world.say(comment="One till open."), tap))
        world.rest()
        assert [parcel.shown.words for parcel in world.sent] == ["", "One till open."]
        assert world.sent[-1].at - failed_at < timedelta(seconds=6)

    def test_a_replay_does_not_wait(self, world: World) -> None:
        world.route("r", MAIL)
        world.handle(world.message("r", world.say(), replay="monday"))
        assert len(world.sent) == 1

    def test_what_becomes_of_an_invitation_makes_no_card(self, world: World) -> None:
        world.route("r", MAIL)
        event = load_event("golden/InvitationSent.v1.json")
        world.handle(QueueMessage(route="r", target=world.routes["r"].targets[0].id, event=event))
        assert (world.sent, world.waiting) == ([], [])

    def test_the_wait_is_the_routes_own_where_it_names_one(self, world: World) -> None:
        world.route("r", MAIL, settling=600)
        world.handle(world.message("r", world.say()))
        (due, _), *_ = world.waiting
        assert due - world.now == timedelta(minutes=10)

    def test_words_that_come_after_the_card_get_one_card_that_says_so(self, world: World) -> None:
        world.route("r", MAIL, settling=0)
        tap = world.say()
        world.handle(world.message("r", tap))
        words = world.say(comment="And nobody apologised.")
        message = world.message("r", words, tap)
        world.handle(message)
        world.handle(message)
        assert [parcel.shown.words for parcel in world.sent] == ["", "And nobody apologised."]
        assert world.sent[1].shown.note == "They have added to their answer since the last card."

    def test_a_team_hears_also_later_whether_it_can_answer(self, world: World) -> None:
        world.route("r", MAIL, settling=0)
        tap = world.say()
        world.handle(world.message("r", tap))
        said = Customer(email="sam@mail.example")
        for changes in ({"given": said}, {"given": said}, {"flags": (Flag.OPTED_OUT,)}, {"flags": ()}):
            world.handle(world.message("r", world.say(**changes), tap))
        shown = [dict(parcel.shown.facts) for parcel in world.sent]
        assert [facts["Who"] for facts in shown] == ["order-1234"] + ["sam@mail.example · order-1234"] * 3
        assert [facts.get("Know this", "")[:14] for facts in shown] == ["", "", "They asked for", ""]
        assert all(parcel.shown.note for parcel in world.sent[1:])

    def test_a_change_that_a_team_need_not_hear_of_makes_no_second_card(self, world: World) -> None:
        world.route("r", MAIL, settling=0)
        tap = world.say()
        world.handle(world.message("r", tap))
        same = world.say(language="ar")
        world.handle(world.message("r", same, tap))
        assert len(world.sent) == 1
        assert world.only_delivery(tap).state is State.DELIVERED

    def test_a_route_that_no_longer_matches_sends_nothing(self, world: World) -> None:
        world.route("r", MAIL, when="mood = unhappy", settling=0)
        tap = world.say()
        world.say(rating=5)
        world.handle(world.message("r", tap))
        assert world.sent == []
        assert world.only_delivery(tap).error == "The route does not match any more."

    def test_words_that_arrive_while_a_card_is_being_sent_are_not_lost(self, world: World) -> None:
        world.route("r", MAIL, settling=0)
        tap = world.say()
        with world.crash_after_sending():
            world.handle(world.message("r", tap))
        words = world.say(comment="And nobody apologised.")
        world.handle(world.message("r", words, tap))
        assert len(world.sent) == 1
        world.wake()
        assert world.sent[-1].shown.words == "And nobody apologised."

    def test_news_that_lose_the_race_for_the_claim_are_looked_at_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.route("r", MAIL, settling=0)
        tap = world.say()
        old, get = world.message("r", tap), world.store.get

        def meanwhile(id: str) -> Revision | None:
            """The worker of the tap reads; before it claims, the customer says more, and that is claimed and sent."""
            monkeypatch.setattr(world.store, "get", get)
            read = get(id)
            world.handle(world.message("r", world.say(comment="One till open."), tap))
            return read

        monkeypatch.setattr(world.store, "get", meanwhile)
        world.handle(old)
        assert [parcel.shown.words for parcel in world.sent] == ["One till open."]

        world.wake()
        assert len(world.sent) == 1
        assert world.waiting == []

    @pytest.mark.parametrize("seconds", [0, 3600], ids=["after-a-failure", "while-the-target-is-left-alone"])
    def test_news_that_meet_an_older_card_that_waits_decide_about_it(self, world: World, seconds: int) -> None:
        when = "(event = FeedbackCaptured and rating = 2) or (event = FeedbackAmended and rating = 1)"
        world.route("r", MAIL, when=when, settling=0)
        world.answers = [Attempt(error="SES: no", retry_after=timedelta(seconds=seconds))]
        tap = world.say()
        world.handle(world.message("r", tap))
        worse = world.say(rating=1, comment="And nobody apologised.")
        world.handle(world.message("r", worse, tap))
        world.handle(world.message("r", tap))
        assert len(world.sent) == 1
        world.sweep()
        assert [parcel.shown.words for parcel in world.sent] == ["", "And nobody apologised."]
        assert world.only_delivery(tap).state is State.DELIVERED

    def test_news_decide_also_where_the_older_message_comes_first(self, world: World) -> None:
        world.route("r", MAIL, when="(event = FeedbackCaptured and rating = 2) or event = FeedbackAmended", settling=0)
        world.answers = [DOWN]
        tap = world.say()
        world.handle(world.message("r", tap))
        world.handle(world.message("r", world.say(rating=1), tap))
        world.wake()
        assert len(world.sent) == 2

    def test_a_replay_is_a_card_of_its_own_that_says_so(self, world: World) -> None:
        world.route("r", MAIL, settling=0)
        tap = world.say()
        world.handle(world.message("r", tap))
        for _ in range(2):
            world.handle(world.message("r", tap, replay="monday"))
        assert [parcel.shown.note for parcel in world.sent] == [
            None,
            "Sent again because your team asked for it. You may know it already.",
        ]

    def test_a_replayed_card_comes_though_the_event_that_the_route_asks_for_was_long_ago(self, world: World) -> None:
        world.route("r", MAIL, when="event = FeedbackCaptured", settling=0)
        tap = world.say()
        words = world.say(comment="One till open.")
        world.handle(world.message("r", words, tap, replay="monday"))
        assert [parcel.shown.words for parcel in world.sent] == ["One till open."]

    def test_a_replayed_card_comes_though_the_route_is_not_about_the_feedback_any_more(self, world: World) -> None:
        world.route("r", MAIL, when="mood = unhappy", settling=0)
        tap = world.say(rating=1)
        content = world.say(rating=5, comment="It works now.")
        world.handle(world.message("r", content, tap, replay="monday"))
        assert [parcel.shown.words for parcel in world.sent] == ["It works now."]


class TestMachines:
    def test_every_event_leaves_at_once_and_only_once(self, world: World) -> None:
        world.route("r", HOOK)
        tap = world.say()
        words = world.say(comment="One till.")
        for message in [world.message("r", words, tap), world.message("r", tap), world.message("r", tap)]:
            world.handle(message)
        assert [parcel.event["detail"]["revision"] for parcel in world.sent] == [2, 1]
        assert world.waiting == []

    def test_what_becomes_of_an_invitation_is_an_event_like_any_other(self, world: World) -> None:
        world.route("r", HOOK)
        event = load_event("golden/InvitationSent.v1.json")
        for _ in range(2):
            world.handle(QueueMessage(route="r", target=world.routes["r"].targets[0].id, event=event))
        (parcel,) = world.sent
        assert parcel.event == event

    def test_an_unknown_route_or_target_is_dropped(self, world: World) -> None:
        world.route("r", HOOK)
        message = world.message("r", world.say())
        world.handle(message.model_copy(update={"route": "gone"}))
        world.handle(message.model_copy(update={"target": "gone"}))
        assert world.sent == []

    def test_what_a_removed_route_was_owed_is_owed_no_more(self, world: World) -> None:
        for to in (HOOK, MAIL):
            world.route("r", to, settling=0)
            world.answers = [DOWN]
            tap = world.say(id=to)
            message = world.message("r", tap)
            world.handle(message)
            assert world.only_delivery(tap).is_owed
            del world.routes["r"]
            world.handle(message)
            assert world.only_delivery(tap).state is State.SKIPPED

    def test_a_feedback_that_was_erased_meanwhile_is_not_sent(self, world: World) -> None:
        world.route("r", HOOK)
        tap = world.say()
        world.store.client.sync_delete_item(world.store.table, {"pk": f"F#{tap.feedback.id}", "sk": "F"})
        world.handle(world.message("r", tap))
        assert world.sent == []


class TestTests:
    """A team tests its route."""

    @pytest.mark.parametrize("to", [HOOK, MAIL])
    def test_a_test_arrives_at_once_without_any_feedback(self, world: World, to: str) -> None:
        target = world.route("r", to)
        detail = trials.trial_detail(world.config, "r", world.routes["r"], "Tom", world.now)
        message = QueueMessage(
            route="r", target=target.id, event={"detail-type": RouteTested.detail_type, "detail": detail}
        )
        world.handle(message)
        world.handle(message)
        (parcel,) = world.sent
        assert parcel.feedback_id.startswith("test-")
        if target.kind.is_for_people:
            assert "Tom" in parcel.shown.words

    def test_a_test_cannot_put_words_into_a_customers_mouth(self, world: World) -> None:
        target = world.route("r", MAIL)
        detail = trials.trial_detail(world.config, "r", world.routes["r"], "Tom", world.now)
        detail["feedback"]["comment"] = "I was robbed at till 4!"
        world.handle(
            QueueMessage(route="r", target=target.id, event={"detail-type": RouteTested.detail_type, "detail": detail})
        )
        (parcel,) = world.sent
        assert parcel.shown.words == "This is a test of the route r, asked for by Tom. No customer said this."

    def test_a_test_under_the_id_of_a_feedback_is_refused_and_the_card_still_comes(self, world: World) -> None:
        target = world.route("r", MAIL, settling=0)
        tap = world.say()
        detail = trials.trial_detail(world.config, "r", world.routes["r"], "Tom", world.now)
        detail["feedback"]["id"] = tap.feedback.id
        world.handle(
            QueueMessage(route="r", target=target.id, event={"detail-type": RouteTested.detail_type, "detail": detail})
        )
        assert world.sent == []
        world.handle(world.message("r", tap))
        assert len(world.sent) == 1


class TestRetries:
    def test_ten_attempts_span_at_least_76_hours_and_then_it_is_given_up(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN] * ATTEMPTS
        tap = world.say()
        began = world.now
        world.handle(world.message("r", tap))
        world.wake()  # after five seconds, by the queue
        while len(world.sent) < ATTEMPTS:
            world.sweep()
        assert world.now - began >= timedelta(hours=76)
        assert world.only_delivery(tap).state is State.FAILED
        assert world.only_delivery(tap).attempts == ATTEMPTS
        assert list(world.deliveries.due(world.now + timedelta(days=30))) == []

    def test_the_owner_is_told_of_the_first_that_is_given_up_and_not_of_each(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN] * 2 * ATTEMPTS
        taps = [world.say(id=f"a{number}") for number in range(2)]
        for tap in taps:
            world.handle(world.message("r", tap))
        while world.answers:
            world.sweep()
        assert [delivery.state for tap in taps for delivery in [world.only_delivery(tap)]] == [State.FAILED] * 2
        assert world.notices == [f"given up r {HOOK}: It answered 500."]

    def test_what_no_owner_could_be_told_of_is_not_given_up(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers, world.mail_works = [DOWN] * (ATTEMPTS + 2), False
        tap = world.say()
        world.handle(world.message("r", tap))
        while len(world.answers) > 1:
            world.sweep()
        assert world.only_delivery(tap).is_owed
        world.mail_works = True
        world.sweep()
        assert world.only_delivery(tap).state is State.FAILED
        assert len(world.notices) == 3

    def test_an_owner_is_told_again_of_a_target_that_was_well_between(self, world: World) -> None:
        world.route("r", HOOK)
        for id in ("first", "second"):
            world.answers = [DOWN] * ATTEMPTS
            world.handle(world.message("r", world.say(id=id)))
            while world.answers:
                world.sweep()
            for number in range(2):  # its breaker closes, and then it stays well
                world.now += timedelta(hours=1)
                world.handle(world.message("r", world.say(id=f"after-{id}-{number}")))
        assert len(world.notices) == 2

    def test_a_message_that_comes_twice_while_a_retry_waits_is_absorbed(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN]
        message = world.message("r", world.say())
        world.handle(message)
        world.handle(message)
        assert len(world.sent) == 1

    def test_a_mistake_of_ours_ends_like_any_other_failure(self, world: World) -> None:
        world.route("r", HOOK)

        def break_down() -> None:
            raise KeyError("a mistake")

        world.on_send = break_down
        tap = world.say()
        world.handle(world.message("r", tap))
        assert world.only_delivery(tap).state is State.WAITING
        assert world.only_delivery(tap).error == "Earshot itself failed: KeyError."

    def test_the_target_says_when_to_come_back(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [Attempt(error="It answered 429.", retry_after=timedelta(hours=1))]
        tap = world.say()
        world.handle(world.message("r", tap))
        wake_at = world.only_delivery(tap).wake_at
        assert wake_at == world.now + timedelta(hours=1)

    @pytest.mark.parametrize("failures", [0, 4, 9], ids=lambda failures: f"after-{failures}-failures")
    def test_the_target_says_when_to_come_back_with_anything(self, world: World, failures: int) -> None:
        target = world.route("r", HOOK)
        for number in range(failures):
            world.answers = [DOWN]
            world.handle(world.message("r", world.say(id=f"a{number}")))
            world.now += timedelta(minutes=30)  # longer than a breaker is open
        world.answers = [Attempt(error="It answered 503.", retry_after=timedelta(hours=6))]
        world.handle(world.message("r", world.say(id="asked")))
        sent = len(world.sent)
        for hours in (0, 1, 5):
            world.handle(world.message("r", world.say(id=f"within-{hours}")))
            world.now += timedelta(hours=hours) - timedelta(seconds=1)
        assert len(world.sent) == sent
        world.now += timedelta(minutes=1)
        world.handle(world.message("r", world.say(id="then")))
        assert len(world.sent) == sent + 1
        assert world.deliveries.health("r", target.id).opens_at is None

    def test_nobody_is_left_alone_for_longer_than_a_day(self, world: World) -> None:
        target = world.route("r", HOOK)
        world.answers = [Attempt(error="It answered 429.", retry_after=timedelta(days=400))]
        world.handle(world.message("r", world.say()))
        assert world.deliveries.health("r", target.id).opens_at == world.now + timedelta(days=1)

    def test_what_arrives_meanwhile_does_not_shorten_what_the_target_asked_for(self, world: World) -> None:
        target = world.route("r", HOOK)
        busy = Attempt(error="It answered 429.", retry_after=timedelta(hours=1))
        world.answers = [DOWN]
        world.handle(world.message("r", world.say(id="a")))

        def meanwhile() -> None:
            world.on_send, world.answers = (lambda: None), [busy, Attempt()]
            world.handle(world.message("r", world.say(id="c")))

        world.on_send = meanwhile
        world.handle(world.message("r", world.say(id="b")))
        assert world.deliveries.health("r", target.id).opens_at == world.now + timedelta(hours=1)

    def test_a_crash_after_sending_is_taken_up_when_the_claim_has_ended(self, world: World) -> None:
        world.route("r", HOOK)
        tap = world.say()
        with world.crash_after_sending():
            world.handle(world.message("r", tap))
        world.handle(world.message("r", tap))
        assert len(world.sent) == 1, "the claim still holds"
        began = world.now
        world.sweep()
        assert world.now - began == LEASE
        assert len(world.sent) == 2
        assert world.only_delivery(tap).state is State.DELIVERED


class TestBreaker:
    def test_a_dead_target_is_left_in_peace_after_five_failures(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN] * 5
        for number in range(8):
            world.handle(world.message("r", world.say(id=f"a{number}")))
        assert len(world.sent) == 5
        world.now += timedelta(minutes=2)
        for number in range(5, 8):
            world.handle(world.message("r", world.say(id=f"a{number}")))
        assert len(world.sent) == 8, "it is back, and the first found out"

    def test_while_one_delivery_finds_out_the_others_wait(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN] * 5
        for number in range(5):
            world.handle(world.message("r", world.say(id=f"a{number}")))
        world.now += timedelta(minutes=2)
        with world.crash_after_sending():
            world.handle(world.message("r", world.say(id="b0")))
        world.handle(world.message("r", world.say(id="b1")))
        assert len(world.sent) == 6

    def test_a_gone_target_is_disabled_at_once_and_its_owner_told(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [Attempt(error="It answered 410.", gone=True)]
        first = world.say(id="a1")
        world.handle(world.message("r", first))
        second = world.say(id="a2")
        world.handle(world.message("r", second))
        assert len(world.sent) == 1
        assert world.notices == [f"disabled r {HOOK}: It answered 410."]
        assert world.only_delivery(second).error == "Disabled: It answered 410."

    def test_what_a_gone_target_did_not_take_is_given_up_and_not_sent_again(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [Attempt(error="It answered 410.", gone=True)]
        first = world.say()
        world.handle(world.message("r", first))
        world.wake()
        assert len(world.sent) == 1
        assert world.only_delivery(first).state is State.FAILED
        assert len(world.notices) == 1

    def test_an_owner_whom_no_mail_reached_is_told_with_the_next_message(self, world: World) -> None:
        target = world.route("r", HOOK)
        world.answers, world.mail_works = [Attempt(error="It answered 410.", gone=True)], False
        world.handle(world.message("r", world.say(id="a1")))
        assert not world.deliveries.health("r", target.id).noticed
        world.mail_works = True
        for number in range(2, 4):
            world.handle(world.message("r", world.say(id=f"a{number}")))
        assert world.notices == [f"disabled r {HOOK}: It answered 410."] * 2
        assert world.deliveries.health("r", target.id).noticed

    def test_an_owner_whom_no_mail_reached_is_told_by_the_sweep_where_no_message_follows(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers, world.mail_works = [Attempt(error="It answered 410.", gone=True)], False
        only = world.say()
        world.handle(world.message("r", only))
        for _ in range(8):
            world.sweep()
        assert world.only_delivery(only).is_owed
        world.mail_works = True
        told = len(world.notices)
        world.sweep()
        assert len(world.notices) == told + 1
        assert world.only_delivery(only).error == "Disabled: It answered 410."
        assert list(world.deliveries.due(world.now + timedelta(days=30))) == []
        assert len(world.sent) == 1

    def test_five_days_of_failure_disable_a_target(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN] * 2
        world.handle(world.message("r", world.say(id="a1")))
        world.now += timedelta(days=5)
        world.handle(world.message("r", world.say(id="a2")))
        assert world.notices == [f"disabled r {HOOK}: It answered 500."]

    def test_failures_months_apart_are_no_failure_for_months(self, world: World) -> None:
        target = world.route("r", HOOK)
        world.answers = [DOWN] * 3
        world.handle(world.message("r", world.say(id="a1")))
        world.now += FORGET_AFTER + timedelta(days=1)
        world.handle(world.message("r", world.say(id="a2")))
        assert world.notices == []
        assert world.deliveries.health("r", target.id).failures == 1
        world.now += timedelta(days=5)
        world.handle(world.message("r", world.say(id="a3")))
        assert world.notices == [f"disabled r {HOOK}: It answered 500."]

    def test_one_success_between_keeps_a_target(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN, Attempt(), DOWN]
        for number in range(3):
            world.handle(world.message("r", world.say(id=f"a{number}")))
            world.now += timedelta(days=3)
        assert world.notices == []


class TestAside:
    """What goes to a target in trouble waits in a queue of its own, so that it holds up nobody else's card."""

    def test_while_a_target_is_healthy_nothing_is_put_aside(self, world: World) -> None:
        world.route("r", HOOK)
        world.notifier.handle(world.message("r", world.say()))
        assert world.waiting == []
        assert len(world.sent) == 1

    def test_after_a_failure_the_next_is_put_aside_unattempted_and_sent_from_there(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN]
        world.handle(world.message("r", world.say(id="a")))
        world.waiting.clear()
        late = world.say(id="late")
        world.notifier.handle(world.message("r", late))
        ((at, message),) = world.waiting
        assert (at, message.aside) == (world.now, True)
        assert world.deliveries.of_feedback(late.feedback.id) == []
        world.wake()
        assert world.only_delivery(late).state is State.DELIVERED

    def test_what_was_put_aside_is_sent_though_the_target_is_well_again(self, world: World) -> None:
        world.route("r", HOOK)
        world.notifier.handle(world.message("r", world.say(), aside=True))
        assert len(world.sent) == 1

    def test_what_waits_for_a_breaker_to_close_waits_in_the_table_from_either_queue(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN] * FAILURES_TO_OPEN
        for number in range(FAILURES_TO_OPEN):
            world.handle(world.message("r", world.say(id=f"a{number}")))
        late = world.say(id="late")
        world.notifier.handle(world.message("r", late))
        assert world.only_delivery(late).state is State.WAITING


class TestHops:
    """A message is put back into a queue so often and no more: Lambda stops what it takes for an endless loop."""

    def test_a_crowded_target_makes_no_longer_loop_than_that(self, world: World) -> None:
        target = world.route("r", MAIL)
        last = world.say(comment="0")
        world.handle(world.message("r", last))
        for number in range(1, MAX_REVISIONS):  # she goes on and on
            world.now += timedelta(seconds=44)
            last = world.say(comment=str(number))
            crowd(world, target)
            world.rest_until(world.now)
        while world.waiting:  # and no place gets free
            crowd(world, target)
            world.wake()
        assert max(message.hops for message in world.queued) == MOST_HOPS
        owed = world.only_delivery(last)
        assert (owed.state, owed.attempts) == (State.WAITING, 0)
        assert owed.due_at == owed.wake_at, "nothing but the sweep brings it"
        world.now += PLACE
        world.sweep()
        assert [parcel.shown.words for parcel in world.sent if parcel.shown] == ["19"]

    def test_the_last_wait_for_words_is_cut_short(self, world: World) -> None:
        world.route("r", MAIL)
        world.handle(world.message("r", world.say(), hops=MOST_HOPS))
        assert len(world.sent) == 1

    def test_what_cannot_be_put_aside_any_more_waits_in_the_table(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN]
        world.handle(world.message("r", world.say(id="a")))
        world.waiting.clear()
        late = world.say(id="late")
        world.notifier.handle(world.message("r", late, hops=MOST_HOPS))
        assert world.waiting == []
        owed = world.only_delivery(late)
        assert owed.state is State.WAITING
        assert QueueMessage.model_validate_json(owed.message or "").aside

    def test_a_retry_that_is_due_soon_is_left_to_the_sweep(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN]
        late = world.say()
        world.handle(world.message("r", late, hops=MOST_HOPS))
        assert world.waiting == []
        world.sweep()
        assert world.only_delivery(late).state is State.DELIVERED

    def test_what_meets_another_worker_once_more_is_left_to_the_queue(self, world: World) -> None:
        world.route("r", MAIL)
        tap = world.say()

        def meanwhile() -> None:
            words = world.message("r", world.say(comment="One till open."), tap, hops=MOST_HOPS)
            with pytest.raises(TooManyHops):
                world.notifier.handle(words)

        world.on_send = meanwhile
        world.handle(world.message("r", tap, hops=MOST_HOPS))
        assert world.waiting == []


class TestPlaces:
    """A target in trouble holds a few workers at most."""

    @pytest.mark.parametrize(("seconds", "answer"), [(3.1, Attempt()), (15, DOWN), (0.1, DOWN)])
    def test_after_one_slow_or_failed_request_there_are_a_few_at_once(
        self, world: World, seconds: float, answer: Attempt
    ) -> None:
        world.route("r", HOOK)
        world.latency, world.answers = timedelta(seconds=seconds), [answer]
        world.handle(world.message("r", world.say(id="a")))
        world.latency = timedelta()
        hold(world, AT_ONCE)
        late = world.say(id="late")
        world.handle(world.message("r", late))
        assert len(world.sent) == 1 + AT_ONCE
        assert world.only_delivery(late).attempts == 0, "waiting is no attempt"

        world.now += PLACE  # the workers that hold the places have died
        world.wake()
        assert world.only_delivery(late).state is State.DELIVERED

    def test_a_place_is_free_again_when_its_request_has_ended(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN]
        for number in range(6):
            world.handle(world.message("r", world.say(id=f"a{number}")))
        assert len(world.sent) == 6

    def test_a_request_gives_its_place_back_though_others_change_what_is_known(self, world: World) -> None:
        target = world.route("r", HOOK)
        world.answers = [DOWN]
        world.handle(world.message("r", world.say(id="a")))

        def meanwhile() -> None:
            world.on_send = lambda: None
            world.handle(world.message("r", world.say(id="c")))

        world.on_send = meanwhile
        world.handle(world.message("r", world.say(id="b")))
        assert len(world.sent) == 3
        assert world.deliveries.health("r", target.id).places == ()

    def test_who_finds_no_place_stays_away_longer_each_time(self, world: World) -> None:
        world.route("r", HOOK)
        world.answers = [DOWN]
        world.handle(world.message("r", world.say(id="a")))
        world.waiting.clear()
        late = world.say(id="late")
        waits = []
        for _ in range(10):
            hold(world, AT_ONCE)
            message = world.message("r", late)
            world.handle(message)
            wake_at = world.only_delivery(late).wake_at
            assert wake_at
            waits.append(wake_at - world.now)
            world.now = max(wake_at, world.now + PLACE)
        assert waits[:3] == [timedelta(seconds=seconds) for seconds in (1.5, 3, 6)]
        assert waits[-1] == timedelta(minutes=11.25)

    def test_trust_comes_back_with_time_and_not_with_one_quick_answer(self, world: World) -> None:
        target = world.route("r", HOOK)
        world.answers = [DOWN]
        for number in range(3):
            world.handle(world.message("r", world.say(id=f"a{number}")))
            assert world.deliveries.health("r", target.id).troubled_at
        world.now += WATCHED
        world.handle(world.message("r", world.say(id="later")))
        hold(world, AT_ONCE + 1)
        assert len(world.sent) == 3 + 1 + AT_ONCE + 1

    def test_a_healthy_target_costs_no_write_of_its_own(self, world: World) -> None:
        target = world.route("r", HOOK)
        world.handle(world.message("r", world.say()))
        assert world.deliveries.health("r", target.id).version == 0


def crowd(world: World, target: Target) -> None:
    """Every place of a target in trouble is taken, for a while."""
    health = world.deliveries.health("r", target.id)
    places = (world.now + PLACE,) * AT_ONCE
    assert world.deliveries.save_health(health.model_copy(update={"troubled_at": world.now, "places": places}))


def hold(world: World, requests: int) -> None:
    """So many requests are on their way, and do not end."""
    for _ in range(requests):
        with world.crash_after_sending():
            world.handle(world.message("r", world.say(id=f"held-{len(world.sent)}")))
