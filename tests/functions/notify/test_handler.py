import importlib
import io
import json
import sys
from datetime import timedelta
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto.ses.models import ses_backends

from functions.notify.parcel import Parcel
from functions.notify.retries import Attempt
from shared.addresses.targets import TargetKind
from shared.config.model import Config
from shared.feedback.store import Store
from shared.model.events import feedback_event
from shared.model.life import Transition
from shared.values import utc_now
from tests.kit.factories import a_context, an_answer
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE

MODULE = "functions.notify.handler"
ROUTE = "team-tills"
SETTLED = timedelta(minutes=1)


@pytest.fixture
def function(store: Store, config: Config, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {
        "TABLE": MAIN_TABLE["TableName"],
        "KEYS_TABLE": KEYS_TABLE["TableName"],
        "PUBLIC_URL": "http://127.0.0.1:8040",
        "DELIVERIES_QUEUE_URL": boto3.client("sqs").create_queue(QueueName="deliveries")["QueueUrl"],
        "ASIDE_QUEUE_URL": boto3.client("sqs").create_queue(QueueName="aside")["QueueUrl"],
        "SECRETS_KEY": boto3.client("kms").create_key()["KeyMetadata"]["KeyId"],
        "SETTLING_SECONDS": "45",
        "RETRY_SPEED": "1",
        "OUTBOUND_GATEWAY": "",
    }.items():
        monkeypatch.setenv(f"EARSHOT_{name}", value)
    boto3.client("sesv2").create_email_identity(EmailIdentity=config.business.sender)
    sys.modules.pop(MODULE, None)
    return importlib.import_module(MODULE)


def a_record(number: int, body: str) -> dict[str, Any]:
    return {"messageId": f"m{number}", "body": body}


def a_message(store: Store, config: Config, number: int, ago: timedelta = timedelta()) -> str:
    answer = an_answer(str(number), comment=f"Words {number}.")
    revision = store.capture(answer, config, utc_now() - ago).revision
    event = feedback_event(Transition.CAPTURED, None, revision)
    envelope = {"detail-type": event.detail_type, "detail": event.detail()}
    target = config.declared_routes()[ROUTE].targets[0].id
    return json.dumps({"route": ROUTE, "target": target, "event": envelope})


def test_what_fails_in_a_batch_comes_again_and_the_rest_is_delivered(
    function: ModuleType, store: Store, config: Config
) -> None:
    settled = [a_record(number, a_message(store, config, number, ago=SETTLED)) for number in range(3)]
    answer = function.handler({"Records": [*settled, a_record(3, '{"route": "r"}'), a_record(4, "x")]}, a_context())
    assert sorted(failure["itemIdentifier"] for failure in answer["batchItemFailures"]) == ["m3", "m4"]
    sent = ses_backends["123456789012"]["eu-west-1"].sent_messages
    assert len(sent) == 3


def test_no_word_of_a_customer_is_logged(
    function: ModuleType, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = io.StringIO()
    monkeypatch.setattr(function.logger.registered_handler, "stream", logged)
    whispered = '{"route": "r", "event": {"detail": {"feedback": {"comment": "whispered"}}}'
    unreadable = [a_record(1, whispered), a_record(2, whispered + "}")]
    breaks = a_record(3, a_message(store, config, 3, ago=SETTLED))

    def break_down(parcel: Parcel) -> Attempt:
        raise ValueError(f"cannot say {parcel.shown.words}")

    monkeypatch.setitem(function.notifier._senders, TargetKind.EMAIL, break_down)
    function.handler({"Records": [*unreadable, breaks]}, a_context())
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert sorted(line["message_id"] for line in lines if line["message"] == "message failed") == ["m1", "m2"]
    assert {line["reason"] for line in lines if "reason" in line} == {"ValidationError", "ValueError"}
    assert "test_handler.py" in logged.getvalue(), "where it happened is still told"
    assert "whispered" not in logged.getvalue()
    assert "Words 3" not in logged.getvalue()


def test_a_fresh_answer_goes_back_to_the_queue_to_settle(function: ModuleType, store: Store, config: Config) -> None:
    answer = function.handler({"Records": [a_record(1, a_message(store, config, 1))]}, a_context())
    assert answer == {"batchItemFailures": []}
    sqs = boto3.client("sqs")
    attributes = sqs.get_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName="deliveries")["QueueUrl"],
        AttributeNames=["ApproximateNumberOfMessagesDelayed"],
    )["Attributes"]
    assert attributes == {"ApproximateNumberOfMessagesDelayed": "1"}
