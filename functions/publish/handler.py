"""Stream → bus: every stored change of a feedback becomes its event.

The table's stream is the outbox, so an accepted answer can be late but not lost. The mapping resumes from the lowest
record that failed, so what came after it goes out again, under the same event ids.

A record that fails does not hold back later revisions of the same feedback. EventBridge keeps no order anyway, every
event carries the whole feedback and a `revision` to order by, and a revision that can never be published would
otherwise silence all that the customer says afterwards.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config as BotoConfig

from functions.publish.bus import Bus, Entry, entry
from shared.config.load import load
from shared.config.model import Config
from shared.customers.invitations import read_invitation
from shared.feedback.owners import claimed
from shared.feedback.store import read_image
from shared.model.events import feedback_event, invitation_event
from shared.model.life import Transition, transition
from shared.observe import count, logger, metrics
from shared.settings import PublishSettings


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish a batch of stream records; reports exactly those that failed."""
    failed = publish(event["Records"], _bus())
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def publish(records: Iterable[Mapping[str, Any]], bus: Bus) -> list[str]:
    """Put the events of stream records on the bus; returns the sequence numbers of the records that failed."""
    entries: dict[str, Entry] = {}
    refusals: dict[str, str] = {}
    for record in records:
        number = record["dynamodb"]["SequenceNumber"]
        try:
            mapped = _entry(record["dynamodb"])
        except Exception as error:  # whatever is wrong with one record must not stop the others
            refusals[number] = type(error).__name__  # never its message, which may quote the customer
        else:
            if mapped is not None:
                entries[number] = mapped
    outcomes = zip(entries, bus.put(list(entries.values())), strict=True)
    refusals |= {number: refusal for number, refusal in outcomes if refusal is not None}
    for number, refusal in refusals.items():
        logger.error("A record could not be published", sequence_number=number, reason=refusal)
    count("RecordsFailed", len(refusals))
    count("EventsPublished", len(entries.keys() - refusals.keys()))
    return list(refusals)


def _entry(change: Mapping[str, Any]) -> Entry | None:
    """The event of one change in the table; None for what no subscriber is told of, or an item that aged out."""
    image = change.get("NewImage", {})
    match image.get("kind"):
        case {"S": "feedback"}:
            before = read_image(change["OldImage"]) if "OldImage" in change else None
            after = read_image(image)
            name = transition(before, after)
            if name is Transition.CAPTURED and not claimed(
                _config(), after.feedback.touchpoint, after.feedback.reasons
            ):
                count("FeedbackUnclaimed")
            return entry(feedback_event(name, before, after)) if name else None
        case {"S": "invitation"}:
            event = invitation_event(read_invitation(image))
            return entry(event) if event else None
    return None


@cache
def _config() -> Config:
    return load(deployed=True)


@cache
def _bus() -> Bus:
    retries = BotoConfig(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    return Bus(boto3.client("events", config=retries), PublishSettings.from_environment().bus)
