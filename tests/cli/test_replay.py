import json
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from shared.config import load as config_file
from shared.config.model import Config
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery, State
from shared.deliveries.health import Health
from shared.feedback.store import Store
from shared.model.events import read_event
from shared.model.feedback import Revision
from shared.routes.route_table import RouteTable, TeamRoute
from shared.values import utc_now
from tests.cli.conftest import ACCOUNT, Earshot
from tests.kit.factories import an_answer

ROUTE = "order-system"


@pytest.fixture
def said(store: Store, config: Config) -> list[Revision]:
    """Two answers about deliveries, one of them amended; one about something else; one of three weeks ago."""
    now = utc_now()

    def say(id: str, at: datetime, **changes: Any) -> Revision:
        return store.capture(an_answer(id, touchpoint="delivery", **changes), config, at).revision

    store.capture(an_answer("elsewhere"), config, now)
    say("old", now - timedelta(days=21))
    say("second", now - timedelta(hours=3))
    return [say("first", now - timedelta(hours=2)), say("second", now - timedelta(hours=1), comment="Late.")]


def queued(stage: str) -> list[dict[str, Any]]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="deliveries")["QueueUrl"]
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def delivery_of(revision: Revision, target: str, now: datetime, state: State = State.DELIVERED) -> Delivery:
    return Delivery(
        feedback_id=revision.feedback.id,
        route=ROUTE,
        target=target,
        subject=f"r{revision.number}",
        to="webhook:orders.fernleaf.example",
        state=state,
        attempts=2,
        revision=revision.number,
        created_at=now,
        changed_at=now,
    )


def test_what_a_route_caught_is_sent_again_as_it_now_is(
    earshot: Earshot, stage: str, said: list[Revision], config: Config
) -> None:
    ran = json.loads(earshot("replay", "--route", ROUTE, "--since", "14d", "--json").out)
    messages = queued(stage)
    assert ran["sent"] == 2
    assert {message["event"]["detail"]["id"] for message in messages} == {
        f"{revision.feedback.id}-{revision.number}" for revision in said
    }
    assert {message["replay"] for message in messages} == {ran["replay"]}
    assert {message["target"] for message in messages} == {config.declared_routes()[ROUTE].targets[0].id}


@pytest.mark.parametrize(
    ("when", "names"),
    [
        ("touchpoint = delivery", ["FeedbackAmended", "FeedbackCaptured"]),
        ("event = FeedbackCaptured and touchpoint = delivery", ["FeedbackCaptured", "FeedbackCaptured"]),
        ("event = FeedbackAmended", ["FeedbackAmended"]),
    ],
)
def test_a_route_is_sent_the_events_that_it_asks_for(
    earshot: Earshot,
    stage: str,
    said: list[Revision],
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
    names: list[str],
) -> None:
    changed = config.routes[ROUTE].model_copy(update={"when": when})
    monkeypatch.setattr(config_file, "load", lambda: config.model_copy(update={"routes": {ROUTE: changed}}))
    earshot("replay", "--route", ROUTE, "--since", "14d")
    messages = queued(stage)
    assert sorted(message["event"]["detail-type"] for message in messages) == names
    for message in messages:
        read_event(message["event"])


def test_two_replays_are_told_apart(earshot: Earshot, stage: str, said: list[Revision]) -> None:
    first, second = (json.loads(earshot("replay", "--route", ROUTE, "--json").out)["replay"] for _ in range(2))
    assert first != second


def test_only_what_was_missed(
    earshot: Earshot, stage: str, said: list[Revision], store: Store, config: Config, now: datetime
) -> None:
    target = config.declared_routes()[ROUTE].targets[0].id
    Deliveries(store.client, store.table).save(delivery_of(said[0], target, now))
    earshot("replay", "--route", ROUTE, "--since", "14d", "--missed")
    (message,) = queued(stage)
    assert message["event"]["detail"]["feedback"]["id"] == said[1].feedback.id


