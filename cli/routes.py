"""`earshot routes`: what teams subscribe to, at run time. The caller's AWS credentials decide what may be done."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click

from cli.durations import DURATION
from cli.policies import policy_to_paste
from cli.stage import Stage, with_stage
from shared import config as config_file
from shared.conditions import check, parse
from shared.config import Config, Route, Target, TargetKind
from shared.deliveries import Deliveries, State
from shared.errors import InvalidInput
from shared.feedback import Revision, utc_now
from shared.rehearsal import LOOK_BACK, Rehearsal, rehearse
from shared.routes import TEST_SOURCE, TeamRoute, draft
from shared.webhook_secrets import WebhookSecrets

ARRIVAL_SECONDS = 30
REFUSAL_SECONDS = 10  # EventBridge gives up at once on a target that does not let it in
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_WHEN = "Which feedback, such as 'mood = unhappy and reason in (refund, price)'. [default: all of it]"
_TO = "Where to: email:, slack:, teams:, webhook: and an address, or sqs:, sns:, lambda:, bus: and an ARN. Repeatable."


@click.group()
def routes() -> None:
    """What teams subscribe to: list, add, change, test, rehearse, pause, resume and remove routes."""


@routes.command("list")
@click.option("--team", help="Only this team's.")
@_AS_JSON
@with_stage
def list_routes(stage: Stage, team: str | None, as_json: bool) -> None:
    """List all routes, of earshot.toml and made at run time."""
    found = {id: route for id, route in stage.routes(config_file.load()).all().items() if team in (None, route.team)}
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
@click.option("--to", multiple=True, required=True, help=_TO)
@click.option("--team", help="Whose route it is. [default: the team called ID, else the default team]")
@click.option("--settling", type=DURATION, help="How long a person's card waits for the customer's next words.")
@click.option("--role", help="For bus:, the ARN of the role that may put events on that bus.")
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
    config = config_file.load()
    team = team or (id if id in config.teams else config.default_team)
    route = _draft(stage, config, id=id, team=team, when=when, to=to, settling=_seconds(settling), role=role)
    _save(stage, config, route, stage.routes(config).add, as_json)


@routes.command()
@click.argument("id")
@click.option("--when", help=_WHEN)
@click.option("--to", multiple=True, help=_TO)
@click.option("--settling", type=DURATION, help="How long a person's card waits for the customer's next words.")
@click.option("--role", help="For bus:, the ARN of the role that may put events on that bus.")
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
    config = config_file.load()
    all_routes = stage.routes(config)
    before = all_routes.own(id, None)
    route = _draft(
        stage,
        config,
        id=id,
        team=before.team,
        when=before.when if when is None else when,
        to=to or before.to,
        settling=before.settling if settling is None else _seconds(settling),
        role=role or before.role,
        paused=before.paused,
    )
    _save(stage, config, route, lambda changed: all_routes.change(changed, None), as_json)


@routes.command("rehearse")
@click.argument("id", required=False)
@click.option("--when", help=_WHEN)
@_AS_JSON
@with_stage
def rehearse_route(stage: Stage, id: str | None, when: str | None, as_json: bool) -> None:
    """Show what a condition, or the route ID, would have caught in the last 90 days. Changes nothing."""
    if (id is None) == (when is None):
        raise click.UsageError("Give either the ID of a route or --when with a condition.")
    config = config_file.load()
    others = stage.routes(config).all()
    if id is not None:
        when = stage.routes(config).get(id).when
        others.pop(id)
    with _bad_usage():
        condition = parse(when or "")
        check(condition, config.known_ids())
        condition.pattern()
    rehearsal = rehearse(config, stage.store, others, condition, utc_now())
    click.echo(json.dumps(_rehearsal_dict(rehearsal), ensure_ascii=False, indent=2) if as_json else _told(rehearsal))


@routes.command()
@click.argument("id")
@_AS_JSON
@with_stage
def test(stage: Stage, id: str, as_json: bool) -> int:
    """Send a test through the route ID and see it arrive; exit status 1 where it did not."""
    all_routes = stage.routes(config_file.load())
    route = all_routes.get(id)
    feedback_id = all_routes.test(id, _caller(stage), utc_now())
    seen = {str(target): _see(stage, id, target, feedback_id) for target in route.targets}
    failed = any(verdict.startswith("not ") for verdict in seen.values())
    if as_json:
        click.echo(json.dumps({"id": feedback_id, "arrived": not failed, "targets": seen}, indent=2))
    else:
        for target, verdict in seen.items():
            click.echo(f"{target}: {verdict}")
    return int(failed)


@routes.command()
@click.argument("id")
@with_stage
def rm(stage: Stage, id: str) -> None:
    """Remove the route ID."""
    stage.routes(config_file.load()).remove(id, None)
    click.echo(f"Removed {id}.")


@routes.command()
@click.argument("id")
@with_stage
def pause(stage: Stage, id: str) -> None:
    """Stop the route ID for now. What happens meanwhile can be sent later with `earshot replay`."""
    stage.routes(config_file.load()).pause(id, None, paused=True, now=utc_now())
    click.echo(f"Paused {id}.")


@routes.command()
@click.argument("id")
@with_stage
def resume(stage: Stage, id: str) -> None:
    """Take up the route ID again."""
    stage.routes(config_file.load()).pause(id, None, paused=False, now=utc_now())
    click.echo(f"Resumed {id}.")


@routes.command()
@click.argument("id")
@click.option("--rotate", is_flag=True, help="Make a new secret; the old one signs too until the overlap ends.")
@click.option("--overlap", type=DURATION, default="7d", help="With --rotate. [default: 7d]")
@_AS_JSON
@with_stage
def secret(stage: Stage, id: str, rotate: bool, overlap: timedelta, as_json: bool) -> None:
    """Show the secrets that the webhooks of the route ID verify with, each once only."""
    route = stage.routes(config_file.load()).get(id)
    hooks = [target for target in route.targets if target.kind is TargetKind.WEBHOOK]
    if not hooks:
        raise click.ClickException(f"the route {id!r} has no webhook; other targets need no secret")
    if rotate:
        for target in hooks:
            _webhook_secrets(stage).rotate(id, target.id, overlap)
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


def _draft(stage: Stage, config: Config, **fields: Any) -> TeamRoute:
    with _bad_usage():
        return draft(config, **fields, created_by=_caller(stage), changed_at=utc_now())


@contextmanager
def _bad_usage() -> Iterator[None]:
    """What someone typed is wrong: the message says what."""
    try:
        yield
    except InvalidInput as error:
        raise click.UsageError(error.message) from None


def _save(
    stage: Stage, config: Config, route: TeamRoute, save: Callable[[TeamRoute], TeamRoute], as_json: bool
) -> None:
    """Rehearse, save, and print what the owner of each target needs."""
    others = {id: other for id, other in stage.routes(config).all().items() if id != route.id}
    rehearsal = rehearse(config, stage.store, others, parse(route.when), utc_now())
    saved = save(route)
    rule = stage.outputs["RuleArnPrefix"] + saved.id
    policies = {str(target): policy_to_paste(target, rule) for target in saved.targets if target.kind.is_aws}
    secrets = {str(target): secret for target, secret in _secrets(stage, saved.id, saved)}
    if as_json:
        more = {"rehearsal": _rehearsal_dict(rehearsal), "policies": policies, "secrets": secrets}
        click.echo(json.dumps(_as_dict(saved.id, saved) | more, ensure_ascii=False, indent=2))
        return
    click.echo(_told(rehearsal))
    click.echo(f"Saved {saved.id} of {saved.team}. Try it with `earshot routes test {saved.id}`.")
    for target, policy in policies.items():
        click.echo(f"\n{target} must let the route in:\n{json.dumps(policy, indent=2)}")
    for target, secret in secrets.items():
        click.echo(f"\n{target} verifies with this secret, which is shown only now:\n{secret}")


def _secrets(stage: Stage, id: str, route: Route) -> Iterator[tuple[Target, str]]:
    """The secrets of the route's webhooks that were never shown."""
    for target in route.targets:
        if target.kind is TargetKind.WEBHOOK:
            secret = _webhook_secrets(stage).reveal(id, target.id)
            if secret is not None:
                yield target, secret


