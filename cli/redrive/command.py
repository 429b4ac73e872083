"""`earshot redrive`: send again what was kept because it could not be sent."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import click

from cli.redrive.batches import count_records, invoke_again
from cli.redrive.places import Kept, Place, Tally, invoke, keys
from cli.redrive.queues import Message, count_messages, deliver, drain, enqueue, take_mail, take_text
from cli.stage import Stage, with_stage
from shared.mail.received import QUARANTINE_FOLDER, MailOutcome


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be sent again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def redrive(stage: Stage, dry_run: bool, as_json: bool) -> int:
    """Send again what was kept because it could not be sent.

    Nothing is removed from where it is kept before it went out. All of it carries the ids it always had, so sending
    twice is safe. The exit status is 1 when something had to stay.
    """
    tallies = {name: place.look(stage) if dry_run else place.send(stage) for name, place in PLACES.items()}
    if as_json:
        places = {name: asdict(tally) for name, tally in tallies.items()}
        click.echo(json.dumps({"dry_run": dry_run} | places, indent=2))
    else:
        for name, tally in tallies.items():
            verdict = f"{tally.kept} to send" if dry_run else f"{tally.sent} sent, {tally.kept} kept"
            click.echo(f"{PLACES[name].what}: {verdict}")
            for reason in tally.reasons:
                click.echo(f"  kept: {reason}")
    return int(not dry_run and any(tally.kept for tally in tallies.values()))


def _read_mails(stage: Stage) -> Tally:
    """Let capture_email try each mail again; one that is taken now leaves the quarantine."""
    tally = Tally()
    s3, bucket = stage.client("s3"), stage.outputs["MailBucket"]
    for key in keys(stage, "MailBucket", QUARANTINE_FOLDER):
        try:
            answer = invoke(stage, "CaptureEmailFunction", json.dumps({"detail": {"object": {"key": key}}}))
        except Kept as error:
            tally.keep(1, str(error))
            continue
        if answer["outcome"] == MailOutcome.QUARANTINED:
            tally.keep(1, f"it still cannot be read; look at it with `aws s3 cp s3://{bucket}/{key} -`")
        else:
            s3.delete_object(Bucket=bucket, Key=key)
            tally.sent += 1
    return tally


def _stream(what: str, bucket: str, function: str) -> Place:
    return Place(what, partial(count_records, bucket), partial(invoke_again, bucket, function))


def _queue(what: str, queue: str, send: Callable[[Stage, Message], object]) -> Place:
    return Place(what, partial(count_messages, queue), partial(drain, queue, send))


PLACES = {
    "unpublished": _stream("stored answers that were not published", "UnpublishedBucket", "PublishFunction"),
    "refused": _queue("events that a route's target refused", "RulesDeadLetterQueueUrl", deliver),
    "undelivered": _queue("cards and webhooks that were not delivered", "DeliveriesDeadLetterQueueUrl", enqueue),
    "unheard": _queue("mails whose arrival was not heard of", "UnheardMailQueueUrl", take_mail),
    "quarantined": Place(
        "mails that could not be read",
        lambda stage: Tally(kept=sum(1 for _ in keys(stage, "MailBucket", QUARANTINE_FOLDER))),
        _read_mails,
    ),
    "untaken": _queue("texts that could not be taken", "TextsDeadLetterQueueUrl", take_text),
    "unsent": _stream("texts and mails to customers that did not leave", "UnsentBucket", "SendFunction"),
}
"""In the order of the way: what is published now may be refused by a target, and then not be delivered."""
