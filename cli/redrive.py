"""`earshot redrive`: send again what was kept because it could not be sent."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, NamedTuple

import click
from botocore.exceptions import ClientError

from cli.stage import Stage, client_at, with_stage
from shared.mails import QUARANTINE, MailOutcome

HIDDEN_SECONDS = 300  # a message that is being sent again stays hidden from a second redrive as long
WAIT_SECONDS = 1  # makes SQS ask all its servers, so that an empty answer means an empty queue
EVENT = "<aws.events.event.json>"  # what stands for the event in a rule target's input template


@dataclass
class Tally:
    """What became of the failures kept in one place, in whole numbers, and why some stay there."""

    sent: int = 0
    kept: int = 0
    reasons: list[str] = field(default_factory=list)

    def keep(self, number: int, reason: str) -> None:
        """Count what stays; each reason is said once."""
        self.kept += number
        if reason not in self.reasons:
            self.reasons.append(reason)


class Place(NamedTuple):
    """Where failures of one kind are kept, how to look at how many there are, and how to send them again.

    `look` leaves out what can never be sent, and names it as a reason.
    """

    what: str
    look: Callable[[Stage], Tally]
    send: Callable[[Stage], Tally]


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


_FUNCTIONS = {
    "PublishFunction": "publish",
    "SendFunction": "send",
    "TextsFunction": "capture_sms",
    "CaptureEmailFunction": "capture_email",
}


class _Kept(Exception):
    """Something cannot be sent now, because."""


def _invoke(stage: Stage, function: str, payload: str) -> Any:
    """What the function that an output names answers; raises `_Kept` where it could not run."""
    try:
        answer = stage.client("lambda").invoke(FunctionName=stage.outputs[function], Payload=payload.encode())
    except ClientError as error:
        raise _Kept(f"{_FUNCTIONS[function]} could not be invoked: {error}") from None
    if "FunctionError" in answer:
        raise _Kept(f"{_FUNCTIONS[function]} could not run; read its log")
    return json.load(answer["Payload"])


# Buckets with the invocations that Lambda gave up on the table's stream


def _invoke_again(bucket: str, function: str, stage: Stage) -> Tally:
    """Let a function have the stream's records once more. It alone may do what it does with them."""
    tally = Tally()
    s3 = stage.client("s3")
    for batch in _batches(stage, bucket, tally):
        try:
            failed = len(_invoke(stage, function, batch.payload)["batchItemFailures"])
        except _Kept as error:
            tally.keep(batch.records, str(error))
            continue
        tally.sent += batch.records - failed
        if failed:
            reason = f"{_FUNCTIONS[function]} could not read or put a record; its log names the sequence numbers"
            tally.keep(failed, reason)
        else:
            s3.delete_object(Bucket=stage.outputs[bucket], Key=batch.key)
    return tally


def _count_records(bucket: str, stage: Stage) -> Tally:
    foreign = Tally()
    records = sum(batch.records for batch in _batches(stage, bucket, foreign))
    return Tally(kept=records, reasons=foreign.reasons)


class _Batch(NamedTuple):
    """An invocation that Lambda kept: where it lies, what the function was invoked with, and of how many records."""

    key: str
    payload: str
    records: int


def _batches(stage: Stage, bucket: str, tally: Tally) -> Iterator[_Batch]:
    """All that Lambda kept in a bucket. What someone else put there stays, and the tally says so."""
    s3, name = stage.client("s3"), stage.outputs[bucket]
    for key in _keys(stage, bucket):
        kept = s3.get_object(Bucket=name, Key=key)["Body"].read()
        try:
            payload = json.loads(kept)["payload"]  # as text: Lambda's S3 destination keeps the invocation whole
            records = len(json.loads(payload)["Records"])
        except (ValueError, TypeError, LookupError):
            tally.keep(1, f"s3://{name}/{key} is no invocation that Lambda kept; look at it, then remove it")
        else:
            yield _Batch(key, payload, records)


def _keys(stage: Stage, bucket: str, prefix: str = "") -> Iterator[str]:
    for page in (
        stage.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stage.outputs[bucket], Prefix=prefix)
    ):
        for found in page.get("Contents", ()):
            yield found["Key"]


# Queues of dead letters

Message = Mapping[str, Any]


def _drain(queue: str, send: Callable[[Stage, Message], object], stage: Stage) -> Tally:
    """Send every message of a queue and delete it after; what cannot be sent is visible again at the end."""
    tally = Tally()
    sqs, url = stage.client("sqs"), stage.outputs[queue]
    kept: dict[str, str] = {}
    while True:
        received = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=WAIT_SECONDS,
            VisibilityTimeout=HIDDEN_SECONDS,
            MessageAttributeNames=["All"],
        )
        messages = [each for each in received.get("Messages", ()) if each["MessageId"] not in kept]
        if not messages:
            break
        for message in messages:
            try:
                send(stage, message)
            except (ClientError, _Kept) as error:
                tally.keep(1, str(error))
                kept[message["MessageId"]] = message["ReceiptHandle"]
            else:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                tally.sent += 1
    for receipt in kept.values():
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    return tally


