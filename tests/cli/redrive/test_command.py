import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import boto3
import pytest

from cli.redrive import queues as kept_messages
from cli.stage import Stage
from functions.publish import handler as publish
from tests.cli.conftest import ACCOUNT, Earshot
from tests.kit.factories import a_context
from tests.kit.samples import load_event

FAILURE = load_event("samples/stream_failure.json")
EVENT = load_event("golden/FeedbackAmended.v1.json")
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/earshot-local/earshot-route-orders"
TEMPLATE = '{"route": "orders", "target": "%s", "event": <aws.events.event.json>}'
KEY = (
    "aws/lambda/0b1c7a52-4f0e-4a86-bb0f-0d3f5b6f2a31/shardId-00000001773475200441-5f1c2d3e/"
    "2026/03/14/2026-03-14T09.31.02-3d1e9c5e-2f1d-4f55-8a37-6f0c9d0a7b11"
)


class PublishInLambda:
    """Lambda's Invoke of the real publish function, which moto cannot run without Docker."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "publish"
        try:
            with redirect_stdout(io.StringIO()):  # its metrics
                answer: Any = publish.handler(json.loads(Payload), a_context())
        except Exception as error:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(str(error)).encode())}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture(autouse=True)
def bus(stage: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A bus with a subscriber, behind the real publish function."""
    events = boto3.client("events")
    events.create_event_bus(Name="earshot-local")
    events.put_rule(Name="all", EventBusName="earshot-local", EventPattern='{"source": ["earshot"]}')
    events.put_targets(
        Rule="all", EventBusName="earshot-local", Targets=[{"Id": "queue", "Arn": arn_of(make_queue("subscriber"))}]
    )
    monkeypatch.setenv("EARSHOT_BUS", "earshot-local")
    client = Stage.client
    monkeypatch.setattr(
        Stage, "client", lambda self, service: PublishInLambda() if service == "lambda" else client(self, service)
    )
    monkeypatch.setattr(kept_messages, "WAIT_SECONDS", 0)
    publish._bus.cache_clear()
    yield
    publish._bus.cache_clear()


def make_queue(name: str) -> str:
    return str(boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"])


def arn_of(queue: str) -> str:
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return attributes["Attributes"]["QueueArn"]


def url_of(name: str) -> str:
    return boto3.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]


