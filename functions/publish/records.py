"""Records of the table's stream as the events that they are.

A record that fails does not hold back later revisions of the same feedback. EventBridge keeps no order anyway, every
event carries the whole feedback and a `revision` to order by, and a revision that can never be published would
otherwise silence all that the customer says afterwards.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from functions.publish.bus import Bus, Entry, entry
from shared.config.model import Config
from shared.customers.invitations import read_invitation
from shared.feedback.owners import claimed
from shared.feedback.store import read_image
from shared.model.events import feedback_event, invitation_event
from shared.model.life import Transition, transition
from shared.observe import count, logger
from shared.table.items import FEEDBACK, INVITATION


def publish(records: Iterable[Mapping[str, Any]], bus: Bus, config: Config) -> list[str]:
    """Put the events of stream records on the bus; returns the sequence numbers of the records that failed."""
    entries: dict[str, Entry] = {}
    refusals: dict[str, str] = {}
    for record in records:
        number = record["dynamodb"]["SequenceNumber"]
        try:
            mapped = _entry(record["dynamodb"], config)
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


def _entry(change: Mapping[str, Any], config: Config) -> Entry | None:
    """The event of one change in the table; None for what no subscriber is told of, or an item that aged out."""
    image = change.get("NewImage", {})
    match image.get("kind"):
        case {"S": FEEDBACK.kind}:
            before = read_image(change["OldImage"]) if "OldImage" in change else None
            after = read_image(image)
            name = transition(before, after)
            if name is Transition.CAPTURED and not claimed(config, after.feedback.touchpoint, after.feedback.reasons):
                count("FeedbackUnclaimed")
            return entry(feedback_event(name, before, after)) if name else None
        case {"S": INVITATION.kind}:
            event = invitation_event(read_invitation(image))
            return entry(event) if event else None
    return None
