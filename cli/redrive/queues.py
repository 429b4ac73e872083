"""Queues of dead letters: events that a rule gave up, and what a function gave up."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from cli.redrive.places import Kept, Tally, invoke
from cli.stage import Stage, client_at

HIDDEN_SECONDS = 300  # a message that is being sent again stays hidden from a second redrive as long
WAIT_SECONDS = 1  # makes SQS ask all its servers, so that an empty answer means an empty queue
EVENT = "<aws.events.event.json>"  # what stands for the event in a rule target's input template

Message = Mapping[str, Any]


def drain(queue: str, send: Callable[[Stage, Message], object], stage: Stage) -> Tally:
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
            except (ClientError, Kept) as error:
                tally.keep(1, str(error))
                kept[message["MessageId"]] = message["ReceiptHandle"]
            else:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                tally.sent += 1
    for receipt in kept.values():
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    return tally


def count_messages(queue: str, stage: Stage) -> Tally:
    """How many there are; SQS counts approximately."""
    answer = stage.client("sqs").get_queue_attributes(
        QueueUrl=stage.outputs[queue], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return Tally(kept=int(answer["Attributes"]["ApproximateNumberOfMessages"]))


def deliver(stage: Stage, message: Message) -> None:
    """Bring an event that a rule gave up to the one target that it was meant for.

    The message is the event as it was on the bus; its attributes name the rule and what it points to.
    """
    rule_arn, target_arn = (_attribute(message, name) for name in ("RULE_ARN", "TARGET_ARN"))
    bus, _, rule = rule_arn.partition(":rule/")[2].rpartition("/")
    targets = stage.client("events").list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]
    meant = [target for target in targets if target["Arn"] == target_arn]
    if not meant:
        raise Kept(f"rule {rule} no longer leads to {target_arn}")
    for target in meant:  # several cards of a route share one queue; those that arrived before know it
        _send_to(stage, target, message["Body"])


def _attribute(message: Message, name: str) -> str:
    try:
        return str(message["MessageAttributes"][name]["StringValue"])
    except KeyError:
        raise Kept(f"message {message['MessageId']} has no {name}, so EventBridge did not put it there") from None


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
            raise Kept(f"{arn} did not take it: {answer['Entries'][0]['ErrorCode']}")


def enqueue(stage: Stage, message: Message) -> None:
    """Put a message that notify gave up back in its queue."""
    stage.client("sqs").send_message(QueueUrl=stage.outputs["DeliveriesQueueUrl"], MessageBody=message["Body"])


def take_text(stage: Stage, message: Message) -> None:
    """Let capture_sms take a text. Lambda keeps what it gave up with the event, SNS keeps its own notification."""
    try:
        kept = json.loads(message["Body"])
        event = kept.get("requestPayload") or {"Records": [{"EventSource": "aws:sns", "Sns": kept}]}
    except (ValueError, AttributeError):
        raise Kept(f"message {message['MessageId']} is no text that Lambda or SNS kept") from None
    invoke(stage, "TextsFunction", json.dumps(event))


def take_mail(stage: Stage, message: Message) -> None:
    """Bring an arrival that EventBridge gave up to capture_email; what the sweep has taken stays as it is."""
    invoke(stage, "CaptureEmailFunction", message["Body"])
