"""Telling what a route would have caught."""

from typing import Any

from shared.model.feedback import Revision
from shared.routes.rehearsal import LOOK_BACK, Rehearsal


def as_dict(rehearsal: Rehearsal) -> dict[str, Any]:
    """What was found, as a JSON object."""
    latest = [revision.feedback.model_dump(mode="json") for revision in rehearsal.latest]
    uncaught = [revision.feedback.model_dump(mode="json") for revision in rehearsal.uncaught_latest]
    return rehearsal._asdict() | {"latest": latest, "uncaught_latest": uncaught}


def as_text(rehearsal: Rehearsal) -> str:
    """What was found, as lines of text."""
    when, of = f"In the last {LOOK_BACK.days} days it", str(rehearsal.looked_at)
    if not rehearsal.complete:
        when, of = "It", f"the latest {of}"
    lines = [f"{when} would have caught {rehearsal.caught} of {of} feedback."]
    lines += [f"  {_line(revision)}" for revision in rehearsal.latest]
    if not rehearsal.compared_all:
        lines.append(f"With other routes, only the latest {rehearsal.compared} are compared.")
    lines += [f"The route {id} catches {number} of these too." for id, number in rehearsal.overlaps.items()]
    if rehearsal.uncaught:
        lines.append(f"No team claims {rehearsal.uncaught} other feedback, and no route catches it:")
        lines += [f"  {_line(revision)}" for revision in rehearsal.uncaught_latest]
    return "\n".join(lines)


def _line(revision: Revision) -> str:
    """One feedback in one line, the customer's words first."""
    feedback = revision.feedback
    words = " ".join(feedback.comment.split()) or "(no words)"
    where = feedback.touchpoint + (f" at {feedback.place}" if feedback.place else "")
    rating = "no rating" if feedback.rating is None else f"{feedback.rating} of {feedback.scale.ratings[-1]}"
    return f"{words} · {rating} · {where} · {feedback.received_at:%d %b %H:%M}"
