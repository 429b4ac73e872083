"""`earshot replay`: send again what a route has caught, from the table; each replay says that it is one."""

import json
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import click

from cli.durations import DURATION
from cli.stage import Stage, with_stage
from shared.conditions import parse
from shared.config import Route, Target
from shared.deliveries import Deliveries, State
from shared.events import SOURCE, feedback_event
from shared.feedback import Revision, Transition, to_iso, utc_now
from shared.queue import Message, SqsQueue
from shared.rehearsal import caught_by

LONGEST = timedelta(days=14)


@click.command()
@click.option("--route", "route_id", required=True, help="The route; `earshot routes list` names them.")
@click.option("--since", type=DURATION, default="1d", help="How far back, at most 14d. [default: 1d]")
@click.option("--missed", is_flag=True, help="Only what a target has not had yet.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def replay(stage: Stage, route_id: str, since: timedelta, missed: bool, as_json: bool) -> None:
    """Send again what a route has caught, as it now is, and take up targets that were disabled.

    Cards say that they are sent again; webhooks have a new id, and the replay's in the body.
    """
    if since > LONGEST:
        raise click.UsageError("--since goes back 14d at most.")
    route = stage.routes.get(route_id)
    targets = [target for target in route.targets if not target.kind.is_aws]
    if not targets:
        raise click.ClickException("its targets are AWS's own; EventBridge replays to those from the bus's archive")
    enabled = [str(target.kind) for target in targets if stage.deliveries.enable(route_id, target.id)]
    queue = SqsQueue(stage.client("sqs"), stage.outputs["DeliveriesQueueUrl"], stage.outputs["AsideQueueUrl"])
    id, sent = secrets.token_hex(4), 0
    for name, revision in _caught(stage, route, since):
        for target in _without(stage.deliveries, route_id, targets, revision) if missed else targets:
            queue.send(Message(route=route_id, target=target.id, event=_event(name, revision), replay=id))
            sent += 1
    if as_json:
        click.echo(json.dumps({"replay": id, "route": route_id, "sent": sent, "enabled": enabled}))
        return
    for kind in enabled:
        click.echo(f"taken up again: its {kind} target, which was disabled")
    click.echo(f"replay {id}: {sent} on their way to {route_id}; `earshot show ID` tells what became of one")


def _caught(stage: Stage, route: Route, since: timedelta) -> Iterator[tuple[Transition, Revision]]:
    """What the route would catch of the feedback as it now is, and by which event: it is sent no other."""
    condition, start = parse(route.when), utc_now() - since
    for team in stage.config.teams:
        for revision in stage.store.by_team(team, start):
            name = caught_by(condition, revision)
            if name is not None:
                yield name, revision


def _without(deliveries: Deliveries, route_id: str, targets: list[Target], revision: Revision) -> list[Target]:
    """The targets that have not had this state of the feedback."""
    had = {
        delivery.target
        for delivery in deliveries.of_feedback(revision.feedback.id)
        if delivery.route == route_id and delivery.state is State.DELIVERED and delivery.revision >= revision.number
    }
    return [target for target in targets if target.id not in had]


def _event(name: Transition, revision: Revision) -> dict[str, Any]:
    """The event of the feedback as it now is, as EventBridge would carry it; what was before is not known any more."""
    event = feedback_event(name, revision if name is Transition.AMENDED else None, revision)
    return {
        "source": SOURCE,
        "detail-type": event.detail_type,
        "time": to_iso(revision.changed_at),
        "detail": event.detail(),
    }
