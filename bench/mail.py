"""CPU of a mail of 20 kB once warm; time and memory of the largest and the most hostile ones, through the handler."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from bench import stub
from bench.environment import ENVIRONMENT
from bench.figures import Figure

ROUNDS = 3
MAILS = 100
MB = 1_000_000

_HEAD = (
    b"Return-Path: <ana@example.com>\r\nReceived: from mx.example.com (mx.example.com [192.0.2.1])\r\n"
    b" by inbound-smtp.eu-west-1.amazonaws.com with SMTP id abc\r\n for feedback@fernleaf.example;\r\n now\r\n"
    b"X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\nAuthentication-Results: amazonses.com;\r\n"
    b" spf=pass envelope-from=ana@example.com;\r\n dkim=pass header.i=@example.com;\r\n"
    b" dmarc=pass header.from=example.com;\r\nX-SES-DKIM-SIGNATURE: a=b\r\n"
    b"From: Ana <ana@example.com>\r\nSubject: Late again\r\nMessage-ID: <1@example.com>\r\n"
)
_LINE = b"The driver came at eleven, not at nine, and the bread was gone. "


def usual() -> bytes:
    """20 kB as Gmail sends them: words twice, and the mail answered to below."""
    quoted = (
        b"On 14 Mar 2026 at 08:55, Fernleaf Market <feedback@fernleaf.example> wrote:\r\n\r\n" + b"> How?\r\n" * 200
    )
    plain = (_LINE + b"\r\n") * 60 + quoted
    html = b"<div>" + b"<p>%s</p>" % _LINE * 135 + b'</div><div class="gmail_quote">' + b"<p>How?</p>" * 350 + b"</div>"
    return _multipart(
        b"alternative", b"Content-Type: text/plain\r\n\r\n" + plain, b"Content-Type: text/html\r\n\r\n" + html
    )


def _multipart(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return _HEAD + b"Content-Type: multipart/%s; boundary=b\r\n\r\n" % kind + body + b"--b--\r\n"


def _text(kind: bytes, body: bytes) -> bytes:
    return _HEAD + b"Content-Type: text/%s; charset=utf-8\r\n\r\n" % kind + body


def _nested(depth: int) -> bytes:
    levels = (b"Content-Type: multipart/mixed; boundary=x%dx\r\n\r\n--x%dx\r\n" % (i, i) for i in range(depth))
    return _HEAD + b"".join(levels) + b"\r\nhello"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "39 MB photo": lambda: _multipart(
        b"mixed",
        b"Content-Type: text/plain\r\n\r\nSee the photo.",
        b"Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(bytes(29 * MB)),
    ),
    "39 MB of words": lambda: _text(b"plain", (_LINE + b"\r\n") * (39 * MB // 66)),
    "39 MB of markup": lambda: _text(b"html", b"<p><b>x</b>" * (39 * MB // 11)),
    "39 MB of tags without end": lambda: _text(b"html", b"<p" * (39 * MB // 2)),
    "39 MB in one line": lambda: _text(b"plain", b"On " + b"a " * (39 * MB // 2)),
    "39 MB of blank lines": lambda: _text(b"plain", b"\n" * (39 * MB)),
    "39 MB of folds": lambda: b"A: b\n" + b" \n" * (39 * MB // 2),
    "41 MB": lambda: _text(b"plain", b"x" * (41 * MB)),
    "100,000 parts": lambda: _multipart(b"mixed", *[b"\r\na"] * 100_000),
    "1,000 deep": lambda: _nested(1_000),
    "10,000 recipients": lambda: _HEAD + b"To: " + b", ".join(b"u%d@e.com" % i for i in range(10_000)) + b"\r\n\r\nhi",
    "2,000 brackets in From": lambda: b"From: " + b"(" * 2_000 + b"\r\n\r\nhi",
    "zero bytes": lambda: b"",
}


def measure() -> Iterator[Figure]:
    """Each in a fresh process, against a DynamoDB and an S3 on loopback that do next to nothing."""
    mails: dict[str, bytes] = {}
    with _serve(mails) as s3:
        raw = usual()
        mails["usual"] = raw
        warm = min(_run("usual", MAILS, s3)["cpu"] for _ in range(ROUNDS))
        yield Figure(f"mail of {len(raw) / 1000:.0f} kB, warm", round(warm * 1000, 2), "ms CPU", 50)
        worst: dict[str, tuple[float, str]] = {"seconds": (0, ""), "peak": (0, "")}
        for name, build in HOSTILE.items():
            mails.clear()
            mails["hostile"] = build()
            costs = _run("hostile", 1, s3)
            for kind in worst:
                worst[kind] = max(worst[kind], (costs[kind], name))
        seconds, slowest = worst["seconds"]
        peak, largest = worst["peak"]
        yield Figure(f"slowest of {len(HOSTILE)} hostile mails ({slowest})", round(seconds, 2), "s", 3)
        yield Figure(f"most memory of a mail ({largest})", round(peak), "MB", 512)


@contextmanager
def _serve(objects: dict[str, bytes]) -> Iterator[str]:
    """An S3 that gives what it has, by the last part of the key up to a hyphen, and takes what it is given."""

    class Endpoint(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(objects[self.path.rpartition("/")[2].partition("-")[0].partition("?")[0]])

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(b"<CopyObjectResult></CopyObjectResult>")

        def _answer(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Nothing: a mail that is too large is not fetched to its end."""

    server = Server(("127.0.0.1", 0), Endpoint)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _run(name: str, times: int, s3: str) -> dict[str, float]:
    with stub.serve() as dynamodb:
        return _child(name, times, dynamodb.url, s3)


def _child(name: str, times: int, dynamodb: str, s3: str) -> dict[str, float]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "AWS_"))}
    environment |= ENVIRONMENT | {"AWS_ENDPOINT_URL": dynamodb, "AWS_ENDPOINT_URL_S3": s3}
    environment |= {"EARSHOT_TABLE": "mail", "EARSHOT_KEYS_TABLE": "keys", "EARSHOT_MAIL_BUCKET": "mails"}
    child = subprocess.run(
        [sys.executable, "-m", "bench.mail_child", name, str(times)],
        env=environment,
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    costs: dict[str, float] = json.loads(child.stdout.splitlines()[-1])
    return costs
