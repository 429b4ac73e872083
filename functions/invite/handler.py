"""Asking customers: for an `InvitationRequested` on the bus, or for the list that `earshot invite` hands over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from functions.invite.asking import Asked, Asker
from shared.config.load import load
from shared.feedback.store import Store
from shared.ids import answer_id, random_id
from shared.keys.signing import Keys
from shared.model.events import InvitationRequested, wrong_field
from shared.observe import count, logger, metrics
from shared.settings import InviteSettings
from shared.table.client import connect
from shared.values import utc_now

settings = InviteSettings.from_environment()
client = connect()
config = load(deployed=True).at(settings.public_url)
asker = Asker(Store(client, settings.table), Keys(client, settings.keys_table), config)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point of both; returns `{"outcomes": [...]}`, one per request and in its order."""
    if "detail-type" in event:
        return {"outcomes": [_answer(_from_bus(event))]}
    any_hour, dry_run = bool(event.get("any_hour")), bool(event.get("dry_run"))
    outcomes = [
        _ask(random_id(), "earshot invite", request, any_hour=any_hour, dry_run=dry_run)
        for request in event["requests"]
    ]
    return {"outcomes": [_answer(outcome, dry_run=dry_run) for outcome in outcomes]}


def _from_bus(event: Mapping[str, Any]) -> Asked:
    """Ask for what an event requests; its id makes a redelivery ask once."""
    id, requested_at = answer_id("invitation", event["id"]), datetime.fromisoformat(event["time"])
    return _ask(id, event["source"], event["detail"], requested_at=requested_at)


def _ask(
    id: str,
    source: str,
    content: Any,
    *,
    requested_at: datetime | None = None,
    any_hour: bool = False,
    dry_run: bool = False,
) -> Asked:
    """Ask for what `content` requests, which may be anything: one that cannot be read is an outcome too."""
    try:
        request = InvitationRequested.model_validate(content)
    except ValidationError as error:
        field = wrong_field(error)
        logger.warning("A request cannot be read", source=source, field=field, invitation=id)
        return asker.unreadable(id, field, utc_now(), dry_run=dry_run)
    return asker.ask(id, request, utc_now(), requested_at=requested_at, any_hour=any_hour, dry_run=dry_run)


def _answer(outcome: Asked, *, dry_run: bool = False) -> dict[str, Any]:
    invitation = outcome.invitation
    if dry_run:
        count("InvitationsRehearsed")
    else:
        count("InvitationsRepeated" if outcome.repeated else f"Invitations{invitation.status.capitalize()}")
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
