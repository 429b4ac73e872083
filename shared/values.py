"""Values that every part shares: moments in UTC, and the base of what is stored and published."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema


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


def utc_now() -> datetime:
    """Now, to the millisecond that is stored."""
    now = datetime.now(UTC)
    return now - timedelta(microseconds=now.microsecond % 1000)
