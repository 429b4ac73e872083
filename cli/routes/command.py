"""`earshot routes`: what teams subscribe to, at run time. The caller's AWS credentials decide what may be done."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click

from cli.durations import DURATION
from cli.routes import rehearsal as rehearsals
from cli.routes.policies import policies_to_paste, roles_as_text, roles_to_make
from cli.routes.trial import try_out
from cli.stage import Stage, with_stage
from cli.unseen import or_from_input
from shared.addresses.targets import Target, TargetKind
from shared.conditions.language import check
from shared.conditions.pattern import compile_pattern
from shared.conditions.reader import parse
from shared.config.model import Route
from shared.errors import InvalidInput
from shared.routes.drafts import draft
from shared.routes.rehearsal import rehearse
from shared.routes.route_table import TeamRoute
from shared.values import utc_now

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_WHEN = "Which feedback, such as 'mood = unhappy and reason in (refund, price)'. [default: all of it]"
_TO = (
    "Where to: email:, slack:, teams:, webhook: and an address, or sqs:, sns:, lambda:, bus: and an ARN. Repeatable; "
    "- reads them from standard input, since an address of Slack's or Teams' is a credential."
)


def _role(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", value):
        raise click.BadParameter(f"{value!r} is not the ARN of a role; write arn:aws:iam::account:role/name.")
    return value


_ROLE = click.option(
    "--role", callback=_role, help="For bus:, the ARN of a role that may put events there. Without it, what it needs."
)


@click.group()
def routes() -> None:
    """What teams subscribe to: list, add, change, test, rehearse, pause, resume and remove routes."""


@routes.command("list")
@click.option("--team", help="Only this team's.")
@_AS_JSON
@with_stage
def list_routes(stage: Stage, team: str | None, as_json: bool) -> None:
    """List all routes, of earshot.toml and made at run time."""
    found = {id: route for id, route in stage.routes.all().items() if team in (None, route.team)}
    if as_json:
        click.echo(json.dumps([_as_dict(id, route) for id, route in found.items()], ensure_ascii=False, indent=2))
        return
    for id, route in found.items():
        click.echo(f"{id} ({route.team}, {_state(route)}): {route.when or 'everything'}")
        for target in route.targets:
            click.echo(f"  to {target}")


@routes.command()
@click.argument("id")
@click.option("--when", default="", help=_WHEN)
@click.option("--to", multiple=True, required=True, callback=or_from_input, help=_TO)
@click.option("--team", help="Whose route it is. [default: the team called ID, else the default team]")
@click.option("--settling", type=DURATION, help="How long a person's card waits for the customer's next words.")
@_ROLE
@_AS_JSON
@with_stage
def add(
    stage: Stage,
    id: str,
    when: str,
    to: tuple[str, ...],
    team: str | None,
    settling: timedelta | None,
    role: str | None,
    as_json: bool,
) -> None:
    """Add the route ID, after showing what it would have caught."""
    team = team or (id if id in stage.config.teams else stage.config.default_team)
    fields = {"id": id, "team": team, "when": when, "to": to, "settling": _seconds(settling), "role": role}
    route = _draft(stage, fields, as_json)
    _save(stage, route, stage.routes.add, as_json)


@routes.command()
@click.argument("id")
@click.option("--when", help=_WHEN)
@click.option("--to", multiple=True, callback=or_from_input, help=_TO)
@click.option("--settling", type=DURATION, help="How long a person's card waits for the customer's next words.")
@_ROLE
@_AS_JSON
@with_stage
def change(
    stage: Stage,
    id: str,
    when: str | None,
    to: tuple[str, ...],
    settling: timedelta | None,
    role: str | None,
    as_json: bool,
) -> None:
    """Change what the route ID catches or where it leads; what is not given stays."""
    before = stage.routes.own(id, None).model_dump(include={"id", "team", "when", "to", "role"})
    given = {"when": when, "to": to or None, "settling": _seconds(settling), "role": role}
    route = _draft(stage, before | {name: value for name, value in given.items() if value is not None}, as_json)
    _save(stage, route, lambda changed: stage.routes.change(changed, None), as_json)


@routes.command("rehearse")
@click.argument("id", required=False)
@click.option("--when", help=_WHEN)
@_AS_JSON
@with_stage
def rehearse_route(stage: Stage, id: str | None, when: str | None, as_json: bool) -> None:
    """Show what a condition, or the route ID, would have caught in the last 90 days. Changes nothing."""
    if (id is None) == (when is None):
        raise click.UsageError("Give either the ID of a route or --when with a condition.")
    others = stage.routes.all()
    if id is not None:
        when = stage.routes.get(id).when
        others.pop(id)
    with _bad_usage():
        condition = parse(when or "")
        check(condition, stage.config.known_ids())
        compile_pattern(condition)
    rehearsal = rehearse(stage.config, stage.store, others, condition, utc_now())
    click.echo(
        json.dumps(rehearsals.as_dict(rehearsal), ensure_ascii=False, indent=2)
        if as_json
        else rehearsals.as_text(rehearsal)
    )


@routes.command()
@click.argument("id")
@_AS_JSON
@with_stage
def test(stage: Stage, id: str, as_json: bool) -> int:
    """Send a test through the route ID and see it arrive; exit status 1 where it did not.

    A topic or another bus is watched with a queue made for the test. A team's own queue is looked into, where each of
    its messages is received once at most and put back at the end.
    """
    route, by = stage.routes.get(id), _caller(stage)
    test_id, seen = try_out(stage, id, route, lambda: stage.routes.test(id, by, utc_now()))
    verdicts = {sight.arrived for sight in seen.values()}
    arrived = False if False in verdicts else None if None in verdicts else True
    if as_json:
        targets = {str(target): sight._asdict() for target, sight in seen.items()}
        click.echo(json.dumps({"id": test_id, "arrived": arrived, "targets": targets}, indent=2))
    else:
        for target, sight in seen.items():
            click.echo(f"{target}: {sight.said}")
    return int(arrived is False)


@routes.command()
@click.argument("id")
@with_stage
def rm(stage: Stage, id: str) -> None:
    """Remove the route ID."""
    stage.routes.remove(id, None)
    click.echo(f"Removed {id}.")


@routes.command()
@click.argument("id")
@with_stage
def pause(stage: Stage, id: str) -> None:
    """Stop the route ID for now. What happens meanwhile can be sent later with `earshot replay`."""
    stage.routes.pause(id, None, paused=True, now=utc_now())
    click.echo(f"Paused {id}.")


@routes.command()
@click.argument("id")
@with_stage
def resume(stage: Stage, id: str) -> None:
    """Take up the route ID again."""
    stage.routes.pause(id, None, paused=False, now=utc_now())
    click.echo(f"Resumed {id}.")


@routes.command()
@click.argument("id")
@click.option("--rotate", is_flag=True, help="Make a new secret; the old one signs too until the overlap ends.")
@click.option("--overlap", type=DURATION, default="7d", help="With --rotate. [default: 7d]")
@_AS_JSON
@with_stage
def secret(stage: Stage, id: str, rotate: bool, overlap: timedelta, as_json: bool) -> None:
    """Show the secrets that the webhooks of the route ID verify with, each once only."""
    route = stage.routes.get(id)
    hooks = [target for target in route.targets if target.kind is TargetKind.WEBHOOK]
    if not hooks:
        raise click.ClickException(f"the route {id!r} has no webhook; other targets need no secret")
    if rotate:
        for target in hooks:
            stage.webhook_secrets.rotate(id, target.id, overlap)
    found = {str(target): secret for target, secret in _secrets(stage, id, route)}
    if not found:
        raise click.ClickException("its secrets were shown before; make new ones with --rotate")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for address, value in found.items():
        click.echo(f"{address} verifies with this secret, which is shown only now:\n{value}")


def _caller(stage: Stage) -> str:
    """Who runs the command, as AWS knows them."""
    return str(stage.client("sts").get_caller_identity()["Arn"])


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())


def _draft(stage: Stage, fields: dict[str, Any], as_json: bool) -> TeamRoute:
    """A route from what was given; without the role that a bus wants, print first what to make it with."""
    with _bad_usage():
        try:
            return draft(stage.config, **fields, created_by=_caller(stage), changed_at=utc_now())
        except InvalidInput as error:
            if error.field == "role":
                rule = stage.outputs["RuleArnPrefix"] + fields["id"]
                roles = roles_to_make(map(Target.parse, fields["to"]), rule)
                click.echo(json.dumps({"roles": roles}, indent=2) if as_json else roles_as_text(roles))
            raise


@contextmanager
def _bad_usage() -> Iterator[None]:
    """What someone typed is wrong: the message says what."""
    try:
        yield
    except InvalidInput as error:
        raise click.UsageError(error.message) from None


def _save(stage: Stage, route: TeamRoute, save: Callable[[TeamRoute], TeamRoute], as_json: bool) -> None:
    """Rehearse, save, and print what the owner of each target needs."""
    others = {id: other for id, other in stage.routes.all().items() if id != route.id}
    rehearsal = rehearse(stage.config, stage.store, others, parse(route.when), utc_now())
    with _bad_usage():
        saved = save(route)
    rule = stage.outputs["RuleArnPrefix"] + saved.id
    policies = policies_to_paste(saved.targets, rule, saved.role)
    roles = roles_to_make(saved.targets, rule)
    secrets = {str(target): secret for target, secret in _secrets(stage, saved.id, saved)}
    if as_json:
        more = {"rehearsal": rehearsals.as_dict(rehearsal), "policies": policies, "roles": roles, "secrets": secrets}
        click.echo(json.dumps(_as_dict(saved.id, saved) | more, ensure_ascii=False, indent=2))
        return
    click.echo(rehearsals.as_text(rehearsal))
    click.echo(f"Saved {saved.id} of {saved.team}. Try it with `earshot routes test {saved.id}`.")
    for target, policy in policies.items():
        click.echo(f"\n{target} must let the route in:\n{json.dumps(policy, indent=2)}")
    if roles:
        click.echo(f"\n{roles_as_text(roles)}")
    for target, secret in secrets.items():
        click.echo(f"\n{target} verifies with this secret, which is shown only now:\n{secret}")


def _secrets(stage: Stage, id: str, route: Route) -> Iterator[tuple[Target, str]]:
    """The secrets of the route's webhooks that were never shown."""
    for target in route.targets:
        if target.kind is TargetKind.WEBHOOK:
            secret = stage.webhook_secrets.reveal(id, target.id)
            if secret is not None:
                yield target, secret


def _state(route: Route) -> str:
    if not isinstance(route, TeamRoute):
        return "earshot.toml"
    return "paused" if route.paused else "made at run time"


def _as_dict(id: str, route: Route) -> dict[str, Any]:
    made = route if isinstance(route, TeamRoute) else None
    return {
        "id": id,
        "team": route.team,
        "when": route.when,
        "to": list(route.to),
        "settling": route.settling,
        "declared": made is None,
        "paused": made is not None and made.paused,
        "created_by": made and made.created_by,
    }
