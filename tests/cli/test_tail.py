"""What `earshot tail` and `make run` say of each change; that they see it is shown by tests/end_to_end."""

import json
from datetime import timedelta

import pytest

from cli.tail import Change, as_event, as_text
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Held, Invitation, InvitationRevision, InvitationStatus
from shared.model.life import Transition
from tests.kit.factories import RECEIVED_AT, a_revision


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
