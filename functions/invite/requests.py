"""What is requested, by an event on the bus or by the list of `earshot invite`, and what is answered of each."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydynox.pydynox_core import PydynoxException

from functions.invite.asking import Asked, Asker
from shared.errors import EarshotError
from shared.ids import answer_id
from shared.model.events import InvitationRequested, wrong_field
from shared.model.invitation import Held
from shared.observe import count, logger

NOT_ASKED = "not-asked"
"""The reason where nothing speaks against asking, and it failed."""


class Requested(NamedTuple):
    """One request, whose `content` may be anything."""

    id: str
    content: Any
    source: str | None = None
    """The system that put it on the bus; None for the admin's own."""
    requested_at: datetime | None = None
    any_hour: bool = False
    dry_run: bool = False


def read_requests(event: Mapping[str, Any]) -> Iterator[Requested]:
    """The requests of an event or a list, in its order. The id of each makes a redelivery ask once."""
    if "detail-type" in event:
        id, requested_at = answer_id("invitation", event["id"]), datetime.fromisoformat(event["time"])
        yield Requested(id, event["detail"], event["source"], requested_at)
        return
    any_hour, dry_run = bool(event.get("any_hour")), bool(event.get("dry_run"))
    for id, content in zip(event["ids"], event["requests"], strict=True):
        yield Requested(id, content, any_hour=any_hour, dry_run=dry_run)


def take(requested: Requested, asker: Asker, now: datetime) -> dict[str, Any]:
    """Ask for what is requested, and say what became of it: one that cannot be read is an outcome too.

    Of a list, so is one that cannot be asked now, since it must not keep the others from being asked. An event of
    another system comes again.
    """
    try:
        return _take(requested, asker, now)
    except (EarshotError, PydynoxException) as error:
        count("InvitationsFailed")
        if requested.source is not None:
            raise
        logger.exception("A customer could not be asked", invitation=requested.id)
        return {"id": requested.id, "status": None, "reason": f"{NOT_ASKED}: {type(error).__name__}"}


def _take(requested: Requested, asker: Asker, now: datetime) -> dict[str, Any]:
    id, content, source, requested_at, any_hour, dry_run = requested
    try:
        request = InvitationRequested.model_validate(content)
    except ValidationError as error:
        field = wrong_field(error)
        logger.warning("A request cannot be read", source=source, field=field, invitation=id)
        outcome = asker.unreadable(id, field, now, dry_run=dry_run)
    else:
        outcome = asker.ask(
            id, request, now, source=source, requested_at=requested_at, any_hour=any_hour, dry_run=dry_run
        )
    _count(outcome, dry_run=dry_run)
    return _answer(outcome)


def _count(outcome: Asked, *, dry_run: bool) -> None:
    invitation = outcome.invitation
    if dry_run:
        count("InvitationsRehearsed")
    elif outcome.repeated:
        count("InvitationsRepeated")
    else:
        count(f"Invitations{invitation.status.capitalize()}")
        if invitation.reason == Held.OVER_BUDGET.value:
            count("InvitationsOverBudget")


def _answer(outcome: Asked) -> dict[str, Any]:
    invitation = outcome.invitation
    return {
        "id": invitation.id,
        "status": invitation.status.value,
        "reason": invitation.reason,
        "channel": invitation.channel.value if invitation.channel else None,
        "to": outcome.to,
        "text": outcome.text,
        "segments": outcome.segments,
        "price": outcome.price,
    }
