"""CloudFormation's side of a custom resource: its requests, and where it waits for the answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class CloudFormation:
    """Remembers the resource's id, and what it was answered."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.answers: list[dict[str, Any]] = []
        self.refusals: list[int] = []
        """The statuses that the next answers are refused with."""

    def request(self, kind: str, **properties: Any) -> dict[str, Any]:
        """A request; `OldResourceProperties` may be among the properties."""
        known = {"PhysicalResourceId": self.answers[-1]["PhysicalResourceId"]} if self.answers else {}
        old = {"OldResourceProperties": properties.pop("old")} if "old" in properties else {}
        return {
            "RequestType": kind,
            "ResponseURL": self._url,
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "Resource",
            "ResourceProperties": {"ServiceToken": "arn", **properties},
            **known,
            **old,
        }


@contextmanager
def waiting() -> Iterator[CloudFormation]:
    """CloudFormation, waiting on loopback."""

    class Listener(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = cloudformation.refusals.pop(0) if cloudformation.refusals else 200
            if status == 200:
                cloudformation.answers.append(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        cloudformation = CloudFormation(f"http://127.0.0.1:{server.server_port}/answer")
        yield cloudformation
        server.shutdown()
        thread.join()
