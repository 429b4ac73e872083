"""The deployed function: recorded events of both providers in, answers stored, and no error for what is bad."""

import base64
import copy
import json
import os
import subprocess
import sys
from datetime import datetime
from types import ModuleType
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qsl, urlencode

import pytest
from pydynox import DynamoDBClient

from functions.capture_sms.twilio import sign
from shared.errors import NotConfigured
from shared.ids import answer_id
from shared.keys.twilio_tokens import TwilioTokens
from shared.settings import CaptureSmsSettings
from tests.kit.factories import a_context
from tests.kit.samples import load_event
from tests.kit.tables import MAIN_TABLE

AWS = load_event("samples/sms/aws_inbound.json")
TWILIO = load_event("samples/sms/twilio_inbound.json")
ACCOUNT = "AC00000000000000000000000000000000"
URL = "https://feedback.fernleaf.example/sms/twilio"
AWS_ID = answer_id("sms", "aws", "cae173d2-66b9-564c-8309-21f858e9fb84")
TWILIO_ID = answer_id("sms", "twilio", "SM1f0e8ae6ade43cb3c0ce4525fb426dc6")


def from_aws(**changes: Any) -> dict[str, Any]:
    event: dict[str, Any] = copy.deepcopy(AWS)
    event["Records"][0]["Sns"].update(changes)
    return event


def from_twilio(signature: str | None = None, signed_with: str = "12345", **fields: str) -> dict[str, Any]:
    event: dict[str, Any] = copy.deepcopy(TWILIO)
    parameters = dict(parse_qsl(base64.b64decode(event["body"]).decode(), keep_blank_values=True)) | fields
    event["body"] = base64.b64encode(urlencode(parameters).encode()).decode()
    event["headers"]["x-twilio-signature"] = signature or sign(URL, list(parameters.items()), signed_with)
    return event


def items(client: DynamoDBClient) -> list[Any]:
    return list(client.sync_scan(MAIN_TABLE["TableName"]))


@pytest.fixture
def with_token(function: ModuleType) -> ModuleType:
    function.tokens.set(ACCOUNT, "12345")
    return function


def test_a_text_from_aws_is_stored(function: ModuleType) -> None:
    assert function.handler(AWS, a_context()) is None
    revision = function.ear().store.get(AWS_ID)
    assert (revision.feedback.rating, revision.feedback.comment) == (2, "queue too long")


@pytest.mark.parametrize(
    ("timestamp", "since"),
    [
        ("2026-03-14T09:26:51.120Z", "2026-03-14T09:26:51.120Z"),
        ("2026-03-14T11:26:51.120+02:00", "2026-03-14T09:26:51.120Z"),
        ("2999-01-01T00:00:00.000Z", "2026-03-14T10:00:00.000Z"),
        ("0001-01-01T00:00:00+09:00", "2026-03-14T10:00:00.000Z"),
        ("yesterday", "2026-03-14T10:00:00.000Z"),
        (1773480411, "2026-03-14T10:00:00.000Z"),
        (None, "2026-03-14T10:00:00.000Z"),
    ],
)
def test_a_text_counts_from_when_it_was_said_or_else_from_now(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, timestamp: object, since: str
) -> None:
    monkeypatch.setattr(function, "utc_now", lambda: datetime.fromisoformat("2026-03-14T10:00:00Z"))
    message = json.loads(AWS["Records"][0]["Sns"]["Message"]) | {"messageBody": "Stop overcharging me"}
    function.handler(from_aws(Message=json.dumps(message), Timestamp=timestamp), a_context())
    assert function.ear().people.get("+447400123456").silent_since == datetime.fromisoformat(since)
    assert function.ear().store.get(AWS_ID).feedback.comment == "Stop overcharging me"


def test_a_text_without_a_timestamp_is_heard(function: ModuleType) -> None:
    event = from_aws()
    del event["Records"][0]["Sns"]["Timestamp"]
    function.handler(event, a_context())
    assert function.ear().store.get(AWS_ID) is not None


def test_a_text_from_twilio_is_stored_and_answered_in_the_response(with_token: ModuleType) -> None:
    answer = with_token.handler(from_twilio(), a_context())
    assert answer["statusCode"] == 200
    assert "<Message>Thank you!" in answer["body"]
    assert with_token.ear().store.get(TWILIO_ID).feedback.comment == "queue too long"