def test_what_expired_in_the_queue_unseen_is_still_known_from_the_table(
    earshot: Earshot, stage: str, store: Store, config: Config
) -> None:
    """A queue keeps a message for 14 days; of one that nobody took, there is no delivery either."""
    long_ago = utc_now() - timedelta(days=20)
    lost = store.capture(an_answer("lost", touchpoint="delivery"), config, long_ago).revision
    seen = store.capture(an_answer("seen", touchpoint="delivery"), config, long_ago).revision
    target = config.declared_routes()[ROUTE].targets[0].id
    Deliveries(store.client, store.table).save(delivery_of(seen, target, long_ago))
    earshot("replay", "--route", ROUTE, "--since", "28d", "--missed")
    [message] = queued(stage)
    assert message["event"]["detail"]["feedback"]["id"] == lost.feedback.id


@pytest.fixture
def about_unhappy(config: Config, monkeypatch: pytest.MonkeyPatch) -> str:
    """The route to a webhook is about unhappy customers only; returns its target."""
    changed = config.routes[ROUTE].model_copy(update={"when": "mood = unhappy"})
    monkeypatch.setattr(config_file, "load", lambda: config.model_copy(update={"routes": {ROUTE: changed}}))
    return changed.targets[0].id


def test_what_was_given_up_is_sent_as_it_now_is_though_the_route_is_not_about_it_any_more(
    earshot: Earshot, stage: str, store: Store, config: Config, about_unhappy: str
) -> None:
    now, deliveries = utc_now(), Deliveries(store.client, store.table)
    unhappy = store.capture(an_answer("changed their mind", rating=1), config, now).revision
    deliveries.save(delivery_of(unhappy, about_unhappy, now, State.FAILED))
    happy = store.capture(an_answer("changed their mind", rating=5), config, now).revision
    store.capture(an_answer("was always happy", rating=5), config, now)

    replay = ("replay", "--route", ROUTE, "--missed", "--json")
    ran = json.loads(earshot(*replay).out)
    [message] = queued(stage)
    assert ran["sent"] == 1
    assert read_event(message["event"])
    assert message["event"]["detail-type"] == "FeedbackAmended"
    feedback = message["event"]["detail"]["feedback"]
    assert (feedback["id"], feedback["rating"]) == (happy.feedback.id, 5)

    again = delivery_of(happy, about_unhappy, now).model_copy(update={"subject": f"r2@{ran['replay']}"})
    deliveries.save(again)
    assert json.loads(earshot(*replay).out)["sent"] == 0


def test_what_arrived_in_a_later_state_was_not_missed(
    earshot: Earshot, stage: str, store: Store, config: Config, about_unhappy: str
) -> None:
    now, deliveries = utc_now(), Deliveries(store.client, store.table)
    states = zip((1, 2), (State.FAILED, State.DELIVERED), strict=True)
    for rating, state in states:
        revision = store.capture(an_answer("said twice", rating=rating), config, now).revision
        deliveries.save(delivery_of(revision, about_unhappy, now, state))
    assert json.loads(earshot("replay", "--route", ROUTE, "--missed", "--json").out)["sent"] == 0


@pytest.mark.parametrize("state", [State.WAITING, State.SENDING])
def test_what_is_still_tried_is_left_to_its_next_attempt(
    earshot: Earshot, stage: str, store: Store, config: Config, about_unhappy: str, state: State
) -> None:
    now, deliveries = utc_now(), Deliveries(store.client, store.table)
    revision = store.capture(an_answer("on its way", rating=1), config, now).revision
    deliveries.save(delivery_of(revision, about_unhappy, now, state))
    assert json.loads(earshot("replay", "--route", ROUTE, "--missed", "--json").out)["sent"] == 0


def test_through_a_paused_route_nothing_is_replayed(earshot: Earshot, stage: str, store: Store, now: datetime) -> None:
    to = ("webhook:https://example.com/hook",)
    paused = TeamRoute(id="quiet", team="care", to=to, paused=True, created_by="Amal", changed_at=now)
    RouteTable(store.client, store.table).save(paused)
    ran = earshot("replay", "--route", "quiet")
    assert (ran.status, "resume it first" in ran.err) == (1, True)
    assert queued(stage) == []


