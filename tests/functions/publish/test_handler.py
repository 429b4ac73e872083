"""Stream records in, events on the bus, and exactly the failures reported."""

import copy
import io
import json
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer

from functions.publish import handler as publish
from functions.publish import records as stream_records
from functions.publish.bus import Bus
from functions.publish.records import publish as publish_records
from shared.config.load import load
from shared.observe import logger
from tests.kit.factories import a_context
from tests.kit.samples import load_event

INSERT = load_event("samples/stream_insert.json")["Records"][0]
MODIFY = load_event("samples/stream_modify.json")["Records"][0]
EXPIRED = load_event("samples/stream_expired.json")["Records"][0]


class FakeEvents:
    """EventBridge's PutEvents, refusing the entries whose detail contains one of `refused`."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.details: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        answers = []
        for entry in Entries:
            if any(text in entry["Detail"] for text in self.refused):
                answers.append({"ErrorCode": "InternalFailure", "ErrorMessage": "try again"})
            else:
                self.details.append(json.loads(entry["Detail"]))
                answers.append({"EventId": "e"})
        return {"FailedEntryCount": len(Entries) - len(self.details), "Entries": answers}


def published(records: list[dict[str, Any]], *refused: str) -> tuple[list[str], list[str]]:
    """The ids of the events that went out, and the sequence numbers reported as failed."""
    events = FakeEvents(*refused)
    failed = publish_records(records, Bus(events, "earshot"), load())  # type: ignore[arg-type]
    return [detail["id"] for detail in events.details], failed


def changed(record: dict[str, Any], sequence_number: str, **image: Any) -> dict[str, Any]:
    """A copy of a recorded change with other attributes in its new image."""
    copied: dict[str, Any] = copy.deepcopy(record)
    copied["dynamodb"]["SequenceNumber"] = sequence_number
    copied["dynamodb"]["NewImage"].update(image)
    return copied


def test_a_change_of_feedback_reaches_a_subscriber_as_its_golden_event(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_BUS", "earshot-test")
    publish._bus.cache_clear()
    events, sqs = boto3.client("events"), boto3.client("sqs")
    events.create_event_bus(Name="earshot-test")
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName="earshot-test", EventPattern='{"source": ["earshot"]}')
    events.put_targets(Rule="all", EventBusName="earshot-test", Targets=[{"Id": "queue", "Arn": arn}])

    report = publish.handler({"Records": [MODIFY]}, a_context())

    assert report == {"batchItemFailures": []}
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    received, golden = json.loads(message["Body"]), load_event("golden/FeedbackAmended.v1.json")
    assert received["detail"]["feedback"].pop("words")  # which the event has had since
    assert {name: received[name] for name in ("source", "detail-type", "detail")} == {
        name: golden[name] for name in ("source", "detail-type", "detail")
    }


def test_the_same_record_delivered_twice_has_the_same_event_id() -> None:
    assert published([INSERT, MODIFY]) == published([INSERT, MODIFY])
    assert published([INSERT, MODIFY])[0] == ["apvs0kf58xkj96g6r385qc2qw8-1", "apvs0kf58xkj96g6r385qc2qw8-2"]


def test_an_item_that_aged_out_is_no_event() -> None:
    assert published([EXPIRED]) == ([], [])


def test_an_item_that_is_no_feedback_is_no_event() -> None:
    assert published([changed(INSERT, "1", kind={"S": "delivery"})]) == ([], [])
    other = changed(INSERT, "2")
    del other["dynamodb"]["NewImage"]["kind"]
    assert published([other]) == ([], [])


def test_a_change_of_bookkeeping_only_is_no_event() -> None:
    record = changed(
        MODIFY,
        "1",
        ttl={"N": "1"},
        **{name: value for name, value in MODIFY["dynamodb"]["OldImage"].items() if name != "ttl"},
    )
    assert published([record]) == ([], [])


@pytest.mark.parametrize(
    "damage",
    [
        {"rating": {"S": "two"}},
        {"mood": {"S": "livid"}},
        {"received_at": {"S": "yesterday"}},
        {"reasons": {"NULL": True}},
        {"comment": {"X": "a type that DynamoDB does not have"}},
    ],
    ids=lambda damage: next(iter(damage)),
)
def test_a_record_that_cannot_be_read_fails_alone(damage: dict[str, Any]) -> None:
    ids, failed = published([INSERT, changed(INSERT, "13", **damage), MODIFY])
    assert ids == ["apvs0kf58xkj96g6r385qc2qw8-1", "apvs0kf58xkj96g6r385qc2qw8-2"]
    assert failed == ["13"]


def test_a_refused_entry_fails_exactly_its_record() -> None:
    records = [changed(INSERT, str(number), id={"S": f"customer-{number}."}) for number in range(25)]
    ids, failed = published(records, "customer-3.", "customer-17.")
    assert failed == ["3", "17"]
    assert len(ids) == 23


def test_a_later_revision_goes_out_although_an_earlier_one_failed() -> None:
    ids, failed = published([INSERT, MODIFY], '"revision":1')
    assert ids == ["apvs0kf58xkj96g6r385qc2qw8-2"]
    assert failed == [INSERT["dynamodb"]["SequenceNumber"]]


def test_failures_are_reported_as_the_mapping_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "_bus", lambda: Bus(FakeEvents('"revision":2'), "earshot"))  # type: ignore[arg-type]
    report = publish.handler({"Records": [INSERT, MODIFY]}, a_context())
    assert report == {"batchItemFailures": [{"itemIdentifier": MODIFY["dynamodb"]["SequenceNumber"]}]}


def test_no_word_of_a_customer_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    logged = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", logged)
    monkeypatch.setattr(publish, "_bus", lambda: Bus(FakeEvents("whispered"), "earshot"))  # type: ignore[arg-type]
    words = {"comment": {"S": "whispered"}}
    records = [changed(INSERT, "1", **words), changed(MODIFY, "2", **words, mood={"S": "whispered"})]
    publish.handler({"Records": records}, a_context())
    assert logged.getvalue().count("could not be published") == 2
    assert "whispered" not in logged.getvalue()
    assert "layla" not in logged.getvalue()


def test_feedback_that_no_team_claims_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(stream_records, "count", lambda name, number=1: counted.append(name))
    gone = {"touchpoint": {"S": "no-longer-asked"}}
    published([INSERT, changed(INSERT, "2", **gone), changed(MODIFY, "3", **gone)])
    assert counted.count("FeedbackUnclaimed") == 1


@pytest.mark.parametrize(
    ("status", "name"), [("sending", None), ("sent", "InvitationSent"), ("suppressed", "InvitationSuppressed")]
)
def test_what_becomes_of_an_invitation_is_published(status: str, name: str | None) -> None:
    invitation = load_event("golden/InvitationSent.v1.json")["detail"]["invitation"] | {"status": status}
    item = invitation | {"kind": "invitation", "revision": 2, "changed_at": "2026-03-14T17:42:10.871Z", "link": "k3v9"}
    image = {key: TypeSerializer().serialize(value) for key, value in item.items()}
    record = {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "1", "NewImage": image}}
    ids, failed = published([record])
    assert (ids, failed) == ([f"{invitation['id']}-2"] if name else [], [])
