import json
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from local.outbox import OutboxServer
from local.outbox_page import render
from tests.kit.markup import read
from tests.local.upstream import Upstream, upstream


@pytest.fixture
def ministack() -> Iterator[Upstream]:
    with upstream(200, b'{"MessageId": "m-1"}', content_type="application/json") as server:
        yield server


@pytest.fixture
def outbox(ministack: Upstream) -> Iterator[OutboxServer]:
    server = OutboxServer(0, ministack.url)
    with server.serving():
        yield server


def left(outbox: OutboxServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = urllib3.request("GET", f"{outbox.url}/outbox.json", retries=False).json()
    return found


def leave(outbox: OutboxServer, target: str, body: bytes, **headers: str) -> urllib3.BaseHTTPResponse:
    ours = {"X-Earshot-Target": target, "X-Earshot-Team": "tills", "X-Earshot-Feedback": "abc"}
    return urllib3.request("POST", outbox.url, body=body, headers=ours | headers, retries=False)


def test_a_request_to_the_outside_is_recorded_and_answered_without_leaving(outbox: OutboxServer) -> None:
    body = b'{"type":"FeedbackCaptured"}'
    answer = leave(outbox, "https://orders.example/hook", body, **{"webhook-id": "1", "X-Earshot-Kind": "webhook"})
    assert answer.status == 200
    [message] = left(outbox)
    assert (message["kind"], message["to"], message["text"]) == (
        "webhook",
        "https://orders.example/hook",
        body.decode(),
    )
    assert (message["team"], message["feedback_id"]) == ("tills", "abc")
    assert message["payload"] == {"type": "FeedbackCaptured"}
    assert message["headers"]["webhook-id"] == "1"
    assert not [name for name in message["headers"] if name.lower().startswith("x-earshot")]


def test_a_request_to_loopback_is_made_for_real_and_its_answer_passed_back(outbox: OutboxServer) -> None:
    with upstream(429, b"slow down", retry_after="7") as receiver:
        answer = leave(outbox, f"{receiver.url}/hook?x=1", b"{}", **{"webhook-signature": "v1,abc"})
    assert (answer.status, answer.data, answer.headers["Retry-After"]) == (429, b"slow down", "7")
    [asked] = receiver.asked
    assert (asked.path, asked.body, asked.headers["webhook-signature"]) == ("/hook?x=1", b"{}", "v1,abc")
    assert left(outbox)[0]["status"] == 429


def test_a_receiver_that_is_not_there_is_a_failure(outbox: OutboxServer) -> None:
    assert leave(outbox, "http://127.0.0.1:1/hook", b"{}").status == 502


def test_chat_messages_are_listed_by_what_they_say(outbox: OutboxServer) -> None:
    slack = {"text": "They said: slow", "blocks": []}
    card = {
        "type": "AdaptiveCard",
        "body": [{"type": "TextBlock", "text": "slow"}, {"type": "TextBlock", "text": "Ann"}],
    }
    teams = {"type": "message", "attachments": [{"content": card}]}
    for kind, payload in (("slack", slack), ("teams", teams)):
        leave(outbox, "https://chat.example", json.dumps(payload).encode(), **{"X-Earshot-Kind": kind})
    assert [(message["kind"], message["text"]) for message in left(outbox)] == [
        ("slack", "They said: slow"),
        ("teams", "slow\nAnn"),
    ]


def ses(outbox: OutboxServer) -> Any:
    return boto3.client("sesv2", endpoint_url=outbox.url)


def test_a_mail_goes_on_to_ministack_and_is_listed_once_accepted(outbox: OutboxServer, ministack: Upstream) -> None:
    content = {
        "Simple": {
            "Subject": {"Data": "شكوى"},
            "Body": {"Text": {"Data": "words"}, "Html": {"Data": "<p>words</p>"}},
            "Headers": [{"Name": "X-Earshot-Team", "Value": "tills"}, {"Name": "X-Earshot-Feedback", "Value": "abc"}],
        }
    }
    ses(outbox).send_email(
        FromEmailAddress="us@shop.example",
        ReplyToAddresses=["us+abc@shop.example"],
        Destination={"ToAddresses": ["tills@shop.example"]},
        Content=content,
    )
    assert ministack.asked[0].path == "/v2/email/outbound-emails"
    [message] = left(outbox)
    assert {**message, "at": ""} == {
        "kind": "email",
        "to": "tills@shop.example",
        "from": "us@shop.example",
        "at": "",
        "team": "tills",
        "feedback_id": "abc",
        "subject": "شكوى",
        "text": "words",
        "html": "<p>words</p>",
        "headers": {"Reply-To": "us+abc@shop.example", "X-Earshot-Team": "tills", "X-Earshot-Feedback": "abc"},
    }


def test_a_mail_that_ministack_refuses_has_not_left(outbox: OutboxServer, ministack: Upstream) -> None:
    ministack.status, ministack.body = 400, b'{"message": "Email address is not verified."}'
    content = {"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}}
    with pytest.raises(ClientError):
        ses(outbox).send_email(FromEmailAddress="us@shop.example", Content=content)
    assert left(outbox) == []


def test_a_raw_mail_is_read(outbox: OutboxServer) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["To"], mail["X-Earshot-Feedback"] = "Très bien", "ann@home.example", "abc"
    mail.set_content("text\n")
    mail.add_alternative("<p>html</p>", subtype="html")
    ses(outbox).send_email(Content={"Raw": {"Data": mail.as_bytes()}})
    [message] = left(outbox)
    assert (message["subject"], message["to"], message["feedback_id"]) == ("Très bien", "ann@home.example", "abc")
    assert (message["text"].strip(), message["html"].strip()) == ("text", "<p>html</p>")


def test_a_text_is_listed_and_answered_with_an_id(outbox: OutboxServer) -> None:
    client = boto3.client("pinpoint-sms-voice-v2", endpoint_url=outbox.url)
    answer = client.send_text_message(
        DestinationPhoneNumber="+447400900123",
        MessageBody="Thank you 🙏",
        Context={"team": "tills", "feedback_id": "abc"},
    )
    assert answer["MessageId"]
    [message] = left(outbox)
    assert (message["kind"], message["to"], message["text"]) == ("sms", "+447400900123", "Thank you 🙏")
    assert (message["team"], message["feedback_id"]) == ("tills", "abc")
    assert message["segments"] == 1


def test_a_mail_says_whom_to_answer(outbox: OutboxServer) -> None:
    ses(outbox).send_email(
        Destination={"ToAddresses": ["ann@home.example"]},
        ReplyToAddresses=["feedback+labc@fernleaf.example"],
        Content={"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}},
    )
    [message] = left(outbox)
    assert message["headers"]["Reply-To"] == "feedback+labc@fernleaf.example"


def test_a_page_of_another_name_may_not_read_it(outbox: OutboxServer) -> None:
    answer = urllib3.request("GET", f"{outbox.url}/outbox.json", headers={"Host": "evil.example"}, retries=False)
    assert answer.status == 403


def test_the_page_shows_mail_as_mail_and_runs_nothing_of_it(outbox: OutboxServer) -> None:
    html = '<p>hello</p><script>alert("x")</script>'
    outbox.outbox.record(
        "email", "a@b.example", "hello <&>", subject="<img onerror=x>", html=html, headers={"X": "<i>"}
    )
    answer = urllib3.request("GET", f"{outbox.url}/outbox", retries=False)
    page = answer.data.decode()
    assert "srcdoc=" in page
    for hostile in ("<script>alert", "<img onerror", "<i>"):
        assert hostile not in page
    assert "allow-scripts" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_page_has_the_newest_first() -> None:
    message = {"kind": "sms", "at": "2026-01-01T00:00:00.000Z", "text": "x"}
    page = render([message | {"to": "+441"}, message | {"to": "+442"}])
    assert page.index("+442") < page.index("+441")


@given(st.text() | st.sampled_from(["</pre><script>x</script>", '" onload="x', "{{ 7 * 7 }}"]))
def test_whatever_left_the_stage_is_shown_as_text(words: str) -> None:
    def page(words: str) -> str:
        common = {"to": "ada@example.org", "at": "09:26", "text": words}
        mail = {"kind": "email", "subject": words, "html": words, "headers": {"Reply-To": words}}
        hook = {"kind": "webhook", "payload": {"words": words}}
        return render([common | mail, common | {"kind": "sms"}, common | hook, common | {"kind": "slack"}])

    found = read(page(words))
    assert found.shape == read(page("harmless")).shape
    assert words in found.text


def test_each_mail_on_the_page_has_a_title_of_its_own() -> None:
    mails = [
        {"kind": "email", "to": to, "at": at, "subject": subject, "text": "t", "html": "<p>t"}
        for to, at, subject in (("a@b.example", "1", "Hi"), ("a@b.example", "2", "Hi"), ("c@b.example", "2", ""))
    ]
    titles = read(render(mails)).values("title")
    assert titles == ["Mail, to c@b.example at 2", "Hi, to a@b.example at 2", "Hi, to a@b.example at 1"]
