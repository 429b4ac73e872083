"""The life of a feedback: which event leads from one revision to the next."""

from enum import StrEnum

from shared.model.feedback import Revision


class Transition(StrEnum):
    """What can happen to a feedback; the values are the names of the events."""

    CAPTURED = "FeedbackCaptured"
    AMENDED = "FeedbackAmended"


def transition(before: Revision | None, after: Revision) -> Transition | None:
    """Name what led from one revision to the next; None where nothing that a team knows of has changed."""
    if before is None:
        return Transition.CAPTURED
    return Transition.AMENDED if after.feedback != before.feedback else None
