"""`earshot tail`: each feedback as it is stored, and who was asked or not, from the table's own stream."""

import json
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from cli.stage import Stage, with_stage
from shared.customers.invitations import read_invitation
from shared.feedback.store import read_image
from shared.model.events import feedback_event, invitation_event
from shared.model.feedback import Feedback, Revision
from shared.model.invitation import InvitationRevision, InvitationStatus
from shared.model.life import Transition, transition

POLL_SECONDS = 0.5
SHARDS_SECONDS = 30.0  # how often to look for shards that DynamoDB has opened


class Change(NamedTuple):
    """What happened to a feedback: the state before, if there was one, and the state after."""

    name: Transition
    before: Revision | None
    after: Revision


News = Change | InvitationRevision


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print each event's detail as a line of JSON.")
@with_stage
def tail(stage: Stage, as_json: bool) -> None:
    """Show each feedback as it arrives, and each customer who was asked or not, until Ctrl-C."""
    click.echo(f"Feedback of the stage {stage.name} shows here as it arrives.", err=True)
    for news in follow(stage):
        click.echo(as_event(news) if as_json else as_text(news))


def follow(stage: Stage) -> Iterator[News]:
    """Everything that publish makes an event of, from now on, for ever."""
    for image, previous in _images(stage):
        match image.get("kind"):
            case {"S": "feedback"}:
                before, after = read_image(previous) if previous else None, read_image(image)
                name = transition(before, after)
                if name:
                    yield Change(name, before, after)
            case {"S": "invitation"}:
                asked = read_invitation(image)
                if invitation_event(asked):
                    yield asked


def as_event(news: News) -> str:
    """The detail of the event that publish makes of it, with its type, on one line."""
    event = feedback_event(*news) if isinstance(news, Change) else invitation_event(news)
    assert event is not None  # noqa: S101 - `follow` leaves out the others
    return json.dumps({"type": event.detail_type} | event.detail(), ensure_ascii=False)


def as_text(news: News) -> str:
    """For a terminal: the customer's own words first, then who, where and when."""
    return _feedback_text(news) if isinstance(news, Change) else _invitation_text(news)


def _invitation_text(asked: InvitationRevision) -> str:
    invitation = asked.invitation
    customer = invitation.customer
    what = {
        InvitationStatus.SENT: "Asked",
        InvitationStatus.SUPPRESSED: f"Not asked ({invitation.reason})",
        InvitationStatus.UNDELIVERED: f"Asked, and not reached ({invitation.reason})",
    }[invitation.status]
    about = [
        customer.phone or customer.email or "nobody",
        ", ".join(part for part in (invitation.touchpoint, invitation.place) if part),
        f"{asked.changed_at.astimezone():%H:%M:%S}",
        f"invitation {invitation.id}",
    ]
    return f"{what}: {_printable(' · '.join(about))}"


def _feedback_text(change: Change) -> str:
    feedback = change.after.feedback
    about = [
        _rating(feedback),
        ", ".join(part for part in (feedback.touchpoint, feedback.place) if part),
        *(f"because of {reason}" for reason in feedback.reasons),
        *([f"customer {feedback.customer.ref}"] if feedback.customer.ref else []),
        f"by {feedback.channel}, to {feedback.team}",
        f"{change.after.changed_at.astimezone():%H:%M:%S}",
        f"{'changed' if change.before else 'new'}, {feedback.id}",
    ]
    words = f"“{_printable(feedback.comment)}”" if feedback.comment else "(no words)"
    return f"{words}\n    {_printable(' · '.join(about))}"


def _rating(feedback: Feedback) -> str:
    if feedback.rating is None:
        return "no rating"
    return f"{feedback.mood}: {feedback.rating} of {feedback.scale.ratings[0]} to {feedback.scale.ratings[-1]}"


def _printable(text: str) -> str:
    """Without what could move the cursor or turn the line around; joiners are part of words."""
    return "".join(letter if letter.isprintable() or letter in "\u200c\u200d" else " " for letter in text)


def _images(stage: Stage) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """The new and the old image of every write from now on, in order per item."""
    table = stage.client("dynamodb").describe_table(TableName=stage.outputs["Table"])["Table"]
    stream, streams = table["LatestStreamArn"], stage.client("dynamodbstreams")
    iterators: dict[str, str] = {}
    known: set[str] = set()
    start = "LATEST"
    look_at = time.monotonic()
    while True:
        if time.monotonic() >= look_at:
            for shard in _shards(streams, stream):
                id = shard["ShardId"]
                if id not in known and (start != "LATEST" or _is_open(shard)):
                    position = {"StreamArn": stream, "ShardId": id, "ShardIteratorType": start}
                    iterators[id] = streams.get_shard_iterator(**position)["ShardIterator"]
                known.add(id)
            # A shard that opens later goes on where one of these ends, so it is read from its beginning.
            start, look_at = "TRIM_HORIZON", time.monotonic() + SHARDS_SECONDS
        for id, iterator in list(iterators.items()):
            answer = streams.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                change = record["dynamodb"]
                if "NewImage" in change:
                    yield change["NewImage"], change.get("OldImage")
            if "NextShardIterator" in answer:
                iterators[id] = answer["NextShardIterator"]
            else:  # the shard has ended
                del iterators[id]
                look_at = time.monotonic()
        time.sleep(POLL_SECONDS)


def _shards(streams: Any, stream: str) -> Iterator[dict[str, Any]]:
    page: dict[str, Any] = {}
    while True:
        description = streams.describe_stream(StreamArn=stream, **page)["StreamDescription"]
        yield from description["Shards"]
        if "LastEvaluatedShardId" not in description:
            return
        page = {"ExclusiveStartShardId": description["LastEvaluatedShardId"]}


def _is_open(shard: dict[str, Any]) -> bool:
    return "EndingSequenceNumber" not in shard["SequenceNumberRange"]
