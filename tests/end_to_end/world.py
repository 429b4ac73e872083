"""Customers and teams, as seen from outside of the stage."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import urllib3

from local.stage import Running
from shared.keys.links import Link
from shared.model.events import SOURCE
from shared.model.feedback import Revision
from shared.values import utc_now

PATIENCE_SECONDS = 60
T = TypeVar("T")


def eventually(look: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """Look again and again until there is something to see, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        time.sleep(0.1)
    raise AssertionError(f"nothing to see after {seconds} s")


class Answered(NamedTuple):
    """A response."""

    status: int
    body: Any


class Subscriber:
    """A team's own queue."""

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url
        self.seen: list[dict[str, Any]] = []

    def events(self, id: str) -> list[dict[str, Any]]:
        """The events about a feedback or an invitation that came so far, each once: they come at least once."""
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.seen.append(json.loads(message["Body"]))
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        mine = [
            event
            for event in self.seen
            if event["detail"].get("feedback", event["detail"].get("invitation"))["id"] == id
        ]
        return list({event["detail"]["id"]: event for event in mine}.values())


class World:
    """The stage from outside: by HTTP, the outbox and AWS calls of an admin."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.description = running.description
        self.stage = running.stage

    def link(self, touchpoint: str, *, ref: str | None = None) -> str:
        """A link that nobody else has, as `earshot link` signs it."""
        place = f"place-{uuid.uuid4().hex[:8]}"
        link = Link(touchpoint, place, ref, utc_now().replace(microsecond=0) + timedelta(hours=1))
        return f"{self.description['base_url']}/f/{link.token(self.stage.keys)}"

    def answer(self, link: str, **fields: Any) -> Answered:
        """Send an answer as an app does."""
        response = urllib3.request("POST", link, json=fields, timeout=30, retries=False)
        return Answered(response.status, response.json())

    def feedback(self, id: str) -> Revision | None:
        """What the table holds."""
        return self.stage.store.get(id)

    def feedback_items(self) -> int:
        """How many feedbacks the table holds."""
        scanned = self.stage.client("dynamodb").scan(
            TableName=self.description["table"],
            FilterExpression="kind = :feedback",
            ExpressionAttributeValues={":feedback": {"S": "feedback"}},
            Select="COUNT",
        )
        return int(scanned["Count"])

    def function(self, construct: str) -> str:
        """The name of the function of a construct of the stack."""
        resources = self.stage.client("cloudformation").describe_stack_resources(StackName="earshot-local")
        [name] = [
            each["PhysicalResourceId"]
            for each in resources["StackResources"]
            if each["ResourceType"] == "AWS::Lambda::Function" and each["LogicalResourceId"].startswith(construct)
        ]
        return str(name)

    def left(self, id: str) -> list[dict[str, Any]]:
        """What left about a feedback for the teams, oldest first."""
        return [left for left in self.outbox() if left.get("feedback_id") == id and left["kind"] != "sms"]

    def left_to(self, address: str) -> list[dict[str, Any]]:
        """What left for one address or number, oldest first."""
        return [left for left in self.outbox() if left["to"] == address]

    def outbox(self) -> list[dict[str, Any]]:
        """All that left, oldest first."""
        listed: list[dict[str, Any]] = urllib3.request(
            "GET", f"{self.description['outbox_url']}.json", timeout=30, retries=False
        ).json()
        return listed

    def earshot(self, folder: Path, *arguments: str, may_fail: bool = False) -> str:
        """What the command line prints, run where the stage's local.json is, as a developer does."""
        (folder / ".earshot").mkdir(exist_ok=True)
        (folder / ".earshot" / "local.json").write_text(json.dumps(self.description))
        command = [str(Path(sys.executable).with_name("earshot")), *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or may_fail, done.stderr
        return done.stdout

    @contextmanager
    def subscribed(self) -> Iterator[Subscriber]:
        """A team's own queue with a rule that sends it every event of Earshot."""
        sqs, events = self.stage.client("sqs"), self.stage.client("events")
        name, bus = f"subscriber-{uuid.uuid4().hex[:8]}", self.description["bus"]
        rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": [SOURCE]}))["RuleArn"]
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
        yield Subscriber(sqs, url)
        events.remove_targets(Rule=name, EventBusName=bus, Ids=["queue"])
        events.delete_rule(Name=name, EventBusName=bus)
        sqs.delete_queue(QueueUrl=url)
