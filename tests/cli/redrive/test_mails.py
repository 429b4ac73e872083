import io
import json
from typing import Any

import boto3
import pytest

from cli.redrive import queues as kept_messages
from cli.stage import Stage
from functions.capture_email.intake import Intake
from functions.capture_email.mailroom import Mailroom
from shared.config.model import Config
from shared.feedback.store import Store
from shared.keys.signing import Keys
from shared.mail.received import Mails
from tests.cli.conftest import Earshot
from tests.kit.samples import load_bytes


@pytest.fixture
def capture_email(stage: str, store: Store, keys: Keys, config: Config, monkeypatch: pytest.MonkeyPatch) -> Intake:
    """The real intake behind Lambda's Invoke, which moto cannot run without Docker."""
    intake = Intake(boto3.client("s3"), "mails", Mailroom(store, keys, config), Mails(store.client, store.table))

    class Lambda:
        def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
            assert FunctionName == "capture-email"
            record = intake.take(json.loads(Payload)["detail"]["object"]["key"])
            return {"Payload": io.BytesIO(json.dumps({"outcome": record and record.outcome.value}).encode())}

    client = Stage.client
    monkeypatch.setattr(Stage, "client", lambda self, name: Lambda() if name == "lambda" else client(self, name))
    monkeypatch.setattr(kept_messages, "WAIT_SECONDS", 0)
    return intake


def quarantine(intake: Intake, id: str, raw: bytes) -> None:
    boto3.client("s3").put_object(Bucket="mails", Key=f"mail/{id}", Body=raw)
    intake.quarantine(f"mail/{id}", "a mistake of ours")


def quarantined() -> list[str]:
    found = boto3.client("s3").list_objects_v2(Bucket="mails", Prefix="quarantine/")
    return [each["Key"] for each in found.get("Contents", ())]


def test_a_mail_that_can_be_read_now_becomes_feedback_and_leaves_the_quarantine(
    earshot: Earshot, capture_email: Intake, store: Store
) -> None:
    quarantine(capture_email, "m1", load_bytes("samples/mail/fresh_mail.eml"))
    assert "mails that could not be read: 1 to send" in earshot("redrive", "--dry-run").out
    ran = earshot("redrive")
    assert "mails that could not be read: 1 sent, 0 kept" in ran.out
    assert ran.status == 0
    record = Mails(store.client, store.table).get("m1")
    assert record is not None
    assert store.get(record.feedback_id or "") is not None
    assert quarantined() == []


def test_a_mail_that_still_cannot_be_read_stays_and_says_how_to_look_at_it(
    earshot: Earshot, capture_email: Intake
) -> None:
    quarantine(capture_email, "m1", b"")
    ran = earshot("redrive")
    assert "kept: it still cannot be read; look at it with `aws s3 cp s3://mails/quarantine/m1 -`" in ran.out
    assert ran.status == 1
    assert quarantined() == ["quarantine/m1"]


def test_an_arrival_that_nobody_heard_of_is_taken(earshot: Earshot, capture_email: Intake, store: Store) -> None:
    boto3.client("s3").put_object(Bucket="mails", Key="mail/m1", Body=load_bytes("samples/mail/fresh_mail.eml"))
    queue = boto3.client("sqs").get_queue_url(QueueName="unheard")["QueueUrl"]
    event = {"detail-type": "Object Created", "detail": {"object": {"key": "mail/m1"}}}
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    assert "mails whose arrival was not heard of: 1 sent, 0 kept" in earshot("redrive").out
    assert Mails(store.client, store.table).get("m1") is not None


def test_doctor_counts_what_is_in_quarantine(earshot: Earshot, capture_email: Intake) -> None:
    boto3.client("events").create_event_bus(Name="earshot-local")
    quarantine(capture_email, "m1", b"")
    assert "1 mails that could not be read" in earshot("doctor").out
