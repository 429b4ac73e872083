"""`earshot replay`: send again what a route has caught, from the table; each replay says that it is one."""

import json
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import click

from cli.durations import DURATION
from cli.stage import Stage, with_stage
from shared.addresses.targets import Target
from shared.conditions.pattern import compile_pattern
from shared.conditions.reader import parse
from shared.config.model import Route
from shared.deliveries.delivery import State
from shared.deliveries.queue import QueueMessage, SqsQueue
from shared.model.events import EVENTS, SOURCE, InvitationEvent, feedback_event
from shared.model.feedback import Revision
from shared.model.life import Transition
from shared.routes.rehearsal import caught_by
from shared.routes.route_table import TeamRoute
from shared.routes.routes import RoutePaused
from shared.routes.rules import RULE_PREFIX
from shared.values import to_iso, utc_now

LONGEST = timedelta(days=14)
LONGEST_MISSED = timedelta(days=28)  # what expired in a queue after its 14 days, and was seen in the 14 days after


@click.command()
@click.option("--route", "route_id", required=True, help="The route; `earshot routes list` names them.")
@click.option("--since", type=DURATION, default="1d", help="At most 14d, with --missed 28d. [default: 1d]")
@click.option("--missed", is_flag=True, help="Only what a target has not had and is not on its way.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def replay(stage: Stage, route_id: str, since: timedelta, missed: bool, as_json: bool) -> None:
    """Send again what a route has caught, as it now is, and take up targets that were disabled.

    Cards say that they are sent again; webhooks have a new id, and the replay's in the body. With --missed, what was
    given up is sent also where the route would not catch it any more. AWS targets and invitations have the bus's
    archive.
    """
    if since > (LONGEST_MISSED if missed else LONGEST):
        raise click.UsageError("--since goes back 14d at most, with --missed 28d.")
    route = stage.routes.get(route_id)
    targets = [target for target in route.targets if not target.kind.is_aws]
    if not targets:
        raise click.ClickException(f"its targets are AWS's own; {_from_archive(stage, route_id)}")
    if isinstance(route, TeamRoute) and route.paused:
        raise RoutePaused(f"The route {route_id!r} is paused, so nothing would be sent; resume it first.")
    left = {
        "targets": [str(target) for target in route.targets if target.kind.is_aws],
        "events": _invitations(route) if any(not each.kind.is_for_people for each in targets) else [],
    }
    enabled = [str(target.kind) for target in targets if stage.deliveries.enable(route_id, target.id)]
    queue = SqsQueue(stage.client("sqs"), stage.outputs["DeliveriesQueueUrl"], stage.outputs["AsideQueueUrl"])
    id, sent = secrets.token_hex(4), 0
    for name, revision, target in (_missed if missed else _caught)(stage, route_id, route, targets, since):
        queue.send(QueueMessage(route=route_id, target=target.id, event=_event(name, revision), replay=id))
        sent += 1
    if as_json:
        told = {"replay": id, "route": route_id, "sent": sent, "enabled": enabled, "not_replayed": left}
        click.echo(json.dumps(told, indent=2))
        return
    for kind in enabled:
        click.echo(f"taken up again: its {kind} target, which was disabled")
    click.echo(f"replay {id}: {sent} on their way to {route_id}; `earshot show ID` tells what became of one")
    for kind, names in left.items():
        if names:
            click.echo(f"not replayed: the {kind} {', '.join(names)}; {_from_archive(stage, route_id)}")


def _from_archive(stage: Stage, route_id: str) -> str:
    """How to replay to AWS targets, from the bus's archive; notify does not deliver again what it has delivered."""
    return (
        f"run `aws events start-replay` from the archive of the bus {stage.outputs['Bus']} "
        f"to its rule {RULE_PREFIX}{route_id}"
    )


Replayed = tuple[Transition, Revision, Target]


def _caught(stage: Stage, id: str, route: Route, targets: list[Target], since: timedelta) -> Iterator[Replayed]:
    """The feedback that the route catches in its present state, each with the event that is caught."""
    condition = parse(route.when)
    for revision in _since(stage, since):
        name = caught_by(condition, revision)
        if name is not None:
            yield from ((name, revision, target) for target in targets)


def _missed(stage: Stage, id: str, route: Route, targets: list[Target], since: timedelta) -> Iterator[Replayed]:
    """What a target has not had: what is caught as it now is, and whatever was given up, since it was caught once.

    What waits for its next attempt is left to that: it would arrive twice.
    """
    condition = parse(route.when)
    for revision in _since(stage, since):
        name = caught_by(condition, revision)
        deliveries = [each for each in stage.deliveries.of_feedback(revision.feedback.id) if each.route == id]
        for target in targets:
            if any(each.is_owed for each in deliveries if each.target == target.id):
                continue  # it is still tried, and goes out by itself
            had, given_up = (
                max(
                    (each.revision for each in deliveries if (each.target, each.state) == (target.id, state)), default=0
                )
                for state in (State.DELIVERED, State.FAILED)
            )
            if name is not None and had < revision.number:
                yield name, revision, target
            elif given_up > had:
                yield _last_event(revision), revision, target


def _since(stage: Stage, since: timedelta) -> Iterator[Revision]:
    start = utc_now() - since
    for team in stage.config.teams:
        yield from stage.store.by_team(team, start)


def _last_event(revision: Revision) -> Transition:
    return Transition.CAPTURED if revision.number == 1 else Transition.AMENDED


def _invitations(route: Route) -> list[str]:
    """The types of invitation events that the route catches; only the type decides, since there is no feedback."""
    whole = compile_pattern(parse(route.when))
    allowed = [each.get("detail-type") for each in whole.get("$or", [whole]) if "detail" not in whole | each]
    return [
        name
        for name, event in EVENTS.items()
        if issubclass(event, InvitationEvent) and any(_lets(types, name) for types in allowed)
    ]


def _lets(types: list[Any] | None, name: str) -> bool:
    """Whether the `detail-type` of a pattern lets an event of that name through."""
    if types is None:
        return True
    return any(name == each if isinstance(each, str) else name not in each["anything-but"] for each in types)


def _event(name: Transition, revision: Revision) -> dict[str, Any]:
    """The event of the feedback as it now is, as EventBridge would carry it; what was before is not known any more."""
    event = feedback_event(name, revision if name is Transition.AMENDED else None, revision)
    return {
        "source": SOURCE,
        "detail-type": event.detail_type,
        "time": to_iso(revision.changed_at),
        "detail": event.detail(),
    }
