"""What Earshot keeps of a person, by their phone number or mail address.

One small item each: whether they opted out, when they were last invited, and the conversation that they are in.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from pydynox import DynamoDBClient

from shared.errors import Contended
from shared.model.feedback import Customer
from shared.table.items import PERSON
from shared.table.table import Operation, Table, at_version
from shared.values import Model, Moment

_ATTEMPTS = 5


class Silence(StrEnum):
    """Why no messages may be sent to an address."""

    STOPPED = "stopped"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Conversation(Model):
    """What the person's next words are about: an invitation, or what they wrote of their own accord."""

    feedback_id: str
    touchpoint: str
    place: str | None
    customer: Customer
    language: str
    expires_at: Moment
    answered_at: Moment | None = None
    """When they last said something in it."""
    rated_at: Moment | None = None
    """When they last rated in it."""
    thanked: bool = False
    told_at: Moment | None = None
    """When somebody of a team last answered in it: until it ends, all that they text is about it."""


class Person(Model):
    """What is known of an address. An unknown address is a Person of defaults."""

    address: str
    version: int = 0
    silence: Silence | None = None
    silent_since: Moment | None = None
    decided_at: Moment | None = None
    """When silence was last asked for, or ended."""
    asked_at: Moment | None = None
    conversation: Conversation | None = None
    day: str = ""
    heard: int = 0
    """Messages from them on `day`."""
    told: int = 0
    """Messages to them on `day`, invitations apart."""

    def on(self, now: datetime) -> "Person":
        """The person with the counts of today (UTC)."""
        day = now.date().isoformat()
        return self if day == self.day else self.model_copy(update={"day": day, "heard": 0, "told": 0})

    def silenced(self, why: Silence, at: datetime) -> "Person":
        """The person with nothing more to be sent to. The first reason stands."""
        first = {} if self.silence else {"silence": why, "silent_since": at}
        return self.model_copy(update=first | {"decided_at": at})

    def resumed(self, at: datetime) -> "Person":
        """The person after opting in again."""
        return self.model_copy(update={"silence": None, "silent_since": None, "decided_at": at})

    def not_asked(self, at: datetime) -> "Person":
        """The person without the invitation of this moment; unchanged if they were invited again since."""
        if self.asked_at != at:
            return self
        answered = self.conversation is not None and self.conversation.answered_at is not None
        return self.model_copy(update={"asked_at": None, "conversation": self.conversation if answered else None})

    def decided_since(self, at: datetime) -> bool:
        """Whether they opted out or in after this moment, so that an earlier wish no longer holds."""
        last = self.decided_at or self.silent_since
        return last is not None and at < last


class People:
    """The people of one stage, in its main table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def get(self, address: str) -> Person:
        """What is known of an address (E.164, or a mail address in any case)."""
        item = self._table.get(_key(address))
        return Person.model_validate(item) if item else Person(address=_normal(address))

    def change(self, address: str, change: Callable[[Person], Person], now: datetime) -> Person:
        """Apply a change to a person, again after each conflicting write; raises `Contended` after several."""
        for _ in range(_ATTEMPTS):
            before = self.get(address)
            after = change(before)
            if after == before or self._table.transact([self.saving(after, now)]):
                return after
        raise Contended("This person is being changed from too many sides at once; try again.")

    def saving(self, person: Person, now: datetime) -> Operation:
        """Storing a changed person as one operation of a transaction, refused when someone else was quicker."""
        item = _key(person.address) | {"kind": PERSON.kind} | person.model_dump(mode="json")
        item["version"] = person.version + 1
        if person.silence is None:  # a wish for silence does not age
            item["ttl"] = PERSON.ttl(now)
        return self._table.putting(item, at_version(person.version))


def _normal(address: str) -> str:
    return address.strip().lower()


def _key(address: str) -> dict[str, str]:
    """Addresses stay out of keys, which metrics and logs of the table show."""
    return PERSON.key(sha256(_normal(address).encode()).hexdigest()[:32])
