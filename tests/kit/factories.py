"""Believable feedback for tests; pass what the test is about."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.ids import answer_id
from shared.model.feedback import Answer, Channel, Customer, Feedback, Revision
from shared.model.scales import Mood, Scale

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
    return Revision(number, RECEIVED_AT, a_feedback(**changes), answers=number)


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


def a_context() -> LambdaContext:
    """What Lambda passes beside the event."""
    return SimpleNamespace(  # type: ignore[return-value]  # Powertools' class has no constructor
        function_name="earshot-test",
        function_version="$LATEST",
        invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:earshot-test",
        memory_limit_in_mb="256",
        aws_request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        get_remaining_time_in_millis=lambda: 30_000,
    )
