"""The outbox: everything that would have left the local stage, for a person (`/outbox`) and as JSON (`/outbox.json`).

The functions reach it by settings alone, so product code has no local branch:
- SES: `AWS_ENDPOINT_URL_SESV2`. A call goes on to MiniStack, and is recorded once that has accepted it;
- text messages: `AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2`. MiniStack has none, so the outbox answers;
- webhooks, Slack, Teams: `EARSHOT_OUTBOUND_GATEWAY`. The request arrives with its target in `X-Earshot-Target`; it is
  made for real where that is loopback, and answered with 200 elsewhere.
"""

import base64
import email
import email.policy
import http.client
import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from local.outbox_page import CONTENT_SECURITY_POLICY, render
from local.serving import Server
from shared.text.gsm7 import measure

MAX_BODY = 40 * 1024 * 1024  # of a mail by SES
TIMEOUT_SECONDS = 15  # of a webhook
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# Of the way to the outbox, not of the request that would have left.
_OF_THE_WAY = {"host", "connection", "accept-encoding", "content-length"}
_OURS = "x-earshot-"

Message = dict[str, Any]


class Answer(NamedTuple):
    """A response to one of the functions."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbox:
    """What has left so far, oldest first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._lock = threading.Lock()

    def record(self, kind: str, to: str, text: str, **more: Any) -> None:
        """Add a message; what is None is left out."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = {"kind": kind, "to": to, "at": at, "text": text, **more}
        with self._lock:
            self._messages.append({name: value for name, value in message.items() if value is not None})

    def messages(self) -> list[Message]:
        """A copy of all, oldest first."""
        with self._lock:
            return list(self._messages)


class OutboxServer(Server):
    """Serves the outbox, and hands calls of SES on to MiniStack at `endpoint`."""

    def __init__(self, port: int, endpoint: str) -> None:
        super().__init__(port, _Handler)
        self.endpoint = endpoint
        self.outbox = Outbox()


class _Handler(BaseHTTPRequestHandler):
    server: OutboxServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if self._is_foreign():
            self._send(Answer(HTTPStatus.FORBIDDEN, {}, b""))
        elif path == "/outbox.json":
            content = json.dumps(self.server.outbox.messages(), ensure_ascii=False).encode()
            self._send(Answer(HTTPStatus.OK, {"Content-Type": "application/json; charset=utf-8"}, content))
        elif path in ("/", "/outbox"):
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": CONTENT_SECURITY_POLICY}
            self._send(Answer(HTTPStatus.OK, headers, render(self.server.outbox.messages()).encode()))
        else:
            self._send(self._pass_on(b""))

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY))
        if "X-Earshot-Target" in self.headers:
            self._send(self._request_left(body))
        elif "PinpointSMSVoiceV2." in self.headers.get("X-Amz-Target", ""):
            self._send(self._text_left(body))
        else:
            answer = self._pass_on(body)
            if self.path == "/v2/email/outbound-emails" and answer.status == HTTPStatus.OK:
                self._mail_left(json.loads(body))
            self._send(answer)

    def _request_left(self, body: bytes) -> Answer:
        target = self.headers["X-Earshot-Target"]
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in _OF_THE_WAY and not name.lower().startswith(_OURS)
        }
        answer = Answer(HTTPStatus.OK, {}, b"")
        if urlsplit(target).hostname in LOOPBACK:
            answer = _request(self.command, target, headers, body)
        kind = self.headers.get("X-Earshot-Kind", "webhook")
        text = body.decode(errors="replace")
        payload = _json(text)
        self.server.outbox.record(
            kind,
            target,
            _words(kind, payload) or text,
            team=self.headers.get("X-Earshot-Team"),
            feedback_id=self.headers.get("X-Earshot-Feedback"),
            headers=headers,
            payload=payload,
            status=answer.status,
        )
        return answer

    def _text_left(self, body: bytes) -> Answer:
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        if not self.headers["X-Amz-Target"].endswith(".SendTextMessage"):
            error = {"__type": "ValidationException", "message": "The outbox only takes SendTextMessage."}
            return Answer(HTTPStatus.BAD_REQUEST, headers, json.dumps(error).encode())
        sent = json.loads(body)
        context = sent.get("Context", {})
        self.server.outbox.record(
            "sms",
            sent["DestinationPhoneNumber"],
            sent.get("MessageBody", ""),
            team=context.get("team"),
            feedback_id=context.get("feedback_id"),
            segments=measure(sent.get("MessageBody", "")).segments,
            payload=sent,
        )
        return Answer(HTTPStatus.OK, headers, json.dumps({"MessageId": str(uuid.uuid4())}).encode())

    def _mail_left(self, sent: dict[str, Any]) -> None:
        content = sent["Content"]
        mail = _raw_mail(content["Raw"]["Data"]) if "Raw" in content else _simple_mail(content.get("Simple", {}))
        recipients = [
            address
            for field in ("ToAddresses", "CcAddresses", "BccAddresses")
            for address in sent.get("Destination", {}).get(field, [])
        ]
        if sent.get("ReplyToAddresses"):  # which SES writes into the mail
            mail["headers"] = {"Reply-To": ", ".join(sent["ReplyToAddresses"])} | mail["headers"]
        headers = {name.lower(): value for name, value in mail["headers"].items()}
        self.server.outbox.record(
            "email",
            ", ".join(recipients) or headers.get("to", ""),
            mail.pop("text") or "",
            team=headers.get("x-earshot-team"),
            feedback_id=headers.get("x-earshot-feedback"),
            **{"from": sent.get("FromEmailAddress") or headers.get("from")},
            **mail,
        )

    def _pass_on(self, body: bytes) -> Answer:
        return _request(self.command, self.server.endpoint + self.path, dict(self.headers.items()), body)

    def _is_foreign(self) -> bool:
        """Whether the request names another host (DNS rebinding): such a page may not read the outbox."""
        return urlsplit(f"//{self.headers.get('Host', '')}").hostname not in LOOPBACK

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Write no access log: the page shows every request."""


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Make a request, without following redirects; 502 if there is no answer."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=TIMEOUT_SECONDS)
    try:
        path = address.path or "/"
        connection.request(method, f"{path}?{address.query}" if address.query else path, body or None, dict(headers))
        response = connection.getresponse()
        kept = {name: value for name, value in response.getheaders() if name.lower() in ("content-type", "retry-after")}
        return Answer(response.status, kept, response.read())
    except (OSError, http.client.HTTPException) as error:
        return Answer(HTTPStatus.BAD_GATEWAY, {}, f"{url} did not answer: {error}".encode())
    finally:
        connection.close()


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _words(kind: str, payload: Any) -> str | None:
    """The readable text of a chat message; a webhook's text is its body, over which it is signed."""
    if kind == "slack" and isinstance(payload, dict):
        return str(payload.get("text", ""))
    if kind == "teams":
        return "\n".join(_texts(payload))
    return None


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


def _simple_mail(simple: dict[str, Any]) -> dict[str, Any]:
    body = simple.get("Body", {})
    return {
        "subject": simple.get("Subject", {}).get("Data"),
        "text": body.get("Text", {}).get("Data"),
        "html": body.get("Html", {}).get("Data"),
        "headers": {header["Name"]: header["Value"] for header in simple.get("Headers", [])},
    }


def _raw_mail(data: str) -> dict[str, Any]:
    message = email.message_from_bytes(base64.b64decode(data), EmailMessage, policy=email.policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "subject": message["subject"],
        "text": text.get_content() if text else None,
        "html": html.get_content() if html else None,
        "headers": {name: str(value) for name, value in message.items()},
    }
