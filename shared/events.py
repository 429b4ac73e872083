"""Every event Earshot puts on the bus: one class each, with its version.

The JSON Schemas and golden events in `events/` and the page in `docs/` follow from these classes (`make contract`). A
change that a subscriber could notice is a new version; the golden events of the old one must still read.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from shared.feedback import Customer, Feedback, Flag, Moment, Mood, Revision, Transition

SOURCE = "earshot"


class Previous(TypedDict, total=False):
    """What a change replaced: only the fields that changed, with their values before."""

    team: str
    rating: int | None
    mood: Mood
    reasons: tuple[str, ...]
    comment: str
    language: str
    customer: Customer
    flags: tuple[Flag, ...]


class FeedbackEvent(BaseModel):
    """What all events about one feedback carry."""

    model_config = ConfigDict(frozen=True)
    detail_type: ClassVar[str]

    version: Literal[1] = Field(
        default=1, description="of this event's shape; a change that you could notice raises it"
    )
    id: str = Field(description="the same on every redelivery: drop an event whose id you have handled")
    revision: int = Field(ge=1, description="orders the events of one feedback; delivery does not")
    occurred_at: Moment = Field(description="when it was stored")
    feedback: Feedback = Field(description="all of it, as it was after the change")

    def detail(self) -> dict[str, Any]:
        """The event's `detail`, ready for JSON."""
        return self.model_dump(mode="json")


class FeedbackCaptured(FeedbackEvent):
    """A customer has said something for the first time."""

    detail_type = Transition.CAPTURED.value


class FeedbackAmended(FeedbackEvent):
    """A customer has added to or changed what they said."""

    detail_type = Transition.AMENDED.value

    previous: Previous = Field(description="the fields that changed, with their values before")


EVENTS: dict[str, type[FeedbackEvent]] = {event.detail_type: event for event in (FeedbackCaptured, FeedbackAmended)}


def read_event(envelope: Mapping[str, Any]) -> FeedbackEvent:
    """Read an event as EventBridge delivers it; KeyError or ValueError for one that is not ours."""
    return EVENTS[envelope["detail-type"]].model_validate(envelope["detail"])


def feedback_event(name: Transition, before: Revision | None, after: Revision) -> FeedbackEvent:
    """The event of a transition between two revisions."""
    what: dict[str, Any] = {
        "id": f"{after.feedback.id}-{after.number}",
        "revision": after.number,
        "occurred_at": after.changed_at,
        "feedback": after.feedback,
    }
    if before is not None:
        what["previous"] = _previous(before.feedback, after.feedback)
    return EVENTS[name].model_validate(what)


def _previous(before: Feedback, after: Feedback) -> dict[str, Any]:
    old = {name: getattr(before, name) for name in Previous.__annotations__}
    return {name: value for name, value in old.items() if getattr(after, name) != value}
