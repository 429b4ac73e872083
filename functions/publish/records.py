"""Maps records of the table's stream to events and publishes them.

A record that fails does not hold back later revisions of the same feedback: EventBridge keeps no order, every event
carries the whole feedback and a `revision` to order by, and a revision that can never be published would otherwise
block everything that the customer says afterwards.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from functions.publish.bus import Bus, Entry, entry
from shared.cases import cases
from shared.config.model import Config
from shared.customers.invitations import read_invitation
from shared.feedback.owners import claimed
from shared.feedback.store import read_image
from shared.model.case import CaseState, Found
from shared.model.events import Event, case_event, feedback_event, invitation_event
from shared.model.life import Transition, transition
from shared.model.scales import Mood
from shared.observe import count, logger
from shared.table.items import FEEDBACK, INVITATION

_OWNED = ("team", "inbox", "inbox_at", "promised_at", "due_at", "due_shard")
"""The attributes by which a case waits for its team, and moves on by itself."""

Image = Mapping[str, Any]
"""An item as the stream has it, in DynamoDB's own JSON."""


def publish(records: Iterable[Mapping[str, Any]], bus: Bus, config: Config) -> list[str]:
    """Put the events of stream records on the bus; returns the sequence numbers of the records that failed."""
    entries: list[tuple[str, Entry]] = []
    refusals: dict[str, str] = {}
    nobodys = 0
    for record in records:
        number = record["dynamodb"]["SequenceNumber"]
        nobodys += _is_nobodys(record["dynamodb"].get("NewImage", {}))
        try:
            entries += [(number, entry(event)) for event in _events(record["dynamodb"], config)]
        except Exception as error:  # whatever is wrong with one record must not stop the others
            refusals[number] = type(error).__name__  # never its message, which may quote the customer
    outcomes = bus.put([each for _, each in entries])
    for (number, _), refusal in zip(entries, outcomes, strict=True):
        if refusal is not None:
            refusals[number] = refusal
    for number, refusal in refusals.items():
        logger.error("A record could not be published", sequence_number=number, reason=refusal)
    count("RecordsFailed", len(refusals))
    count("UnhappyWithoutOwner", nobodys)
    count("EventsPublished", outcomes.count(None))
    return list(refusals)


def _events(change: Mapping[str, Any], config: Config) -> Iterator[Event]:
    """The events of one change in the table; none for what no subscriber is told of, or an item that aged out."""
    image = change.get("NewImage", {})
    match image.get("kind"):
        case {"S": FEEDBACK.kind}:
            yield from _feedback_events(change.get("OldImage"), image, config)
        case {"S": INVITATION.kind}:
            if event := invitation_event(read_invitation(image)):
                yield event


def _feedback_events(old: Image | None, new: Image, config: Config) -> Iterator[Event]:
    """What the customer said, and what became of the case: what they say may open it again."""
    before, after = read_image(old) if old else None, read_image(new)
    name = transition(before, after)
    if name is Transition.CAPTURED and not claimed(config, after.feedback.touchpoint, after.feedback.reasons):
        count("FeedbackUnclaimed")
    if name:  # also where a team has passed it on: the next one gets a card
        yield feedback_event(name, before, after)
    case = _moved(old, new) if old else None
    if case and (event := case_event(case)):
        yield event


def _moved(old: Image, new: Image) -> Found | None:
    """The case after a move; None where it made none, as in most writes: those leave alone what shows one."""
    if all(old.get(name) == new.get(name) for name in ("case", "promised_at")):
        return None
    before, after = cases.read_image(old), cases.read_image(new)
    return after if after and after.case.moves > (before.case.moves if before else 0) else None


def _is_nobodys(image: Image) -> bool:
    """Whether somebody is unhappy about whom nobody has to do anything, or at no time."""
    if image.get("kind") != {"S": FEEDBACK.kind} or image.get("mood") != {"S": Mood.UNHAPPY.value}:
        return False
    state = image.get("case", {}).get("M", {}).get("state", {}).get("S")
    missing = [name for name in _OWNED if not image.get(name, {}).get("S")]
    is_closed = state in (CaseState.RESOLVED, CaseState.CONFIRMED)
    if is_closed or (state and not missing):
        return False
    logger.error("unhappy, and nobody's", feedback=image.get("id", {}).get("S"), missing=missing)
    return True
