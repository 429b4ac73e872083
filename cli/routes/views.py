"""Watching a target for the test of a route, with resources made before the test and deleted after it."""

import json
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple, Self

from botocore.exceptions import ClientError

from cli.routes.searches import Message, Search
from cli.stage import Stage, client_at
from shared.addresses.targets import Target, TargetKind
from shared.model.events import RouteTested
from shared.values import utc_now

THEIRS = 100  # messages of a team's own at most that a test hides from it
OURS = 1000  # no limit in practice: in a watch of ours nothing lies but tests
KEPT_SECONDS = "60"  # as short as a queue keeps anything


class Unseen(Exception):
    """What arrives at a target cannot be seen from here; the message says why."""


class Sight(NamedTuple):
    """Whether a test arrived at a target, None where that cannot be seen, with an explanation for people."""

    arrived: bool | None
    said: str

    @classmethod
    def barred(cls, why: object) -> Self:
        """No fault was found, but the arrival could not be seen."""
        return cls(None, f"sent; not refused; cannot be seen from here: {why}")


ARRIVED = Sight(True, "arrived")


class View(NamedTuple):
    """A way to see tests at one target."""

    look: Callable[[str], Sight | None]
    """What has become of the test of that id, None as long as there is nothing to see."""
    unseen: Callable[[], Sight]
    """What there is to say when there never was, nor was it refused."""
    is_new: bool = False
    """Whether AWS was just told to show it, which takes AWS some seconds."""


def open_view(stage: Stage, route: str, target: Target, undo: ExitStack) -> View:
    """How tests of a route are seen at an AWS target; raises `Unseen`. `undo` takes away what was made for it."""
    try:
        match target.kind:
            case TargetKind.SQS:
                return _their_queue(stage, target.address, undo)
            case TargetKind.SNS:
                return _topic(stage, route, target.address, undo)
            case TargetKind.BUS:
                return _bus(stage, route, target.address, undo)
            case _:
                return _log(stage, target.address)
    except ClientError as error:
        raise Unseen(f"{error.operation_name} answers {error.response['Error']['Code']}") from None


def is_test(message: Message, test_id: str) -> bool:
    """Whether a message is the test of that id, as a rule sends it."""
    try:
        event = json.loads(message["Body"])
        return (event["source"], event["detail"]["feedback"]["id"]) == (RouteTested.source, test_id)
    except (ValueError, KeyError, TypeError):
        return False  # something else that lies in their queue


def _their_queue(stage: Stage, arn: str, undo: ExitStack) -> View:
    *_, account, name = arn.split(":")
    sqs = client_at(stage, arn)
    url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
    if int(json.loads(attributes.get("RedrivePolicy", "{}")).get("maxReceiveCount", THEIRS)) == 1:
        raise Unseen("it gives up what was received once, and a look is a receive of the team's own messages")
    search = undo.enter_context(Search(sqs, url, THEIRS))

    def unseen() -> Sight:
        if search.is_full:
            return Sight.barred(f"it holds {THEIRS} other messages and more")
        return Sight(False, "not seen in the queue; a consumer may have taken it, or its policy refuses the route")

    return View(partial(_found, search), unseen)


def _found(search: Search, test_id: str) -> Sight | None:
    return ARRIVED if search.look(lambda message: is_test(message, test_id)) else None


def _watch(search: Search) -> View:
    missed = Sight(False, "not seen there, though not refused; test it again, then ask its owner")
    return View(partial(_found, search), lambda: missed, is_new=True)


def _topic(stage: Stage, route: str, arn: str, undo: ExitStack) -> View:
    """A subscription of our own, to the tests of the route alone."""
    search, queue = _queue_for(stage, arn, "sns", arn, undo)
    sns = client_at(stage, arn)
    subscription = sns.subscribe(
        TopicArn=arn,
        Protocol="sqs",
        Endpoint=queue,
        Attributes={
            "RawMessageDelivery": "true",
            "FilterPolicyScope": "MessageBody",
            "FilterPolicy": json.dumps(_tests_of(route)),
        },
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    undo.callback(sns.unsubscribe, SubscriptionArn=subscription)
    return _watch(search)


def _bus(stage: Stage, route: str, arn: str, undo: ExitStack) -> View:
    """A rule of our own on the other bus, for the tests of the route alone."""
    *_, account, resource = arn.split(":")
    if account != stage.outputs["DeliveriesQueueArn"].split(":")[4]:
        raise Unseen(f"it belongs to the account {account}")
    events = client_at(stage, arn)
    bus = resource.removeprefix("event-bus/")
    rule = {"Name": _name(), "EventBusName": bus}
    source = events.put_rule(**rule, EventPattern=json.dumps(_tests_of(route)))["RuleArn"]
    undo.callback(events.delete_rule, **rule)
    search, queue = _queue_for(stage, arn, "events", source, undo)
    of_rule = {"Rule": rule["Name"], "EventBusName": bus}
    answer = events.put_targets(**of_rule, Targets=[{"Id": "watch", "Arn": queue}])
    if answer["FailedEntryCount"]:
        raise Unseen(f"PutTargets answers {answer['FailedEntries'][0]['ErrorCode']}")
    undo.callback(events.remove_targets, **of_rule, Ids=["watch"])
    return _watch(search)


def _queue_for(stage: Stage, arn: str, service: str, source: str, undo: ExitStack) -> tuple[Search, str]:
    """A queue of our own that what `source` names may send to, beside the resource of an ARN; and the queue's ARN."""
    _, partition, _, region, *_ = arn.split(":")
    name, account = _name(), stage.client("sts").get_caller_identity()["Account"]
    queue = f"arn:{partition}:sqs:{region}:{account}:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    # With its policy from the start: one that is set later can take a minute to count.
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs = client_at(stage, queue)
    attributes = {"Policy": policy, "MessageRetentionPeriod": KEPT_SECONDS}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    undo.callback(sqs.delete_queue, QueueUrl=url)
    return Search(sqs, url, OURS), queue


def _log(stage: Stage, arn: str) -> View:
    """The function's own log, where it says what it gets."""
    function = client_at(stage, arn).get_function_configuration(FunctionName=arn)
    group = function.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{function['FunctionName']}")
    since = int(utc_now().timestamp() * 1000)
    logs = client_at(stage, arn, "logs")

    def seen(test_id: str) -> Sight | None:
        try:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group, startTime=since, filterPattern=f'"{test_id}"'
            )
            return ARRIVED if any(page["events"] for page in pages) else None
        except logs.exceptions.ResourceNotFoundException:
            return None  # a function that has never run has no log

    return View(seen, lambda: Sight.barred(f"{group} shows only what the function logs"))


def _tests_of(route: str) -> dict[str, Any]:
    return {"source": [RouteTested.source], "detail": {"route": [route]}}


def _name() -> str:
    return f"earshot-test-{secrets.token_hex(8)}"
