"""The one domain model: what a customer said, about which moment, and who owns it.

A feedback lives as a row of revisions. `transition` is its whole life as a state machine: it names the one event that
leads from the revision before to the one after.
"""

import re
import secrets
import unicodedata
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema, computed_field

MAX_COMMENT_GRAPHEMES = 5_000
MAX_COMMENT_BYTES = 20_000
MAX_REVISIONS = 20  # a link is not a chat room


class Channel(StrEnum):
    """How an answer reached us."""

    WEB = "web"
    SMS = "sms"
    EMAIL = "email"


class Mood(StrEnum):
    """What a rating says on any scale; UNKNOWN (words without a rating) counts as unhappy for deadlines."""

    UNHAPPY = "unhappy"
    NEUTRAL = "neutral"
    HAPPY = "happy"
    UNKNOWN = "unknown"


class Flag(StrEnum):
    """What a team should know before it acts on a feedback."""

    OPTED_OUT = "opted-out"  # they asked for no more texts or mails: they cannot be answered
    SENDER_UNVERIFIED = "sender-unverified"  # the mail's sender may be forged
    SPAM_SUSPECTED = "spam-suspected"
    VIRUS_SUSPECTED = "virus-suspected"


class Scale(StrEnum):
    """The ratings a touchpoint offers."""

    SMILE5 = "smile5"
    STARS5 = "stars5"
    CSAT5 = "csat5"
    NPS = "nps"
    THUMBS = "thumbs"

    @property
    def ratings(self) -> range:
        """All ratings, worst first."""
        return _RANGES[self]

    def mood(self, rating: int | None) -> Mood:
        """The mood of a rating on this scale; ValueError when the scale does not have it."""
        if rating is None:
            return Mood.UNKNOWN
        if rating not in self.ratings:
            raise ValueError(f"{self} has ratings {self.ratings[0]} to {self.ratings[-1]}, not {rating}")
        unhappy, neutral = _MOOD_LIMITS[self]
        return Mood.UNHAPPY if rating <= unhappy else Mood.NEUTRAL if rating <= neutral else Mood.HAPPY


_FIVE = range(1, 6)
_RANGES = {
    Scale.SMILE5: _FIVE,
    Scale.STARS5: _FIVE,
    Scale.CSAT5: _FIVE,
    Scale.NPS: range(11),
    Scale.THUMBS: range(2),
}
_MOOD_LIMITS = {  # the highest unhappy rating, the highest neutral one
    Scale.SMILE5: (2, 3),
    Scale.STARS5: (2, 3),
    Scale.CSAT5: (2, 3),
    Scale.NPS: (6, 8),
    Scale.THUMBS: (0, 0),
}


def to_iso(moment: datetime) -> str:
    """UTC with milliseconds and Z: sorts as text, and every consumer reads it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime,
    PlainSerializer(to_iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]


class Model(BaseModel):
    """Base of what is stored and published: never changes, and ignores what later versions add.

    An error in reading it says where, and not what: errors reach the log.
    """

    model_config = ConfigDict(frozen=True, defer_build=True, hide_input_in_errors=True)


class Customer(Model):
    """Who said it, as far as they let us know."""

    ref: str | None = Field(default=None, description="your own reference, such as an order's")
    name: str | None = Field(default=None, description="as they signed")
    email: str | None = Field(default=None, description="given to be answered")
    phone: str | None = Field(default=None, description="given to be answered")


class Feedback(Model):
    """What a customer said, exactly as they said it, and the team that owns it."""

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
    flags: tuple[Flag, ...] = Field(default=(), description="what to know before acting on it")
    received_at: Moment = Field(description="when the first of it was stored")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def comment_folded(self) -> str:
        """the comment case-folded and composed (NFC), for conditions on words: EventBridge compares bytes"""
        return fold(self.comment)


class Revision(NamedTuple):
    """One state of a feedback: its number from 1, when it came to be, and the feedback as it then was."""

    number: int
    changed_at: datetime
    feedback: Feedback


class Transition(StrEnum):
    """What can happen to a feedback; the values are the names of the events."""

    CAPTURED = "FeedbackCaptured"
    AMENDED = "FeedbackAmended"


def transition(before: Revision | None, after: Revision) -> Transition | None:
    """Name what led from one revision to the next; None where nothing that a team knows of has changed."""
    if before is None:
        return Transition.CAPTURED
    return Transition.AMENDED if after.feedback != before.feedback else None


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


def fold(text: str) -> str:
    """Words as conditions compare them: in any case, and an é is an é, whether it was typed as one code or as two."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def answer_id(*identity: str) -> str:
    """The feedback id (26 characters) of what identifies an answer, such as a link and a submission.

    Deterministic, so that the same answer delivered twice is one feedback, and one-way, since links are credentials.
    """
    digest = sha256("\0".join(identity).encode()).digest()
    return base32(int.from_bytes(digest[:17], "big"), 130)


def random_id() -> str:
    """A feedback id for an answer that has no identity of its own."""
    return answer_id(secrets.token_hex(16))


def can_be_id(text: str) -> bool:
    """Whether a text from outside can be the id of a feedback or of a test: it becomes a key, or a part of a link."""
    return re.fullmatch(r"[a-z0-9-]{1,64}", text) is not None


def base32(number: int, bits: int) -> str:
    """The low `bits` (a multiple of 5) as letters and digits without i, l, o and u, to survive being read aloud."""
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return "".join(alphabet[(number >> shift) & 31] for shift in range(bits - 5, -1, -5))


def utc_now() -> datetime:
    """Now, to the millisecond that is stored."""
    now = datetime.now(UTC)
    return now - timedelta(microseconds=now.microsecond % 1000)
