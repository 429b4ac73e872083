"""A DynamoDB and an EventBridge that do next to nothing, on loopback: what is left to measure is our side of it."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple


class Stub(NamedTuple):
    """Where it listens, and how many requests it has had per table (per operation where there is none)."""

    url: str
    requests: Counter[str]


@contextmanager
def serve() -> Iterator[Stub]:
    """Keeps what is put, answers every update with what it sets, and refuses nothing."""
    requests: Counter[str] = Counter()
    tables: dict[str, list[dict[str, Any]]] = {}

    def answer(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        kept = tables.setdefault(request.get("TableName", operation), [])
        if operation == "PutItem":
            kept[:] = [request["Item"]]
        if operation == "GetItem":
            return {"Item": kept[0]} if kept else {}
        if operation == "UpdateItem" and request.get("ReturnValues") == "ALL_NEW":
            values = request["ExpressionAttributeValues"]
            set_to = ((name, values.get(f":{name}")) for name in request["ExpressionAttributeNames"].values())
            item = {name: value for name, value in set_to if value}  # some are only asked after
            return {"Attributes": item | request["Key"] | {"revision": {"N": "1"}}}
        if operation == "PutEvents":
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "taken"} for _ in request["Entries"]]}
        return {}

    class Endpoint(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests[request.get("TableName", operation)] += 1  # a transaction names tables inside
            content = json.dumps(answer(operation, request)).encode()
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%s"
                % (len(content), content)
            )

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    Thread(target=server.serve_forever, daemon=True).start()
    yield Stub(f"http://127.0.0.1:{server.server_port}", requests)
    server.shutdown()
    server.server_close()