def bodies(name: str) -> list[Any]:
    received = boto3.client("sqs").receive_message(QueueUrl=url_of(name), MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def keep_batch(key: str = KEY, **record: Any) -> None:
    """Leave a failed invocation in the bucket, as Lambda does; `record` changes the first image in it."""
    payload = json.loads(FAILURE["payload"])
    payload["Records"][0]["dynamodb"]["NewImage"] |= record
    kept = FAILURE | {"payload": json.dumps(payload, ensure_ascii=False)}
    boto3.client("s3").put_object(Bucket="unpublished", Key=key, Body=json.dumps(kept).encode())


def kept_batches() -> int:
    return int(boto3.client("s3").list_objects_v2(Bucket="unpublished")["KeyCount"])


def refuse(rule: str, target: str) -> None:
    """Leave an event in the rules' dead-letter queue, as EventBridge does."""
    attributes = {
        "RULE_ARN": rule,
        "TARGET_ARN": target,
        "ERROR_CODE": "NO_PERMISSIONS",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }
    boto3.client("sqs").send_message(
        QueueUrl=url_of("rules-dead"),
        MessageBody=json.dumps(EVENT),
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )


def route_to(*targets: Any) -> None:
    events = boto3.client("events")
    events.put_rule(Name="earshot-route-orders", EventBusName="earshot-local", EventPattern='{"source": ["none"]}')
    events.put_targets(Rule="earshot-route-orders", EventBusName="earshot-local", Targets=list(targets))


def test_a_kept_batch_is_published_and_removed(earshot: Earshot) -> None:
    keep_batch()
    ran = earshot("redrive")
    assert ran.out.splitlines() == [
        "stored answers that were not published: 2 sent, 0 kept",
        "events that a route's target refused: 0 sent, 0 kept",
        "cards and webhooks that were not delivered: 0 sent, 0 kept",
        "mails whose arrival was not heard of: 0 sent, 0 kept",
        "mails that could not be read: 0 sent, 0 kept",
        "texts that could not be taken: 0 sent, 0 kept",
        "texts and mails to customers that did not leave: 0 sent, 0 kept",
    ]
    assert ran.status == 0
    assert {event["detail"]["revision"] for event in bodies("subscriber")} == {1, 2}
    assert kept_batches() == 0


def test_a_batch_stays_whole_until_all_of_it_went_out(earshot: Earshot) -> None:
    keep_batch(mood={"S": "livid"})
    ran = earshot("redrive")
    assert ran.out.splitlines()[:2] == [
        "stored answers that were not published: 1 sent, 1 kept",
        "  kept: publish could not read or put a record; its log names the sequence numbers",
    ]
    assert ran.status == 1
    assert kept_batches() == 1


def test_a_batch_stays_when_publish_cannot_run(earshot: Earshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARSHOT_BUS")
    keep_batch()
    assert "2 kept\n  kept: publish could not run" in earshot("redrive").out
    assert kept_batches() == 1


def test_one_batch_that_stays_does_not_hold_up_the_next(earshot: Earshot) -> None:
    keep_batch(KEY + "-1", mood={"S": "livid"})
    keep_batch(KEY + "-2")
    assert "3 sent, 1 kept" in earshot("redrive").out
    assert kept_batches() == 1


@pytest.mark.parametrize("foreign", [b"", b"not JSON", b"[]", b'{"payload": "{}"}', b'{"payload": 7}', b"\xff\xfe"])
def test_what_lambda_did_not_put_in_the_bucket_is_named_and_stays(earshot: Earshot, foreign: bytes) -> None:
    boto3.client("s3").put_object(Bucket="unpublished", Key="a note", Body=foreign)
    keep_batch()
    named = "  kept: s3://unpublished/a note is no invocation that Lambda kept; look at it, then remove it"
    counted = earshot("redrive", "--dry-run")
    assert counted.out.splitlines()[:2] == ["stored answers that were not published: 2 to send", named]
    ran = earshot("redrive")
    assert ran.out.splitlines()[:2] == ["stored answers that were not published: 2 sent, 1 kept", named]
    assert ran.status == 1
    assert kept_batches() == 1


def test_a_message_that_eventbridge_did_not_put_in_the_queue_is_named_and_stays(earshot: Earshot) -> None:
    boto3.client("sqs").send_message(QueueUrl=url_of("rules-dead"), MessageBody="{}")
    ran = earshot("redrive")
    assert "events that a route's target refused: 0 sent, 1 kept" in ran.out
    assert "has no RULE_ARN, so EventBridge did not put it there" in ran.out
    assert ran.status == 1


def test_a_refused_card_goes_to_the_deliveries_queue_as_its_rule_writes_it(earshot: Earshot) -> None:
    deliveries = arn_of(url_of("deliveries"))
    route_to(
        *(
            {"Id": id, "Arn": deliveries, "InputTransformer": {"InputTemplate": TEMPLATE % id}}
            for id in ("webhook", "mail")
        ),
        {"Id": "own", "Arn": arn_of(make_queue("orders"))},
    )
    refuse(RULE, deliveries)
    assert "events that a route's target refused: 1 sent, 0 kept" in earshot("redrive").out
    messages = bodies("deliveries")
    assert {message["target"] for message in messages} == {"webhook", "mail"}
    assert all(message["event"] == EVENT for message in messages)
    assert bodies("rules-dead") == bodies("orders") == []


@pytest.mark.parametrize("name", ["orders", "orders.fifo"])
def test_a_refused_event_goes_to_the_teams_own_queue_as_it_is(earshot: Earshot, name: str) -> None:
    fifo = name.endswith(".fifo")
    boto3.client("sqs").create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})
    queue = arn_of(url_of(name))
    route_to({"Id": "own", "Arn": queue} | ({"SqsParameters": {"MessageGroupId": "orders"}} if fifo else {}))
    refuse(RULE, queue)
    earshot("redrive")
    assert bodies(name) == [EVENT]