def _webhook_secrets(stage: Stage) -> WebhookSecrets:
    outputs = stage.outputs
    return WebhookSecrets(stage.dynamodb, outputs["KeysTable"], stage.client("kms"), outputs["SecretsKey"])


# Seeing a test arrive


def _see(stage: Stage, id: str, target: Target, feedback_id: str) -> str:
    """What became of a test at one target."""
    if not target.kind.is_aws:
        return (
            _wait(lambda: _delivered(stage, id, target, feedback_id)) or "not delivered in time; see `earshot doctor`"
        )
    if target.kind is TargetKind.SQS:
        arrived = _wait(lambda: _queued(stage, target, feedback_id) or _refused(stage, target, feedback_id))
        return arrived or "not seen in the queue; another consumer may have taken it, or its policy refuses the route"
    refused = _wait(lambda: _refused(stage, target, feedback_id), REFUSAL_SECONDS)
    return refused or "taken by the bus and not refused; only its owner can see inside"


def _wait(look: Callable[[], str | None], seconds: float = ARRIVAL_SECONDS) -> str | None:
    """Look once a second until there is something to see."""
    until = time.monotonic() + seconds
    while True:
        seen = look()
        if seen or time.monotonic() >= until:
            return seen
        time.sleep(1)


def _delivered(stage: Stage, id: str, target: Target, feedback_id: str) -> str | None:
    for delivery in Deliveries(stage.dynamodb, stage.outputs["Table"]).of_feedback(feedback_id):
        if (delivery.route, delivery.target) == (id, target.id):
            if delivery.state is State.DELIVERED:
                return "arrived"
            if delivery.error:
                return f"not delivered yet: {delivery.error}"
    return None


