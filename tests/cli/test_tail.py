"""What `earshot tail` and `make run` see, and say of each change."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from cli.stage import Stage
from cli.tail import Change, News, as_event, as_text, follow
from shared.config.model import Config
from shared.customers.invitations import Invitations
from shared.feedback.store import Store
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Held, Invitation, InvitationRevision, InvitationStatus
from shared.model.life import Transition
from shared.values import utc_now
from tests.kit.factories import RECEIVED_AT, a_revision, an_answer


def asked(status: InvitationStatus, reason: str | None = None) -> InvitationRevision:
    invitation = Invitation(
        id="i-1",
        status=status,
        reason=reason,
        touchpoint="delivery",
        place="leeds-3",
        channel=Channel.SMS,
        language="en",
        customer=Customer(phone="+447400123456"),
        requested_at=RECEIVED_AT,
        expires_at=RECEIVED_AT + timedelta(days=30),
    )
    return InvitationRevision(2, RECEIVED_AT, invitation, None)


def test_the_customers_words_come_first() -> None:
    text = as_text(Change(Transition.CAPTURED, None, a_revision()))
    assert text.startswith(
        "“Twenty minutes, one till open.”\n    unhappy: 2 of 1 to 5 · checkout, leeds-3 · because of queue"
    )
    assert "new, " in text


def test_an_amendment_says_that_it_is_one() -> None:
    assert "changed, " in as_text(Change(Transition.AMENDED, a_revision(), a_revision(2, comment="And cold.")))


def test_what_a_customer_writes_cannot_move_the_cursor() -> None:
    text = as_text(Change(Transition.CAPTURED, None, a_revision(comment="\x1b[2J\u202eabc")))
    assert text.startswith("“ [2J abc”")


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        (asked(InvitationStatus.SENT), "Asked: +447400123456 · delivery, leeds-3 · "),
        (asked(InvitationStatus.SUPPRESSED, Held.QUIET_HOURS), "Not asked (quiet-hours): +447400123456"),
        (asked(InvitationStatus.UNDELIVERED, "bounced"), "Asked, and not reached (bounced): +447400123456"),
    ],
)
def test_who_was_asked_or_not_is_a_line_that_says_why(revision: InvitationRevision, said: str) -> None:
    assert as_text(revision).startswith(said)
    event = json.loads(as_event(revision))
    assert event["invitation"]["status"] == revision.invitation.status


def test_json_is_the_event_that_publish_makes() -> None:
    event = json.loads(as_event(Change(Transition.CAPTURED, None, a_revision())))
    assert (event["type"], event["feedback"]["comment"]) == ("FeedbackCaptured", "Twenty minutes, one till open.")


class Stopped(Exception):
    """The script is over."""


def shown(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object]) -> list[News]:
    """All that is shown while the steps are done, one between each look and the next."""
    script = iter(steps)

    def pause(_: float) -> None:
        step = next(script, None)
        if step is None:
            raise Stopped
        step()

    monkeypatch.setattr("cli.tail.time.sleep", pause)
    news: list[News] = []
    with suppress(Stopped):
        news.extend(follow(Stage.find("local")))
    return news


def test_what_is_stored_while_it_runs_shows_once_and_each_change_with_what_was_before(
    stage: str, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.capture(an_answer(id="old"), config, utc_now() - timedelta(minutes=1))
    news = shown(
        monkeypatch,
        lambda: store.capture(an_answer(id="new"), config, utc_now()),
        lambda: None,
        lambda: store.capture(an_answer(id="new", comment="Cold too."), config, utc_now()),
        lambda: store.capture(an_answer(id="old", comment="Still cold."), config, utc_now()),
        lambda: None,
    )
    changes = [each for each in news if isinstance(each, Change)]
    assert [(each.name, each.after.feedback.id) for each in changes] == [
        (Transition.CAPTURED, "new"),
        (Transition.AMENDED, "new"),
        (Transition.AMENDED, "old"),
    ]
    assert [json.loads(as_event(each))["previous"].keys() for each in changes[1:]] == [{"comment"}, {"comment"}]


def test_a_change_of_what_was_not_seen_before_shows_without_what_was_before(
    stage: str, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.capture(an_answer(), config, utc_now() - timedelta(hours=1))
    [change] = shown(monkeypatch, lambda: store.capture(an_answer(comment="Later."), config, utc_now()))
    assert json.loads(as_event(change))["previous"] == {}
    assert "changed, " in as_text(change)


def test_who_was_asked_shows_when_it_has_happened_and_not_while_it_is_on_its_way(
    stage: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    invitations = Invitations(store.client, store.table)
    asked_for = asked(InvitationStatus.SENDING).invitation.model_copy(update={"requested_at": utc_now()})
    news = shown(
        monkeypatch,
        lambda: store.transact(invitations.saving(asked_for, None)),
        lambda: invitations.move("i-1", InvitationStatus.SENT, utc_now()),
        lambda: invitations.move("i-1", InvitationStatus.UNDELIVERED, utc_now(), reason="bounced"),
    )
    statuses = [each.invitation.status for each in news if isinstance(each, InvitationRevision)]
    assert statuses == [InvitationStatus.SENT, InvitationStatus.UNDELIVERED]