@pytest.mark.parametrize(
    ("when", "events"),
    [
        ("", ["InvitationSent", "InvitationSuppressed", "InvitationUndelivered"]),
        ("event = InvitationSent or mood = unhappy", ["InvitationSent"]),
        ("event not in (InvitationSent, FeedbackCaptured)", ["InvitationSuppressed", "InvitationUndelivered"]),
        ("event = FeedbackCaptured", []),
        ("mood = unhappy", []),
    ],
)
def test_what_only_the_archive_has_is_named(
    earshot: Earshot, stage: str, config: Config, monkeypatch: pytest.MonkeyPatch, when: str, events: list[str]
) -> None:
    queue = f"sqs:arn:aws:sqs:eu-west-1:{ACCOUNT}:finance"
    route = config.routes[ROUTE]
    changed = route.model_copy(update={"when": when, "to": (*route.to, queue)})
    monkeypatch.setattr(config_file, "load", lambda: config.model_copy(update={"routes": {ROUTE: changed}}))
    told = json.loads(earshot("replay", "--route", ROUTE, "--json").out)
    assert told["not_replayed"] == {"targets": [queue], "events": events}
    lines = earshot("replay", "--route", ROUTE).out.splitlines()[1:]
    how = f"run `aws events start-replay` from the archive of the bus earshot-local to its rule earshot-route-{ROUTE}"
    named = [f"not replayed: the targets {queue}; {how}"]
    assert lines == named + ([f"not replayed: the events {', '.join(events)}; {how}"] if events else [])


def test_a_disabled_target_is_taken_up_again(
    earshot: Earshot, stage: str, store: Store, config: Config, now: datetime
) -> None:
    boto3.client("events").create_event_bus(Name="earshot-local")  # doctor looks at its rules too
    target = config.declared_routes()[ROUTE].targets[0].id
    deliveries = Deliveries(store.client, store.table)
    deliveries.save_health(Health(route=ROUTE, target=target, failures=9, disabled_at=now, disabled_why="It is gone."))
    assert "its webhook target has been off since 14 Mar (It is gone.)" in earshot("doctor").out
    ran = earshot("replay", "--route", ROUTE)
    assert "taken up again" in ran.out
    assert deliveries.health(ROUTE, target).disabled_at is None
    assert "has been off" not in earshot("doctor").out


@pytest.mark.parametrize(
    ("arguments", "line", "status"),
    [
        (["--route", "nosuch"], "There is no route 'nosuch'", 1),
        (["--route", ROUTE, "--since", "15d"], "goes back 14d at most", 2),
        (["--route", ROUTE, "--since", "29d", "--missed"], "with --missed 28d", 2),
        (["--route", ROUTE, "--since", "soon"], "is not a length of time", 2),
        ([], "Missing option '--route'", 2),
    ],
)
def test_a_mistake_is_one_line(earshot: Earshot, stage: str, arguments: list[str], line: str, status: int) -> None:
    ran = earshot("replay", *arguments)
    assert line in ran.err
    assert len(ran.err.splitlines()) == 1
    assert ran.status == status


def test_a_feedback_is_shown_with_its_deliveries(
    earshot: Earshot, stage: str, said: list[Revision], store: Store, config: Config, now: datetime
) -> None:
    Deliveries(store.client, store.table).save(delivery_of(said[1], "t1", now))
    ran = earshot("show", said[1].feedback.id)
    assert ran.out.startswith("“Late.”\n")
    assert "order-system → webhook:orders.fernleaf.example: delivered" in ran.out
    told = json.loads(earshot("show", said[1].feedback.id, "--json").out)
    assert told["feedback"]["comment"] == "Late."
    assert told["deliveries"][0]["attempts"] == 2


def test_a_feedback_that_does_not_exist_is_said_so(earshot: Earshot, stage: str) -> None:
    ran = earshot("show", "nosuch")
    assert (ran.status, len(ran.err.splitlines())) == (1, 1)