def test_a_refused_event_goes_to_a_topic_and_to_another_bus(earshot: Earshot) -> None:
    sns, events = boto3.client("sns"), boto3.client("events")
    topic = sns.create_topic(Name="orders")["TopicArn"]
    listener = arn_of(make_queue("listener"))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=listener, Attributes={"RawMessageDelivery": "true"})
    bus = events.create_event_bus(Name="elsewhere")["EventBusArn"]
    events.put_rule(Name="all", EventBusName="elsewhere", EventPattern='{"source": ["earshot"]}')
    events.put_targets(Rule="all", EventBusName="elsewhere", Targets=[{"Id": "q", "Arn": listener}])
    route_to({"Id": "topic", "Arn": topic}, {"Id": "bus", "Arn": bus})
    refuse(RULE, topic)
    refuse(RULE, bus)
    assert "2 sent, 0 kept" in earshot("redrive").out
    assert [event["detail"] for event in bodies("listener")] == [EVENT["detail"]] * 2


def test_an_event_whose_target_is_gone_stays_and_says_so(earshot: Earshot) -> None:
    route_to({"Id": "own", "Arn": arn_of(make_queue("orders"))})
    gone = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:gone"
    refuse(RULE, gone)
    refuse(RULE, gone)
    ran = earshot("redrive")
    assert "events that a route's target refused: 0 sent, 2 kept" in ran.out
    assert ran.out.count(f"kept: rule earshot-route-orders no longer leads to {gone}") == 1
    assert bodies("rules-dead") == [EVENT, EVENT]


def test_an_event_whose_rule_is_gone_stays(earshot: Earshot) -> None:
    refuse(RULE.replace("orders", "gone"), f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders")
    ran = earshot("redrive")
    assert "0 sent, 1 kept" in ran.out
    assert ran.status == 1


def test_undelivered_cards_are_queued_again(earshot: Earshot) -> None:
    sqs = boto3.client("sqs")
    for number in range(25):
        sqs.send_message(QueueUrl=url_of("deliveries-dead"), MessageBody=json.dumps({"number": number}))
    assert "cards and webhooks that were not delivered: 25 sent, 0 kept" in earshot("redrive").out
    attributes = sqs.get_queue_attributes(QueueUrl=url_of("deliveries"), AttributeNames=["ApproximateNumberOfMessages"])
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "25"
    assert "0 sent, 0 kept" in earshot("redrive").out.splitlines()[2]


def test_a_dry_run_counts_and_sends_nothing(earshot: Earshot) -> None:
    keep_batch()
    refuse(RULE, f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders")
    ran = earshot("redrive", "--dry-run")
    assert ran.out.splitlines() == [
        "stored answers that were not published: 2 to send",
        "events that a route's target refused: 1 to send",
        "cards and webhooks that were not delivered: 0 to send",
        "mails whose arrival was not heard of: 0 to send",
        "mails that could not be read: 0 to send",
        "texts that could not be taken: 0 to send",
        "texts and mails to customers that did not leave: 0 to send",
    ]
    assert ran.status == 0
    assert kept_batches() == 1
    assert bodies("subscriber") == []
    assert bodies("rules-dead") == [EVENT]


def test_json_carries_the_same_numbers(earshot: Earshot) -> None:
    keep_batch()
    assert json.loads(earshot("redrive", "--json").out) == {
        "dry_run": False,
        "unpublished": {"sent": 2, "kept": 0, "reasons": []},
        "refused": {"sent": 0, "kept": 0, "reasons": []},
        "undelivered": {"sent": 0, "kept": 0, "reasons": []},
        "unheard": {"sent": 0, "kept": 0, "reasons": []},
        "quarantined": {"sent": 0, "kept": 0, "reasons": []},
        "untaken": {"sent": 0, "kept": 0, "reasons": []},
        "unsent": {"sent": 0, "kept": 0, "reasons": []},
    }
