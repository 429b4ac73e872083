"""Every kind of item in the tables: its key's prefix, how long it is kept, and whose data it holds.

What is not listed here is in no table, so erasure and permissions that go through `ITEMS` leave nothing out.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Holds(StrEnum):
    """Whose data an item holds."""

    CUSTOMER = "customer"
    """Their words, address or name, or what leads to those: it goes when they ask to be forgotten."""
    TEAM = "team"
    """A member's address, or what a team has set up."""
    NOBODY = "nobody"
    """Hashes and keys, which lead to no person."""


class Item(NamedTuple):
    """One kind of item. `kept_for` counts from what its writer says; None: until it is deleted."""

    kind: str
    """The item's attribute `kind`, by which readers of the stream tell items apart."""
    prefix: str
    kept_for: timedelta | None
    holds: Holds
    one_partition: bool = False
    """All lie in one partition, whose key is the prefix alone."""

    def partition(self, id: str) -> str:
        """The partition key of the item `id`."""
        return self.prefix if self.one_partition else f"{self.prefix}#{id}"

    def key(self, id: str) -> dict[str, str]:
        """The key of an item that has its partition for itself, or is the first in it."""
        return {"pk": self.partition(id), "sk": self.prefix}

    def ttl(self, since: datetime) -> int:
        """The attribute `ttl`, in seconds of Unix time: DynamoDB deletes the item within days after it."""
        return int((since + timedelta(days=self.days)).timestamp())

    @property
    def days(self) -> int:
        """How many days it is kept."""
        if self.kept_for is None:
            raise ValueError(f"a {self.kind} is kept until it is deleted")
        return self.kept_for.days

    @property
    def partitions(self) -> str:
        """All its partition keys, as IAM's `dynamodb:LeadingKeys` compares them."""
        return self.partition("*")


_YEARS, _MONTHS = timedelta(days=730), timedelta(days=90)

FEEDBACK = Item("feedback", "F", _YEARS, Holds.CUSTOMER)
CLAIM = Item("claim", "N", _YEARS, Holds.NOBODY)
"""A message from outside that was taken, by the hash of its provider's id."""
PERSON = Item("person", "P", _YEARS, Holds.CUSTOMER)
"""What is known about an address. An opt-out has no `ttl`."""
DELIVERY = Item("delivery", "D", _YEARS, Holds.CUSTOMER)
"""Lies in a partition of its feedback's id. What is owed carries the event, words included."""
INVITATION = Item("invitation", "I", timedelta(days=180), Holds.CUSTOMER)
LINK = Item("link", "L", timedelta(days=180), Holds.CUSTOMER)
"""A short link, with which its customer answers. Kept from its end."""
WAY_OUT = Item("way_out", "O", timedelta(days=180), Holds.CUSTOMER)
"""The unsubscribe link of an invitation. Kept for longer than the invitation, since people find old mails."""
MESSAGE = Item("message", "M", _MONTHS, Holds.CUSTOMER)
"""A text or mail to a customer. Kept as long as receipts and questions about it may come."""
RECEIPT = Item("receipt", "V", _MONTHS, Holds.CUSTOMER)
"""Leads from a provider's id of a message to the message."""
MAIL = Item("mail", "E", _MONTHS, Holds.CUSTOMER)
"""What became of a mail from a customer. Kept as long as the raw mail, and longer than a conversation goes on."""
FILED_MAIL = Item("filed", FEEDBACK.prefix, _MONTHS, Holds.CUSTOMER)
"""Leads from a feedback to a mail that it is made of: lies in the feedback's partition, with the mail's prefix."""
ENTRY = Item("entry", FEEDBACK.prefix, _YEARS, Holds.CUSTOMER)
"""A line of a case's timeline: lies in the partition of its feedback, sorted by its kind and number."""
REMEDIES_GIVEN = Item("remedies", "G", timedelta(days=30), Holds.NOBODY)
"""How much of a remedy a team has given in a day."""
PROMISES = Item("promises", "Q", None, Holds.NOBODY)
"""By which teams and promises the open cases were last given their due times: one item."""
FLOOD = Item("flood", "W", timedelta(days=2), Holds.NOBODY)
"""What comes at once about one thing to one target, so that it makes one card."""
SENT_MAIL = Item("sent", "S", _MONTHS, Holds.CUSTOMER)
"""The signed reply address of a mail of ours, by its Message-ID."""
BUDGET = Item("budget", "B", timedelta(days=2), Holds.NOBODY)
"""How many texts left in a day, of the stage or of one source."""
SESSION = Item("session", "U", None, Holds.TEAM)
"""Someone's sessions and sign-in links. Each has a `ttl` of its own, of hours."""
SIGN_IN_REQUESTS = Item("asked", SESSION.prefix, None, Holds.TEAM)
"""How many links someone asked for in ten minutes: lies in the partition of their sessions, sorted by its kind."""
HEALTH = Item("health", "T", None, Holds.TEAM)
"""How a target fares, in a partition of its route's id."""
ROUTE = Item("route", "ROUTES", None, Holds.TEAM, one_partition=True)
"""A route made at run time."""

ITEMS = (
    *(FEEDBACK, CLAIM, PERSON, DELIVERY, INVITATION, LINK, WAY_OUT, MESSAGE, RECEIPT, MAIL, FILED_MAIL, SENT_MAIL),
    *(ENTRY, REMEDIES_GIVEN, PROMISES, FLOOD),
    *(BUDGET, SESSION, SIGN_IN_REQUESTS, HEALTH, ROUTE),
)
"""All kinds of item in the main table."""


class KeyItem(StrEnum):
    """The kinds of item in the table of keys, by their prefix. None holds a customer's data; none ages."""

    SIGNING = "signing"
    """The keys of links and reply addresses: one item, whose name is the prefix alone."""
    SESSIONS = "sessions"
    """The keys of sign-in links and sessions: one item as well. Who signs links cannot sign in as anybody."""
    TWILIO = "twilio"
    """The sealed auth token of a Twilio account."""
    WEBHOOK = "webhook"
    """The sealed secrets of one target of a route."""

    def key(self, *id: str) -> dict[str, str]:
        """The key of the item `id`."""
        return {"name": "#".join((self.value, *id))}

    @property
    def partitions(self) -> str:
        """All its keys, as IAM's `dynamodb:LeadingKeys` compares them."""
        return self.value if self in (KeyItem.SIGNING, KeyItem.SESSIONS) else f"{self.value}#*"
