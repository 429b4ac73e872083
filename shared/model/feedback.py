"""The domain model: what a customer said, about which moment, and who owns it; a row of revisions."""

import unicodedata
from datetime import datetime
from enum import StrEnum
from operator import not_
from typing import Any, NamedTuple

from pydantic import ConfigDict, Field, computed_field

from shared.model.scales import Mood, Scale
from shared.text.folding import fold
from shared.values import Model, Moment

MAX_COMMENT_GRAPHEMES = 5_000
MAX_COMMENT_BYTES = 20_000
MAX_REVISIONS = 20  # a link is not a chat room


class Channel(StrEnum):
    """How an answer reached us."""

    WEB = "web"
    SMS = "sms"
    EMAIL = "email"


class Flag(StrEnum):
    """What a team should know before it acts on a feedback."""

    OPTED_OUT = "opted-out"  # they asked for no more texts or mails: they cannot be answered
    OTHER_CONTACT = "other-contact"  # the link was somebody's own, and whoever opened it gave another address
    OTHER_SENDER = "other-sender"  # the mail answers a question that was put to somebody else
    SENDER_UNVERIFIED = "sender-unverified"  # the mail's sender may be forged
    SPAM_SUSPECTED = "spam-suspected"
    VIRUS_SUSPECTED = "virus-suspected"


class Customer(Model):
    """Who said it, as far as they let us know."""

    ref: str | None = Field(default=None, description="your own reference, such as an order's")
    name: str | None = Field(default=None, description="as they signed")
    email: str | None = Field(default=None, description="given to be answered")
    phone: str | None = Field(default=None, description="given to be answered")


def _sometimes_left_out(schema: dict[str, Any]) -> None:
    """What older events lack, or events have only where there is any, is not required of those who read them."""
    schema["required"] = [name for name in schema["required"] if name not in ("other_contact", "words")]


class Feedback(Model):
    """What a customer said, exactly as they said it, and the team that owns it."""

    model_config = ConfigDict(json_schema_extra=_sometimes_left_out)

    id: str = Field(description="stays the same however often the customer adds to it")
    touchpoint: str = Field(description="the moment in which they were asked; an id of `earshot.toml`")
    place: str | None = Field(description="where, such as a branch")
    team: str = Field(description="the team that owns it; an id of `earshot.toml`")
    channel: Channel = Field(description="how it reached us")
    rating: int | None = Field(description="on the scale; null for words without a rating")
    scale: Scale = Field(description="1 to 5; `nps` 0 to 10; `thumbs` 0 or 1")
    mood: Mood = Field(description="what the rating says on any scale; `unknown` without one")
    reasons: tuple[str, ...] = Field(description="what they picked as the cause; ids of the touchpoint")
    comment: str = Field(description="their own words, exactly; empty when there are none")
    language: str = Field(description="the language they were asked in")
    customer: Customer = Field(description="who said it, as far as they let us know")
    other_contact: tuple[str, ...] = Field(
        default=(),
        exclude_if=not_,
        description="addresses given by whoever opened a link that was sent to another of `customer`'s; only if any",
    )
    flags: tuple[Flag, ...] = Field(default=(), description="what to know before acting on it")
    received_at: Moment = Field(description="when the first of it was stored")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def comment_folded(self) -> str:
        """the comment case-folded and composed (NFC), for rules of your own: EventBridge compares bytes"""
        return unicodedata.normalize("NFC", unicodedata.normalize("NFC", self.comment).casefold())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def words(self) -> str:
        """the comment as conditions compare it: case, blanks, kinds of quotes and what cannot be seen change nothing"""
        return fold(self.comment)


class Revision(NamedTuple):
    """One state of a feedback: its number from 1, when its customer last said something, and what they had said.

    Moves of its case count as well. `answers` is how often the customer said something.
    """

    number: int
    changed_at: datetime
    feedback: Feedback
    answers: int = 1


class Answer(NamedTuple):
    """What one tap, text or mail says, the same for every channel. None leaves what was said before.

    `customer` is what was known of them before they answered, which changes nothing that is known already; `given` is
    what they give with this answer.
    """

    id: str
    touchpoint: str
    place: str | None
    channel: Channel
    language: str
    customer: Customer
    rating: int | None = None
    reasons: tuple[str, ...] | None = None
    comment: str | None = None
    flags: tuple[Flag, ...] | None = None
    given: Customer = Customer()
