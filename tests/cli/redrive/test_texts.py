"""`earshot redrive` for customers: texts that could not be taken, and messages that did not leave."""

import io
import json
from typing import Any

import boto3
import pytest

from cli.redrive import queues as kept_messages
from cli.stage import Stage
from tests.cli.conftest import Earshot
from tests.kit.samples import load_event

TEXT = load_event("samples/sms/aws_inbound.json")


class Functions:
    """Lambda's Invoke: what each function was invoked with, and the answer it gives."""

    def __init__(self) -> None:
        self.invoked: list[tuple[str, Any]] = []
        self.answer: dict[str, Any] | None = None
        self.broken = False

    def invoke(self, *, FunctionName: str, Payload: str | bytes) -> dict[str, Any]:  # noqa: N803
        if self.broken:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType": "Contended"}')}
        self.invoked.append((FunctionName, json.loads(Payload)))
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode())}


@pytest.fixture
def functions(stage: str, monkeypatch: pytest.MonkeyPatch) -> Functions:
    fake, client = Functions(), Stage.client
    monkeypatch.setattr(Stage, "client", lambda self, service: fake if service == "lambda" else client(self, service))
    monkeypatch.setattr(kept_messages, "WAIT_SECONDS", 0)
    return fake


def keep_text(body: dict[str, Any]) -> None:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="texts-dead")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))


def waiting() -> int:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="texts-dead")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


@pytest.mark.parametrize(
    "kept",
    [
        {"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": TEXT},
        TEXT["Records"][0]["Sns"],  # as SNS keeps what Lambda would not take
    ],
)
def test_a_text_that_could_not_be_taken_is_taken(earshot: Earshot, functions: Functions, kept: dict[str, Any]) -> None:
    keep_text(kept)
    ran = earshot("redrive")
    assert "texts that could not be taken: 1 sent, 0 kept" in ran.out
    [(name, event)] = functions.invoked
    assert name == "capture-sms"
    assert event["Records"][0]["Sns"]["Message"] == TEXT["Records"][0]["Sns"]["Message"]
    assert waiting() == 0


def test_a_text_stays_until_it_is_taken(earshot: Earshot, functions: Functions) -> None:
    functions.broken = True
    keep_text({"requestPayload": TEXT})
    ran = earshot("redrive")
    assert "kept: capture_sms could not run; read its log" in ran.out
    assert ran.status == 1
    assert waiting() == 1


@pytest.mark.parametrize("body", ["not JSON", "[]"])
def test_what_is_no_text_is_named_and_stays(earshot: Earshot, functions: Functions, body: str) -> None:
    sqs = boto3.client("sqs")
    id = sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="texts-dead")["QueueUrl"], MessageBody=body)["MessageId"]
    ran = earshot("redrive")
    assert f"kept: message {id} is no text that Lambda or SNS kept" in ran.out
    assert (ran.status, waiting(), functions.invoked) == (1, 1, [])


def test_messages_that_did_not_leave_are_sent(earshot: Earshot, functions: Functions) -> None:
    functions.answer = {"batchItemFailures": []}
    payload = {"Records": [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1"}}]}
    s3 = boto3.client("s3")
    s3.put_object(Bucket="unsent", Key="batch", Body=json.dumps({"payload": json.dumps(payload)}).encode())
    assert "texts and mails to customers that did not leave: 1 to send" in earshot("redrive", "--dry-run").out
    assert "texts and mails to customers that did not leave: 1 sent, 0 kept" in earshot("redrive").out
    assert functions.invoked == [("send", payload)]
    assert s3.list_objects_v2(Bucket="unsent")["KeyCount"] == 0
