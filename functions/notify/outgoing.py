"""The one client for every request to an address that somebody chose.

Such an address must not reach what only Earshot can reach. So: https only; the name is resolved once, every address it
has must be public, and the connection goes to one of those addresses, with the certificate checked against the name; no
redirect is followed; no proxy is taken from the environment; the whole exchange ends at a deadline, also against a
server that sends a byte a second; and of the answer only a little is read.

In the local stage everything goes to the outbox instead, which records it; loopback may be a target there.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from shared.addresses.web import find_problem, is_public
from shared.errors import InvalidInput

LIMIT_SECONDS = 15.0
MAX_ANSWER_BYTES = 64 * 1024
USER_AGENT = "Earshot"
_CHUNK = 16 * 1024

Resolver = Callable[[str, int], Sequence[str]]


class Forbidden(InvalidInput):
    """The address may not be asked, now or ever, unless somebody changes it."""

    code = "forbidden_target"


class NoAnswer(Exception):
    """The other side could not be reached, hung up, or took too long. The message says which."""


class Request(NamedTuple):
    """A POST, and for whom it is (`kind`, `team` and `feedback_id` are for the local outbox)."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    kind: str
    team: str
    feedback_id: str


class Answer(NamedTuple):
    """What came back: the status is the answer, and of the body there is what could be read of `MAX_ANSWER_BYTES`."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, IPv4 first: functions outside a network of their own have no way out over IPv6."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in sorted(found, key=lambda entry: entry[0] != socket.AF_INET)]


class Outgoing:
    """The client of one stage. `gateway` is the local stage's outbox, empty on AWS."""

    def __init__(
        self,
        gateway: str = "",
        *,
        resolver: Resolver = resolve,
        limit: float = LIMIT_SECONDS,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._gateway = gateway
        self._resolver = resolver
        self._limit = limit
        self._trust = trust or ssl.create_default_context()

    def post(self, request: Request) -> Answer:
        """Send it; raises `Forbidden` or `NoAnswer`. Every status is an answer, redirects too."""
        url, host = self._check(request)
        deadline = time.monotonic() + self._limit
        headers = dict(request.headers) | {"User-Agent": USER_AGENT}
        if self._gateway:
            marks = {"Target": request.url, "Kind": request.kind, "Team": request.team, "Feedback": request.feedback_id}
            headers |= {f"X-Earshot-{name}": value for name, value in marks.items()}
            gateway = urlsplit(self._gateway)
            outbox = HTTPConnection(gateway.hostname or "", gateway.port)
            return self._exchange(outbox, gateway.path or "/", request.body, headers, deadline)
        headers["Host"] = url.netloc
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        port = url.port or 443
        refusals = []
        for address in self._addresses(host, port, deadline):
            connection = _Connection(address, port, host, self._trust, deadline)
            try:
                return self._exchange(connection, path, request.body, headers, deadline)
            except _NotConnected as error:  # nothing was sent yet, so another address of the same name may do
                refusals.append(str(error))
        raise NoAnswer(refusals[0])

    def _check(self, request: Request) -> tuple[SplitResult, str]:
        """The address and its host, after what can be told from them alone."""
        problem = find_problem(request.kind, request.url, loopback=bool(self._gateway))
        if problem is not None:
            raise Forbidden(f"The address {problem}.")
        url = urlsplit(request.url)
        return url, url.hostname or ""

    def _addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        """All addresses of the name, resolved once and every one of them public."""
        pool = ThreadPoolExecutor(1)  # the system's resolver knows no time limit
        try:
            found = pool.submit(self._resolver, host, port).result(timeout=_left(deadline))
        except TimeoutError:
            raise NoAnswer("The name could not be resolved in time.") from None
        except (OSError, UnicodeError):
            raise NoAnswer("The name has no address.") from None
        finally:
            pool.shutdown(wait=False)
        if not found:
            raise NoAnswer("The name has no address.")
        if not all(is_public(address) for address in found):
            raise Forbidden("The name leads to an address that is not on the public internet.")
        return found

    def _exchange(
        self, connection: HTTPConnection, path: str, body: bytes, headers: Mapping[str, str], deadline: float
    ) -> Answer:
        connection.response_class = _FinalResponse
        try:
            connection.timeout = _left(deadline)
            connection.connect()
        except _FAILURES as error:
            connection.close()
            raise _NotConnected(_explain(error, deadline)) from None
        try:
            with _hang_up_at(deadline, connection.sock):
                connection.request("POST", path, body=body, headers=headers)
                # Not urllib3's own answer, which is refused for headers that do not matter here.
                response = http.client.HTTPConnection.getresponse(connection)
                if time.monotonic() >= deadline:  # a connection shut down among the headers looks like their end
                    raise NoAnswer(_TOO_LONG)
                content = b"".join(_beginning(response))
        except _FAILURES as error:
            raise NoAnswer(_explain(error, deadline)) from None
        finally:
            connection.close()
        return Answer(response.status, urllib3.HTTPHeaderDict(response.headers.items()), content)


class _NotConnected(NoAnswer):
    """Failed before anything was sent."""


class _FinalResponse(http.client.HTTPResponse):
    """The answer behind any number of informational ones, such as 103; http.client passes over 100 alone."""

    def begin(self) -> None:
        super().begin()
        while 100 <= self.status < 200 and self.status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = None  # type: ignore[assignment]  # as before the first answer
            super().begin()


class _Connection(HTTPSConnection):
    """To one address, for the name that it was resolved from. The handshake has what connecting left of the time."""

    def __init__(self, address: str, port: int, name: str, trust: ssl.SSLContext, deadline: float) -> None:
        super().__init__(address, port, ssl_context=trust, server_hostname=name)
        self._deadline = deadline

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        sock.settimeout(_left(self._deadline))
        return sock


_FAILURES = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)

_TOO_LONG = "It took too long."


def _explain(error: Exception, deadline: float) -> str:
    if time.monotonic() >= deadline or isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return _TOO_LONG
    if isinstance(error, ssl.SSLError | urllib3.exceptions.SSLError):
        return "Its certificate cannot be trusted."
    if isinstance(error, urllib3.exceptions.NewConnectionError | ConnectionRefusedError):
        return "It does not take connections."
    return "It hung up, or answered something that is not HTTP."


def _beginning(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body as far as it comes: one that is cut short, badly chunked or late takes back nothing of the status."""
    room = MAX_ANSWER_BYTES
    with suppress(*_FAILURES):
        while room > 0 and (chunk := response.read1(min(room, _CHUNK))):
            yield chunk
            room -= len(chunk)


@contextmanager
def _hang_up_at(deadline: float, sock: Any) -> Iterator[None]:
    """Shut the connection down at the deadline: a socket's own time limit begins again with every byte."""

    def hang_up() -> None:
        with suppress(OSError):  # gone already
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_left(deadline), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())
