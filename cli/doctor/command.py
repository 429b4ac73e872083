"""`earshot doctor`: what is wrong, and what to do about it. Each check yields findings; none is good news."""

import json
import sys
from collections.abc import Callable, Iterator

import click
from botocore.exceptions import ClientError

from cli.doctor.account import check_account
from cli.doctor.alarms import check_alarms
from cli.doctor.findings import Finding
from cli.doctor.mail import check_mail
from cli.doctor.messages import check_waiting
from cli.doctor.routes import check_claims, check_remains, check_room, check_rules, check_teams, look_at_room
from cli.doctor.texts import check_texts
from cli.redrive.command import PLACES
from cli.routes.policies import lets_in, policy_to_paste
from cli.stage import Stage, client_at, with_stage
from shared.addresses.targets import Target, TargetKind
from shared.config.problems import ConfigError


def check_kept(stage: Stage) -> Iterator[Finding]:
    """What could not be sent, and is kept to be sent again."""
    for name, place in PLACES.items():
        tally = place.look(stage)
        if tally.kept:
            yield Finding(name, f"{tally.kept} {place.what}; mend the cause, then run `earshot redrive`")
        for reason in tally.reasons:
            yield Finding(name, reason)


def check_queue_targets(stage: Stage) -> Iterator[Finding]:
    """Teams' own queues: whether each exists and lets its route's rule send to it."""
    for id, route in stage.routes.all().items():
        for target in route.targets:
            if target.kind is TargetKind.SQS:
                yield from _check_queue(stage, f"{stage.outputs['RuleArnPrefix']}{id}", f"routes.{id}", target)


def check_disabled_targets(stage: Stage) -> Iterator[Finding]:
    """Targets that nothing is sent to any more, since they took nothing for days or asked for it."""
    for id, route in stage.routes.all().items():
        for target in route.targets:
            health = stage.deliveries.health(id, target.id)
            if health.disabled_at is not None:
                yield Finding(
                    f"routes.{id}",
                    f"its {target.kind} target has been off since {health.disabled_at:%d %b} ({health.disabled_why}) "
                    f"Mend it, then run `earshot replay --route {id} --since 14d --missed`",
                )


def _check_queue(stage: Stage, rule: str, subject: str, target: Target) -> Iterator[Finding]:
    *_, account, name = target.address.split(":")
    sqs = client_at(stage, target.address)
    try:
        url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    except ClientError as error:
        code = error.response["Error"]["Code"]
        yield Finding(
            subject, f"cannot look at {target.address} ({code}); create it, or ask its owner to check the policy"
        )
        return
    if not lets_in(json.loads(attributes.get("Policy", "{}")), target, rule):
        yield Finding(
            subject,
            f"{target.address} does not let the route send; add this to its policy",
            json.dumps(policy_to_paste(target, rule), indent=2),
        )


CHECKS: tuple[Callable[[Stage], Iterator[Finding]], ...] = (
    check_kept,
    check_rules,
    check_remains,
    check_teams,
    check_queue_targets,
    check_claims,
    check_disabled_targets,
    check_waiting,
    check_mail,
    check_texts,
    check_alarms,
    check_account,
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def doctor(stage: Stage, as_json: bool) -> None:
    """Say what is wrong and what to do, and how full the bus is; exit status 1 if anything is wrong."""
    room = None
    try:
        _ = stage.config
    except ConfigError as error:
        findings = [Finding(f"earshot.toml: {problem.path}", problem.message) for problem in error.problems]
    else:
        room = look_at_room(stage)
        findings = [*check_room(room), *(finding for check in CHECKS for finding in check(stage))]
    if as_json:
        told = {"findings": [finding._asdict() for finding in findings], "rules": room and room._asdict()}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.subject}: {finding.message}")
            if finding.paste:
                click.echo(finding.paste)
        if room:
            click.echo(f"Rules: {room}.")
        if not findings:
            click.echo(f"Nothing to mend in stage {stage.name}.")
    if findings:
        sys.exit(1)