def _count_messages(queue: str, stage: Stage) -> Tally:
    """How many there are; SQS counts approximately."""
    answer = stage.client("sqs").get_queue_attributes(
        QueueUrl=stage.outputs[queue], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return Tally(kept=int(answer["Attributes"]["ApproximateNumberOfMessages"]))


def _deliver(stage: Stage, message: Message) -> None:
    """Bring an event that a rule gave up to the one target that it was meant for.

    The message is the event as it was on the bus; its attributes name the rule and what it points to.
    """
    rule_arn, target_arn = (_attribute(message, name) for name in ("RULE_ARN", "TARGET_ARN"))
    bus, _, rule = rule_arn.partition(":rule/")[2].rpartition("/")
    targets = stage.client("events").list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]
    meant = [target for target in targets if target["Arn"] == target_arn]
    if not meant:
        raise _Kept(f"rule {rule} no longer leads to {target_arn}")
    for target in meant:  # several cards of a route share one queue; those that arrived before know it
        _send_to(stage, target, message["Body"])


def _attribute(message: Message, name: str) -> str:
    try:
        return str(message["MessageAttributes"][name]["StringValue"])
    except KeyError:
        raise _Kept(f"message {message['MessageId']} has no {name}, so EventBridge did not put it there") from None


def _send_to(stage: Stage, target: Mapping[str, Any], event: str) -> None:
    """Send an event to a rule's target as the rule would have, with the caller's credentials."""
    template = target.get("InputTransformer", {}).get("InputTemplate", EVENT)
    body = template.replace(EVENT, event)
    arn = target["Arn"]
    _, _, service, _, account, name = arn.split(":", 5)
    client = client_at(stage, arn)
    if service == "sqs":
        url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        fifo = {"MessageGroupId": group, "MessageDeduplicationId": json.loads(event)["id"]} if group else {}
        client.send_message(QueueUrl=url, MessageBody=body, **fifo)
    elif service == "sns":
        client.publish(TopicArn=arn, Message=body)
    elif service == "lambda":
        client.invoke(FunctionName=arn, InvocationType="Event", Payload=body)
    else:
        sent = json.loads(event)
        entry = {"EventBusName": arn, "Source": sent["source"], "DetailType": sent["detail-type"]}
        answer = client.put_events(Entries=[entry | {"Detail": json.dumps(sent["detail"])}])
        if answer["FailedEntryCount"]:
            raise _Kept(f"{arn} did not take it: {answer['Entries'][0]['ErrorCode']}")


def _enqueue(stage: Stage, message: Message) -> None:
    """Put a message that notify gave up back in its queue."""
    stage.client("sqs").send_message(QueueUrl=stage.outputs["DeliveriesQueueUrl"], MessageBody=message["Body"])


def _take_text(stage: Stage, message: Message) -> None:
    """Let capture_sms take a text. Lambda keeps what it gave up with the event, SNS keeps its own notification."""
    try:
        kept = json.loads(message["Body"])
        event = kept.get("requestPayload") or {"Records": [{"EventSource": "aws:sns", "Sns": kept}]}
    except (ValueError, AttributeError):
        raise _Kept(f"message {message['MessageId']} is no text that Lambda or SNS kept") from None
    _invoke(stage, "TextsFunction", json.dumps(event))


def _take_mail(stage: Stage, message: Message) -> None:
    """Bring an arrival that EventBridge gave up to capture_email; what the sweep has taken stays as it is."""
    _invoke(stage, "CaptureEmailFunction", message["Body"])


# Mails in quarantine


def _read_mails(stage: Stage) -> Tally:
    """Let capture_email try each mail again; one that is taken now leaves the quarantine."""
    tally = Tally()
    s3, bucket = stage.client("s3"), stage.outputs["MailBucket"]
    for key in _keys(stage, "MailBucket", QUARANTINE):
        try:
            answer = _invoke(stage, "CaptureEmailFunction", json.dumps({"detail": {"object": {"key": key}}}))
        except _Kept as error:
            tally.keep(1, str(error))
            continue
        if answer["outcome"] == MailOutcome.QUARANTINED:
            tally.keep(1, f"it still cannot be read; look at it with `aws s3 cp s3://{bucket}/{key} -`")
        else:
            s3.delete_object(Bucket=bucket, Key=key)
            tally.sent += 1
    return tally


def _stream(what: str, bucket: str, function: str) -> Place:
    return Place(what, partial(_count_records, bucket), partial(_invoke_again, bucket, function))


def _queue(what: str, queue: str, send: Callable[[Stage, Message], object]) -> Place:
    return Place(what, partial(_count_messages, queue), partial(_drain, queue, send))


PLACES = {
    "unpublished": _stream("stored answers that were not published", "UnpublishedBucket", "PublishFunction"),
    "refused": _queue("events that a route's target refused", "RulesDeadLetterQueueUrl", _deliver),
    "undelivered": _queue("cards and webhooks that were not delivered", "DeliveriesDeadLetterQueueUrl", _enqueue),
    "unheard": _queue("mails whose arrival was not heard of", "UnheardMailQueueUrl", _take_mail),
    "quarantined": Place(
        "mails that could not be read",
        lambda stage: Tally(kept=sum(1 for _ in _keys(stage, "MailBucket", QUARANTINE))),
        _read_mails,
    ),
    "untaken": _queue("texts that could not be taken", "TextsDeadLetterQueueUrl", _take_text),
    "unsent": _stream("texts and mails to customers that did not leave", "UnsentBucket", "SendFunction"),
}
"""In the order of the way: what is published now may be refused by a target, and then not be delivered."""
