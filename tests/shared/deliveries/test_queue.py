from datetime import timedelta
from typing import Any, cast

import pytest

from shared.deliveries.queue import QueueMessage, SqsQueue


class Sqs:
    """Takes what would be sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_message(self, **message: Any) -> None:
        self.sent.append(message)


def a_message(words: str) -> QueueMessage:
    return QueueMessage(route="r", target="t", event={"detail-type": "x", "detail": {"feedback": {"comment": words}}})


@pytest.mark.parametrize("words", ["كان الطابور طويلًا", "👩🏽‍🚀", "\ufffe\uffff"])
def test_any_words_wait_in_characters_that_sqs_takes_and_come_back_as_they_were(words: str) -> None:
    sqs = Sqs()
    SqsQueue(cast(Any, sqs), "queue", "aside").send(a_message(words))
    body = sqs.sent[0]["MessageBody"]
    assert body.isascii()
    assert QueueMessage.model_validate_json(body) == a_message(words)


@pytest.mark.parametrize(("delay", "seconds"), [(-5, 0), (0, 0), (0.2, 1), (59, 59), (3600, 900)])
def test_a_wait_is_in_whole_seconds_never_before_its_time_and_at_most_a_quarter_of_an_hour(
    delay: float, seconds: int
) -> None:
    sqs = Sqs()
    SqsQueue(cast(Any, sqs), "queue", "aside").send(a_message("x"), timedelta(seconds=delay))
    assert sqs.sent[0]["DelaySeconds"] == seconds
