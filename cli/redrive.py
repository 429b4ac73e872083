"""`earshot redrive`: send again what was kept because it could not be sent."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import click
from botocore.exceptions import ClientError

from cli.stage import Stage, with_stage
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


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be sent again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def redrive(stage: Stage, dry_run: bool, as_json: bool) -> int:
    """Send again what was kept because it could not be sent.

    Nothing is removed from where it is kept before it went out. All of it carries the ids it always had, so sending
    twice is safe. The exit status is 1 when something had to stay.
    """
    act = count if dry_run else send
    tallies = act(stage)
    if as_json:
        places = {place: asdict(tally) for place, tally in tallies.items()}
        click.echo(json.dumps({"dry_run": dry_run} | places, indent=2))
    else:
        for place, tally in tallies.items():
            verdict = f"{tally.kept} to send" if dry_run else f"{tally.sent} sent, {tally.kept} kept"
            click.echo(f"{_PLACES[place]}: {verdict}")
            for reason in tally.reasons:
                click.echo(f"  kept: {reason}")
    return int(not dry_run and any(tally.kept for tally in tallies.values()))


_PLACES = {
    "unpublished": "stored answers that were not published",
    "refused": "events that a route's target refused",
    "undelivered": "cards and webhooks that were not delivered",
    "unheard": "mails whose arrival was not heard of",
    "quarantined": "mails that could not be read",
    "untaken": "texts that could not be taken",
    "unsent": "texts and mails to customers that did not leave",
}


_QUEUES = {
    "refused": "RulesDeadLetterQueueUrl",
    "undelivered": "DeliveriesDeadLetterQueueUrl",
    "unheard": "UnheardMailQueueUrl",
    "untaken": "TextsDeadLetterQueueUrl",
}


def count(stage: Stage) -> dict[str, Tally]:
    """How much is kept in each place; SQS counts approximately."""
    sqs = stage.client("sqs")
    tallies = {
        place: Tally(kept=sum(len(_records(kept)[1]) for _, kept in _kept_batches(stage, reader)))
        for place, reader in (("unpublished", PUBLISH), ("unsent", SEND))
    }
    for place, output in _QUEUES.items():
        answer = sqs.get_queue_attributes(
            QueueUrl=stage.outputs[output], AttributeNames=["ApproximateNumberOfMessages"]
        )
        tallies[place] = Tally(kept=int(answer["Attributes"]["ApproximateNumberOfMessages"]))
    tallies["quarantined"] = Tally(kept=sum(1 for _ in _quarantined(stage)))
    return {place: tallies[place] for place in _PLACES}


def send(stage: Stage) -> dict[str, Tally]:
    """Send again what each place keeps, along the way of the feedback: first to the bus, then from there on."""
    return {
        "unpublished": _read_again(stage, PUBLISH),
        "refused": _deliver(stage),
        "undelivered": _enqueue(stage),
        "unheard": _hear_of_mails(stage),
        "quarantined": _read_mails(stage),
        "untaken": _take_texts(stage),
        "unsent": _read_again(stage, SEND),
    }


def _take_texts(stage: Stage) -> Tally:
    """Bring texts to capture_sms again: those that it failed on, as Lambda keeps them, or that SNS could not bring."""
    function = stage.client("lambda")

    def take(message: Mapping[str, Any]) -> None:
        kept = json.loads(message["Body"])
        event = kept.get("requestPayload", {"Records": [{"Sns": kept}]})
        answer = function.invoke(FunctionName=stage.outputs["TextsFunction"], Payload=json.dumps(event))
        if "FunctionError" in answer:
            raise _Kept("capture_sms could not run; read its log")

    return _drain(stage, "TextsDeadLetterQueueUrl", take)


def _read_mails(stage: Stage) -> Tally:
    """Let capture_email try each mail again; one that is taken now leaves the quarantine."""
    tally = Tally()
    s3, bucket = stage.client("s3"), stage.outputs["MailBucket"]
    for key in _quarantined(stage):
        try:
            outcome = _take_mail(stage, json.dumps({"detail": {"object": {"key": key}}}))
        except _Kept as error:
            tally.keep(1, str(error))
            continue
        if outcome == MailOutcome.QUARANTINED:
            tally.keep(1, f"it still cannot be read; look at it with `aws s3 cp s3://{bucket}/{key} -`")
        else:
            s3.delete_object(Bucket=bucket, Key=key)
            tally.sent += 1
    return tally


def _hear_of_mails(stage: Stage) -> Tally:
    """Bring the arrivals that EventBridge gave up to capture_email; those that the sweep has taken stay as they are."""
    return _drain(stage, "UnheardMailQueueUrl", lambda message: _take_mail(stage, message["Body"]))


def _take_mail(stage: Stage, event: str) -> str | None:
    answer = stage.client("lambda").invoke(FunctionName=stage.outputs["CaptureEmailFunction"], Payload=event.encode())
    if "FunctionError" in answer:
        raise _Kept("capture_email could not run; read its log")
    outcome: str | None = json.load(answer["Payload"])["outcome"]
    return outcome


def _quarantined(stage: Stage) -> Iterator[str]:
    s3, bucket = stage.client("s3"), stage.outputs["MailBucket"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=QUARANTINE):
        for found in page.get("Contents", ()):
            yield found["Key"]


class StreamReader(NamedTuple):
    """A function on the table's stream, by the outputs that name it and the bucket of what it failed on."""

    name: str
    function: str
    bucket: str


