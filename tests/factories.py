"""Believable feedback for tests; pass what the test is about."""

from datetime import UTC, datetime
from typing import Any

from shared.feedback import Answer, Channel, Customer, Feedback, Mood, Revision, Scale, answer_id

RECEIVED_AT = datetime(2026, 3, 14, 9, 26, 53, 589000, tzinfo=UTC)


def a_feedback(**changes: Any) -> Feedback:
    """Someone unhappy about the queue in Leeds."""
    feedback = Feedback(
        id=answer_id("a test"),
        touchpoint="checkout",
        place="leeds-3",
        team="tills",
        channel=Channel.WEB,
        rating=2,
        scale=Scale.SMILE5,
        mood=Mood.UNHAPPY,
        reasons=("queue",),
        comment="Twenty minutes, one till open.",
        language="en",
        customer=Customer(ref="order-1234"),
        received_at=RECEIVED_AT,
    )
    return feedback.model_copy(update=changes)


def a_revision(number: int = 1, **changes: Any) -> Revision:
    """A state of that feedback."""
    return Revision(number, RECEIVED_AT, a_feedback(**changes))


def an_answer(*identity: str, **changes: Any) -> Answer:
    """A tap on the checkout's link; its id follows from `identity`."""
    answer = Answer(
        id=answer_id(*(identity or ("a tap",))),
        touchpoint="checkout",
        place="leeds-3",
        channel=Channel.WEB,
        language="en",
        customer=Customer(ref="order-1234"),
        rating=2,
    )
    return answer._replace(**changes)
