"""Stream → customers: every message that was stored leaves once, by text or by mail."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.send.build import build
from functions.send.faults import code_of
from functions.send.sender import Sender
from shared.customers.messages import is_to_send, read_message
from shared.observe import count, logger, metrics

_sender = cache(build)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send the messages of a batch of stream records; reports exactly those that are to be tried again."""
    failed = send(event["Records"], _sender(), context.get_remaining_time_in_millis)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def send(records: Iterable[Mapping[str, Any]], sender: Sender, remaining_ms: Callable[[], int]) -> list[str]:
    """Send the messages in stream records; returns the sequence numbers of those that are to come again."""
    failed: list[str] = []
    for record in records:
        if not is_to_send(record):
            continue
        try:
            sender.send(read_message(record["dynamodb"]["NewImage"]), remaining_ms)
        except Exception as error:
            failed.append(record["dynamodb"]["SequenceNumber"])
            count("MessagesFailed")
            logger.error("A message could not be sent", error=type(error).__name__, reason=code_of(error))
    return failed
