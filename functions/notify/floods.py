"""When many say the same at once: the first three make cards, then one card is brought up to date.

A flood is of feedback that says the same about one touchpoint and place, on its way to one target: of one mood, with
the same reasons or, where none was picked, the same leading words. It is over when nothing more has come for a while.
Whoever says something else has a card of their own: a card too many costs less than an emergency that is not seen.
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from pydynox import DynamoDBClient

from shared.model.feedback import Feedback
from shared.table.items import FLOOD
from shared.table.table import Table, at_version
from shared.values import Model, Moment

CARDS = 3
_LEADING = 3  # of the words, the longest: they are what it is about
_LOOKED_AT = 1_000  # characters
_WORD = re.compile(r"\w+")
BETWEEN = timedelta(minutes=15)
"""Between two updates; and a flood is over when as long nothing has come."""


class Turn(StrEnum):
    """What becomes of one more feedback."""

    CARD = "card"
    UPDATE = "update"
    """It is shown in a card that says how many there are."""
    WAIT = "wait"
    TOLD = "told"
    """A card that was sent since has counted it."""


class Flood(Model):
    """What is known of what comes about one thing to one target."""

    about: str
    since: Moment
    """When the first of it was received."""
    last_at: Moment
    cards: tuple[str, ...] = ()
    """The feedback that made the first cards."""
    updated_at: Moment | None = None
    updated_by: str | None = None
    """The feedback whose delivery is the last update."""
    version: int = 0


class Next(NamedTuple):
    """What becomes of one more feedback, the flood after it, and until when it waits."""

    turn: Turn
    flood: Flood
    until: datetime | None = None


def topic(feedback: Feedback) -> str:
    """What a feedback says, as far as two that say the same can be told by it: its reasons, else its longest words."""
    if feedback.reasons:
        return " ".join(sorted(feedback.reasons))
    words = {word for word in _WORD.findall(feedback.words[:_LOOKED_AT]) if word.isalpha()}
    return " ".join(sorted(sorted(words, key=lambda word: (-len(word), word))[:_LEADING]))


def about(route: str, target: str, feedback: Feedback) -> str:
    """What makes feedback be about the same thing for a target, as a key."""
    said = (route, target, feedback.touchpoint, feedback.place or "", feedback.mood, topic(feedback))
    return sha256("\0".join(said).encode()).hexdigest()[:32]


def person(feedback: Feedback) -> str:
    """Tells one person's feedback from another's, as far as they let us know who they are."""
    customer = feedback.customer
    return (customer.email or customer.phone or customer.ref or feedback.id).lower()


def is_same(one: Feedback, other: Feedback) -> bool:
    """Whether two are about the same thing."""
    return about("", "", one) == about("", "", other)


def admit(known: Flood | None, key: str, feedback: Feedback, now: datetime, between: timedelta = BETWEEN) -> Next:
    """What becomes of a feedback that has had no card of this target yet. Asked twice, the answer is the same."""
    said_at = feedback.received_at
    goes_on = known is not None and said_at < known.last_at + between
    flood = known if known and goes_on else Flood(about=key, since=said_at, last_at=said_at)
    if known:
        flood = flood.model_copy(update={"version": known.version})
    seen = flood.model_copy(update={"last_at": max(flood.last_at, said_at)})
    if feedback.id in flood.cards:
        return Next(Turn.CARD, flood)
    if len(flood.cards) < CARDS:
        return Next(Turn.CARD, seen.model_copy(update={"cards": (*flood.cards, feedback.id)}))
    if feedback.id == flood.updated_by:
        return Next(Turn.UPDATE, flood)
    if flood.updated_at and said_at <= flood.updated_at:
        return Next(Turn.TOLD, flood)
    if flood.updated_at and now < flood.updated_at + between:
        return Next(Turn.WAIT, seen, flood.updated_at + between)
    return Next(Turn.UPDATE, seen.model_copy(update={"updated_at": now, "updated_by": feedback.id}))


class Floods:
    """The floods of one stage, in its main table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def get(self, key: str) -> Flood | None:
        """What is known, or None."""
        item = self._table.get(FLOOD.key(key))
        return Flood.model_validate(item) if item else None

    def save(self, flood: Flood, now: datetime) -> bool:
        """Write it over the version that was read; False when another worker was first."""
        item = flood.model_dump(mode="json", exclude_none=True) | {"version": flood.version + 1}
        key = FLOOD.key(flood.about) | {"kind": FLOOD.kind, "ttl": FLOOD.ttl(now)}
        return self._table.put(item | key, at_version(flood.version))
