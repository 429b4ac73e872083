"""Every event Earshot puts on the bus: one class each, with its version.

The JSON Schemas and golden events in `events/` and the page in `docs/` follow from these classes. A change that a
subscriber could notice is a new version; the golden events of the old one must still read.
"""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.feedback import Feedback, Moment, Revision, Transition

SOURCE = "earshot"


class Previous(BaseModel):
    """What a change replaced: only the fields that changed, with their values before."""

    model_config = ConfigDict(frozen=True)

    team: str | None = None
    rating: int | None = None
    mood: str | None = None
    reasons: tuple[str, ...] | None = None
    comment: str | None = None
    language: str | None = None
    customer: dict[str, str | None] | None = None


class FeedbackEvent(BaseModel):
    """What all events about one feedback carry.

    `id` is the same on every redelivery; `revision` orders the events of one feedback.
    """

    model_config = ConfigDict(frozen=True)
    detail_type: ClassVar[str]

    version: Literal[1] = 1
    id: str
    revision: int
    occurred_at: Moment
    previous: Previous | None = None
    feedback: Feedback

    def detail(self) -> dict[str, Any]:
        """The event's `detail`, ready for JSON."""
        detail = self.model_dump(mode="json", exclude={"previous"})
        if self.previous is not None:
            detail["previous"] = self.previous.model_dump(mode="json", exclude_unset=True)
        return detail


class FeedbackCaptured(FeedbackEvent):
    """A customer has said something for the first time."""

    detail_type = Transition.CAPTURED.value


class FeedbackAmended(FeedbackEvent):
    """A customer has added to or changed what they said."""

    detail_type = Transition.AMENDED.value


EVENTS: dict[str, type[FeedbackEvent]] = {event.detail_type: event for event in (FeedbackCaptured, FeedbackAmended)}


def feedback_event(name: Transition, before: Revision | None, after: Revision) -> FeedbackEvent:
    """The event of a transition between two revisions."""
    return EVENTS[name](
        id=f"{after.feedback.id}-{after.number}",
        revision=after.number,
        occurred_at=after.changed_at,
        previous=_previous(before.feedback, after.feedback) if before else None,
        feedback=after.feedback,
    )


def _previous(before: Feedback, after: Feedback) -> Previous:
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return Previous.model_validate({name: old[name] for name in Previous.model_fields if old[name] != new[name]})
