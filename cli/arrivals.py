"""Seeing the test of a route arrive, wherever the route leads."""

import json
import time
from collections.abc import Callable

from cli.stage import Stage
from shared.config import Target, TargetKind
from shared.deliveries import State
from shared.patterns import TEST_SOURCE

ARRIVAL_SECONDS = 30
REFUSAL_SECONDS = 10  # EventBridge gives up at once on a target that does not let it in


def see(stage: Stage, id: str, target: Target, feedback_id: str) -> str:
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
    for delivery in stage.deliveries.of_feedback(feedback_id):
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