def _queued(stage: Stage, target: Target, feedback_id: str) -> str | None:
    """Whether the test lies in the team's own queue; it is taken out, and everything else is left there."""
    *_, region, account, name = target.address.split(":")
    sqs = stage.session.client("sqs", region_name=region, endpoint_url=stage.endpoint_url)
    url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
    found = None
    for message in received:
        if _is_test(message["Body"], feedback_id):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found = "arrived"
        else:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return found


def _refused(stage: Stage, target: Target, feedback_id: str) -> str | None:
    """Why the target refused the test, as EventBridge told the dead-letter queue."""
    sqs = stage.client("sqs")
    url = stage.outputs["RulesDeadLetterQueueUrl"]
    received = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
    )
    for message in received.get("Messages", []):
        attributes = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
        if _is_test(message["Body"], feedback_id) and attributes.get("TARGET_ARN", target.address) == target.address:
            return f"not delivered: {attributes.get('ERROR_MESSAGE', 'its policy does not let the route in')}"
    return None


def _is_test(body: str, feedback_id: str) -> bool:
    try:
        event = json.loads(body)
        return (event["source"], event["detail"]["feedback"]["id"]) == (TEST_SOURCE, feedback_id)
    except (ValueError, KeyError, TypeError):
        return False  # something else that lies in their queue


# Telling


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


def _rehearsal_dict(rehearsal: Rehearsal) -> dict[str, Any]:
    latest = [revision.feedback.model_dump(mode="json") for revision in rehearsal.latest]
    uncaught = [revision.feedback.model_dump(mode="json") for revision in rehearsal.uncaught_latest]
    return rehearsal._asdict() | {"latest": latest, "uncaught_latest": uncaught}


def _told(rehearsal: Rehearsal) -> str:
    lines = []
    if not rehearsal.complete:
        lines.append(f"There is more than can be looked at; this is about {rehearsal.looked_at} of it.")
    lines.append(
        f"In the last {LOOK_BACK.days} days it would have caught {rehearsal.caught} of {rehearsal.looked_at} feedback."
    )
    lines += [f"  {_line(revision)}" for revision in rehearsal.latest]
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
