"""A server on loopback that answers what a test says and remembers what it was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

from local.serving import Server


class Asked(NamedTuple):
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Upstream(Server):
    """Answers every request alike; `asked` holds them in order."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        super().__init__(0, _Handler)
        self.status, self.body, self.headers = status, body, headers
        self.asked: list[Asked] = []


class _Handler(BaseHTTPRequestHandler):
    server: Upstream
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(Asked(self.command, self.path, dict(self.headers.items()), body))
        self.send_response_only(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.server.body)

    do_GET = do_HEAD = do_POST = _answer


@contextmanager
def upstream(status: int = 200, body: bytes = b"", **headers: str) -> Iterator[Upstream]:
    """Serve until the end of the `with`; `content_type` and the like become headers."""
    server = Upstream(status, body, {name.replace("_", "-"): value for name, value in headers.items()})
    with server.serving():
        yield server
