"""A DynamoDB on loopback that answers some requests as a script says, and all others as moto does.

It stands between pydynox and moto: pydynox's Rust core sends requests again by itself, below anything that a test
could replace in Python.
"""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.request import Request, urlopen

from pydynox import DynamoDBClient

READS = ("GetItem", "Query", "BatchGetItem")


class Fault(StrEnum):
    """What befalls one write."""

    LOST = "made, but answered 500"
    FAILED = "not made, and answered 500"
    HANGS = "made, but never answered"
    CONFLICT = "held by a transaction"
    IN_PROGRESS = "the same transaction is under way"
    THROTTLED = "throttled"


_REFUSALS = {
    Fault.LOST: (500, "InternalServerError"),
    Fault.HANGS: (500, "InternalServerError"),
    Fault.FAILED: (500, "InternalServerError"),
    Fault.CONFLICT: (400, "TransactionConflictException"),
    Fault.IN_PROGRESS: (400, "TransactionInProgressException"),
    Fault.THROTTLED: (400, "ProvisionedThroughputExceededException"),
}
_MADE = (Fault.LOST, Fault.HANGS)


class ScriptedDynamo:
    """What happens to the next writes; without a fault, moto answers."""

    def __init__(self, url: str, moto: str) -> None:
        self.url = url
        self.faults: deque[Fault | None] = deque()
        self.writes: list[tuple[str, dict[str, Any]]] = []
        """Every write that was asked for, with its content."""
        self.ended = Event()
        self._moto = moto
        self._one_at_a_time = Lock()  # moto applies two writes at once in parts
        self._done: dict[str, tuple[int, bytes]] = {}

    def connect(self) -> DynamoDBClient:
        """A client as functions have it, that gives up sooner."""
        return DynamoDBClient(endpoint_url=self.url, connect_timeout=1, read_timeout=1, max_retries=2)

    def answer(self, operation: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and content of one answer."""
        if operation in READS:
            return self._forward(body, headers)
        content = json.loads(body)
        self.writes.append((operation, content))
        fault = self.faults.popleft() if self.faults else None
        made = (
            self._write(body, headers, content.get("ClientRequestToken")) if fault is None or fault in _MADE else None
        )
        if fault is Fault.HANGS:
            self.ended.wait()
        if made and fault is None:
            return made
        status, code = _REFUSALS.get(fault or Fault.LOST, (500, "InternalServerError"))
        more: dict[str, Any] = {"message": ""}
        if fault is Fault.CONFLICT and operation == "TransactWriteItems":
            code, reasons = "TransactionCanceledException", ["TransactionConflict", "None"]
            more = {
                "message": f"Transaction cancelled, please refer cancellation reasons for specific reasons {reasons}",
                "CancellationReasons": [{"Code": each} for each in reasons],
            }
        return status, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **more}).encode()

    def _write(self, body: bytes, headers: dict[str, str], token: str | None) -> tuple[int, bytes]:
        """Make a write; a transaction of the same token once, as DynamoDB does and moto does not."""
        if token is None:
            return self._forward(body, headers)
        if token not in self._done:
            status, content = self._forward(body, headers)
            if status != 200:
                return status, content
            self._done[token] = status, content
        return self._done[token]

    def _forward(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        request = Request(self._moto, body, headers)  # noqa: S310  # moto's own address
        try:
            with self._one_at_a_time, urlopen(request, timeout=30) as answer:  # noqa: S310
                return answer.status, answer.read()
        except OSError as error:
            if not hasattr(error, "code"):
                raise
            return error.code, error.read()  # type: ignore[attr-defined]  # an HTTPError is an answer too


@contextmanager
def scripted(moto: str) -> Iterator[ScriptedDynamo]:
    """Run it in front of a moto server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            status, content = dynamo.answer(self.headers["X-Amz-Target"].partition(".")[2], body, headers)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that gave up waiting is no error."""

    with Server(("127.0.0.1", 0), Handler) as server:
        dynamo = ScriptedDynamo(f"http://127.0.0.1:{server.server_port}", moto)
        Thread(target=server.serve_forever, daemon=True).start()
        yield dynamo
        dynamo.ended.set()
        server.shutdown()
