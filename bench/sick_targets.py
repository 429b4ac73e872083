"""Events through fifty webhooks of a deployed stage, with one endpoint dead, one slow and one flapping."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from statistics import quantiles
from typing import NamedTuple

import urllib3

from cli.stage import Stage
from local.serving import Server
from local.stage import Running
from shared.config.model import Config
from shared.keys.links import Link
from shared.routes.drafts import draft
from shared.values import utc_now

ROUTES = 50
DEAD, SLOW, FLAPPING = 0, 1, 2
SICK = (DEAD, SLOW, FLAPPING)
SLOW_SECONDS = 10
HANGS_SECONDS = 20  # longer than a request may take
FLAPS_SECONDS = 10
PATIENCE_SECONDS = 300  # until the last retry of the sick has come


class Seen(NamedTuple):
    """What the endpoints have seen: the answers that did not arrive, those that came twice, and how long each took."""

    lost: int
    doubled: int
    healthy_seconds: list[float]
    """From a customer's answer to its arrival, at the endpoints that were never sick."""

    @property
    def p95(self) -> float:
        """Of the healthy endpoints, in seconds."""
        return quantiles(self.healthy_seconds, n=20)[-1]


def run(running: Running, config: Config, *, events: int, a_second: float, sick: bool) -> Seen:
    """Send answers, each to one of fifty webhooks in turn; at the end the sick ones get well, and take what is owed."""
    said_at: dict[str, float] = {}
    endpoints = Endpoints(sick=sick)
    with endpoints.serving(), _subscribed(running.stage, config, endpoints.url):
        began = time.monotonic()
        for number in range(events):
            time.sleep(max(0.0, began + number / a_second - time.monotonic()))  # the pace of the load, no wait
            now = time.monotonic()
            said_at[answer(running, number % ROUTES)] = now
        endpoints.wait_for(sum(number % ROUTES not in SICK for number in range(events)), healthy=True)
        endpoints.get_well()
        endpoints.wait_for(events)
        seen = endpoints.seen()
    return Seen(
        lost=events - len({feedback_id for _, _, feedback_id, _ in seen}),
        doubled=sum(times > 1 for times in Counter(message_id for _, message_id, _, _ in seen).values()),
        healthy_seconds=[at - said_at[feedback_id] for at, _, feedback_id, number in seen if number not in SICK],
    )


Arrival = tuple[float, str, str, int]
"""When, the webhook's id, the feedback's id, the endpoint's number."""


class Endpoints(Server):
    """Fifty endpoints on loopback, by path: `/7` is the eighth."""

    def __init__(self, *, sick: bool) -> None:
        super().__init__(0, _Handler)
        self._seen: list[Arrival] = []
        self._changed = threading.Condition()
        self._well = threading.Event()
        if not sick:
            self._well.set()

    def get_well(self) -> None:
        """From now on all of them answer at once."""
        self._well.set()

    def answers(self, number: int) -> HTTPStatus:
        """How an endpoint answers, after as long as it takes."""
        if self._well.is_set():
            return HTTPStatus.NO_CONTENT
        if number == DEAD:
            self._well.wait(HANGS_SECONDS)
            return HTTPStatus.SERVICE_UNAVAILABLE
        if number == SLOW:
            self._well.wait(SLOW_SECONDS)
        if number == FLAPPING and int(time.monotonic()) // FLAPS_SECONDS % 2:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.NO_CONTENT

    def arrived(self, arrival: Arrival) -> None:
        """Take note of what was answered with success."""
        with self._changed:
            self._seen.append(arrival)
            self._changed.notify_all()

    def wait_for(self, answers: int, *, healthy: bool = False) -> None:
        """Until so many different ones have arrived, but not for ever."""

        def all_here() -> bool:
            here = {feedback_id for _, _, feedback_id, number in self._seen if not (healthy and number in SICK)}
            return len(here) >= answers

        with self._changed:
            self._changed.wait_for(all_here, PATIENCE_SECONDS)

    def seen(self) -> list[Arrival]:
        """All that arrived so far."""
        with self._changed:
            return list(self._seen)


class _Handler(BaseHTTPRequestHandler):
    server: Endpoints

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        at, number = time.monotonic(), int(self.path[1:])
        status = self.server.answers(number)
        if status is HTTPStatus.NO_CONTENT:
            self.server.arrived((at, self.headers["webhook-id"], _feedback_id(body), number))
        self.send_response_only(status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the figures say it all."""


@contextmanager
def _subscribed(stage: Stage, config: Config, endpoints: str) -> Iterator[None]:
    """One route per endpoint, for what is said at its place."""
    routes = stage.routes
    for number in range(ROUTES):
        to = (f"webhook:{endpoints}/{number}",)
        when = f"place = {place(number)}"
        routes.add(
            draft(config, id=place(number), team="care", when=when, to=to, created_by="bench", changed_at=utc_now())
        )
    yield
    for number in range(ROUTES):
        routes.remove(place(number), None)


def place(number: int) -> str:
    """Where customers answer what goes to an endpoint."""
    return f"endpoint-{number}"


def answer(running: Running, number: int) -> str:
    """A customer's answer at an endpoint's place; returns the feedback's id."""
    link = Link("checkout", place(number), None, utc_now() + timedelta(hours=1)).token(running.stage.keys)
    answered = urllib3.request(
        "POST", f"{running.description['base_url']}/f/{link}", json={"rating": 5}, timeout=30, retries=False
    )
    if answered.status != HTTPStatus.CREATED:
        raise RuntimeError(f"the answer was not stored: {answered.status} {answered.data.decode()}")
    return str(answered.json()["id"])


def _feedback_id(body: bytes) -> str:
    return str(json.loads(body)["data"]["feedback"]["id"])