PUBLISH = StreamReader("publish", "PublishFunction", "UnpublishedBucket")  # it alone may put our events on the bus
SEND = StreamReader("send", "SendFunction", "UnsentBucket")


def _read_again(stage: Stage, reader: StreamReader) -> Tally:
    """Let a reader of the stream have the records that it failed on once more."""
    tally = Tally()
    function, s3 = stage.client("lambda"), stage.client("s3")
    for key, kept in _kept_batches(stage, reader):
        payload, records = _records(kept)
        answer = function.invoke(FunctionName=stage.outputs[reader.function], Payload=payload)
        if "FunctionError" in answer:
            tally.keep(len(records), f"{reader.name} could not run; read its log")
            continue
        failures = json.load(answer["Payload"])["batchItemFailures"]
        tally.sent += len(records) - len(failures)
        if failures:
            tally.keep(
                len(failures), f"{reader.name} could not read or put a record; its log names the sequence numbers"
            )
        else:
            s3.delete_object(Bucket=stage.outputs[reader.bucket], Key=key)
    return tally


def _kept_batches(stage: Stage, reader: StreamReader) -> Iterator[tuple[str, dict[str, Any]]]:
    """The key and content of each invocation that Lambda gave up, as its S3 failure destination keeps it."""
    s3, bucket = stage.client("s3"), stage.outputs[reader.bucket]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", ()):
            yield found["Key"], json.load(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"])


def _records(kept: Mapping[str, Any]) -> tuple[bytes, list[Any]]:
    """The payload that the function was invoked with (Lambda keeps it as text), and the records in it."""
    payload = kept["payload"]
    return payload.encode(), json.loads(payload)["Records"]


def _deliver(stage: Stage) -> Tally:
    """Bring each event that a rule gave up to the one target that it was meant for."""
    events = stage.client("events")

    def deliver(message: Mapping[str, Any]) -> None:
        """The queue holds the event as it was on the bus; the attributes name the rule and what it points to."""
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        bus, _, rule = attributes["RULE_ARN"].partition(":rule/")[2].rpartition("/")
        targets = events.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]
        meant = [target for target in targets if target["Arn"] == attributes["TARGET_ARN"]]
        if not meant:
            raise _Kept(f"rule {rule} no longer leads to {attributes['TARGET_ARN']}")
        for target in meant:  # several cards of a route share one queue; those that arrived before know it
            _send_to(stage, target, message["Body"])

    return _drain(stage, "RulesDeadLetterQueueUrl", deliver)


def _enqueue(stage: Stage) -> Tally:
    """Put the messages that notify gave up back in its queue."""
    sqs, url = stage.client("sqs"), stage.outputs["DeliveriesQueueUrl"]
    return _drain(
        stage,
        "DeliveriesDeadLetterQueueUrl",
        lambda message: sqs.send_message(QueueUrl=url, MessageBody=message["Body"]),
    )


class _Kept(Exception):
    """A message cannot be sent now, because."""


def _drain(stage: Stage, output: str, send: Callable[[Mapping[str, Any]], object]) -> Tally:
    """Send every message of a queue and delete it after; what cannot be sent is visible again at the end."""
    tally = Tally()
    sqs, url = stage.client("sqs"), stage.outputs[output]
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
                send(message)
            except (ClientError, _Kept) as error:
                tally.keep(1, str(error))
                kept[message["MessageId"]] = message["ReceiptHandle"]
            else:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                tally.sent += 1
    for receipt in kept.values():
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    return tally


def _send_to(stage: Stage, target: Mapping[str, Any], event: str) -> None:
    """Send an event to a rule's target as the rule would have, with the caller's credentials."""
    template = target.get("InputTransformer", {}).get("InputTemplate", EVENT)
    body = template.replace(EVENT, event)
    arn = target["Arn"]
    _, _, service, region, account, name = arn.split(":", 5)
    client = stage.session.client(service, region_name=region, endpoint_url=stage.endpoint_url)
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