def test_a_request_builds_what_hears_it_once(with_token: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Mock(side_effect=with_token.ear)
    monkeypatch.setattr(with_token, "ear", ear)
    with_token.handler(from_twilio(), a_context())
    assert ear.call_count == 1


def test_a_picture_without_words_reaches_the_team(with_token: ModuleType) -> None:
    url = "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM1/Media/ME1"
    answer = with_token.handler(from_twilio(Body="", NumMedia="1", MediaUrl0=url), a_context())
    assert answer["statusCode"] == 200
    assert with_token.ear().store.get(TWILIO_ID).feedback.comment == f"📎 {url}"


def test_a_replayed_request_stores_and_says_nothing(with_token: ModuleType, client: DynamoDBClient) -> None:
    with_token.handler(from_twilio(), a_context())
    before = sorted(items(client), key=lambda item: item["pk"])
    answer = with_token.handler(from_twilio(), a_context())
    assert (answer["statusCode"], "<Message>" in answer["body"]) == (200, False)
    assert sorted(items(client), key=lambda item: item["pk"]) == before


def test_what_twilio_answered_itself_is_not_answered_again(with_token: ModuleType) -> None:
    answer = with_token.handler(from_twilio(Body="STOP", OptOutType="STOP"), a_context())
    assert "<Message>" not in answer["body"]
    assert with_token.ear().people.get("+447400123456").silence == "stopped"


def test_what_twilio_took_for_a_stop_silences_by_whatever_word(with_token: ModuleType, client: DynamoDBClient) -> None:
    answer = with_token.handler(from_twilio(Body="ALTO", OptOutType="STOP"), a_context())
    assert "<Message>" not in answer["body"]
    assert with_token.ear().people.get("+447400123456").silence == "stopped"
    assert [item["kind"] for item in items(client) if item["kind"] == "feedback"] == []
    with_token.handler(from_twilio(MessageSid="SM2", Body="ALTA", OptOutType="START"), a_context())
    assert with_token.ear().people.get("+447400123456").silence is None


@pytest.mark.parametrize(
    "event",
    [
        from_twilio(signature="forged"),
        from_twilio(signed_with="another"),
        from_twilio(AccountSid="AC11111111111111111111111111111111"),
        {**TWILIO, "body": base64.b64encode(b"\xff\xfe").decode()},
        {**TWILIO, "body": "not base64!"},
        {**TWILIO, "body": base64.b64encode(b"Body=" + b"x" * 70_000).decode()},
        {"requestContext": TWILIO["requestContext"], "rawPath": "/sms/twilio"},
    ],
)
def test_a_bad_request_is_refused_and_nothing_stored(
    with_token: ModuleType, client: DynamoDBClient, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = with_token.handler(event, a_context())
    assert 400 <= answer["statusCode"] < 500
    assert items(client) == []
    assert '"Refused' in capsys.readouterr().out  # counted


@pytest.mark.parametrize("setting", ["tokens", "settings"])
def test_a_table_that_does_not_answer_lets_twilio_send_it_again(
    with_token: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    gone = {
        "tokens": TwilioTokens(with_token.client, "no-such-table", with_token.settings.secrets_key),
        "settings": CaptureSmsSettings(**dict(with_token.settings) | {"table": "no-such-table"}),
    }
    with monkeypatch.context() as patched:
        patched.setattr(with_token, setting, gone[setting])
        answer = with_token.handler(from_twilio(), a_context())
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (503, "unavailable")
    assert '"RefusedUnavailable":[1.0]' in capsys.readouterr().out
    assert with_token.handler(from_twilio(), a_context())["statusCode"] == 200


@pytest.mark.parametrize(
    "event",
    [
        from_aws(TopicArn="arn:aws:sns:eu-west-1:444455556666:earshot-texts"),
        from_aws(Message="no JSON"),
        from_aws(Message="[]"),
        from_aws(Message="null"),
        from_aws(Message='{"a":' * 100_000),
        *(
            from_aws(
                Message=json.dumps({"inboundMessageId": id, "originationNumber": "+447400123456", "messageBody": "hi"})
            )
            for id in ("", "\ud800")
        ),
        from_aws(Message=json.dumps({"inboundMessageId": 5, "originationNumber": None, "messageBody": []})),
    ],
)
def test_what_is_not_from_our_topic_or_no_text_is_refused_without_a_retry(
    function: ModuleType, client: DynamoDBClient, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    function.handler(event, a_context())
    assert items(client) == []
    assert '"Refused' in capsys.readouterr().out


def test_without_a_number_twilio_finds_nothing_and_a_text_from_aws_is_kept_to_be_taken_later(
    with_token: ModuleType, client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(with_token, "config", with_token.config.model_copy(update={"sms": None}))
    answer = with_token.handler(from_twilio(), a_context())
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (404, "not_configured")
    # Raised, so that Lambda tries again, and then keeps it.
    with pytest.warns(UserWarning, match="No application metrics"), pytest.raises(NotConfigured):
        with_token.handler(AWS, a_context())
    assert items(client) == []


def test_it_imports_no_boto() -> None:
    # Powertools imports the empty package `botocore`, to put its name on clients made later; nothing inside it.
    code = "import sys, functions.capture_sms.handler; print([m for m in sys.modules if m.startswith(PACKAGES)])"
    code = code.replace("PACKAGES", "('boto3', 'botocore.')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    assert done.stdout.strip() == "[]"


def _environment() -> dict[str, str]:
    names = ("TABLE", "KEYS_TABLE", "SECRETS_KEY", "PUBLIC_URL", "SMS_TOPIC")
    return dict(os.environ) | {f"EARSHOT_{name}": "x" for name in names}
