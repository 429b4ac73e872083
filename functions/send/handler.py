"""Stream → customers: every message that was stored leaves once, by text or by mail."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config as ClientConfig

from functions.send.faults import code_of
from functions.send.sender import Sender
from shared.cases.arrivals import Arrivals
from shared.cases.cases import Cases
from shared.config.load import load
from shared.customers.invitations import Invitations
from shared.customers.messages import Messages, is_to_send, read_message
from shared.customers.people import People
from shared.mail.received import Mails
from shared.observe import count, logger, metrics
from shared.settings import SendSettings
from shared.table.client import connect


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


@cache
def _sender() -> Sender:
    client, table = connect(), SendSettings.from_environment().table
    # Once: after a time-out nobody knows whether the message left.
    once = ClientConfig(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
    config = load(deployed=True)
    return Sender(
        messages=Messages(client, table),
        invitations=Invitations(client, table),
        people=People(client, table),
        mails=Mails(client, table),
        arrivals=Arrivals(Cases(client, table), config),
        config=config,
        sms=boto3.client("pinpoint-sms-voice-v2", config=once),
        ses=boto3.client("sesv2", config=once),
    )
