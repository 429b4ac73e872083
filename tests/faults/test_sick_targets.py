"""10,000 events through 50 routes, with one endpoint dead, one slow and one flapping: what the healthy ones notice."""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from statistics import quantiles
from typing import cast

import pytest

from functions.notify.delivery import Notifier
from functions.notify.parcel import Parcel
from functions.notify.schedule import Outcome
from functions.notify.webhook import webhook_id
from shared.config import Config, Route, TargetKind
from shared.deliveries import Deliveries, Delivery, Health
from shared.events import feedback_event
from shared.feedback import Revision, Transition, answer_id
from shared.queue import Message, Queue
from shared.store import Store
from tests.factories import a_revision
from tests.faults.clock import Clock

EVENTS = 10_000
ROUTES = 50
A_SECOND = 5.0  # events, for half an hour
INVOCATIONS, BATCH = 5, 10  # as infra/notify.py has it
DEAD, SLOW, FLAPPING = "r0", "r1", "r2"
DEAD_FOR = timedelta(hours=20).total_seconds()
TABLE_SECONDS = 0.005  # of each request to the table

Answer = tuple[float, str | None]
"""Seconds that an endpoint takes, and what is wrong."""


class MemoryDeliveries:
    """What Deliveries promises, in memory: a write over another version than was read is refused."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._delivery: dict[tuple[str, str], Delivery] = {}
        self._health: dict[tuple[str, str], Health] = {}
        self._due: list[tuple[datetime, int, tuple[str, str]]] = []
        self._order = count()
        self.owed: set[tuple[str, str]] = set()

    def get(self, like: Delivery) -> Delivery | None:
        self._clock.pause(TABLE_SECONDS)
        return self._delivery.get(like.key)

    def save(self, delivery: Delivery) -> Delivery | None:
        if self._clock.in_task:
            self._clock.pause(TABLE_SECONDS)
        stored = self._delivery.get(delivery.key)
        if (stored.version if stored else 0) != delivery.version:
            return None
        saved = delivery.model_copy(update={"version": delivery.version + 1})
        self._delivery[delivery.key] = saved
        (self.owed.add if saved.is_owed else self.owed.discard)(saved.key)
        if saved.due_at is not None:
            heapq.heappush(self._due, (saved.due_at, next(self._order), saved.key))
        return saved

    def due(self, until: datetime) -> Iterator[Delivery]:
        while self._due and self._due[0][0] <= until:
            at, _, key = heapq.heappop(self._due)
            if self._delivery[key].due_at == at:
                yield self._delivery[key]

    def health(self, route: str, target: str) -> Health:
        self._clock.pause(TABLE_SECONDS)
        return self._health.get((route, target)) or Health(route=route, target=target)

    def save_health(self, health: Health) -> Health | None:
        self._clock.pause(TABLE_SECONDS)
        key = (health.route, health.target)
        stored = self._health.get(key)
        if (stored.version if stored else 0) != health.version:
            return None
        self._health[key] = health.model_copy(update={"version": health.version + 1})
        return self._health[key]


class Model:
    """The queue, Lambda's five invocations of ten messages at once, the sweep, and fifty endpoints."""

    def __init__(self, config: Config, answers: Callable[[str, float], Answer]) -> None:
        self.clock = Clock()
        self.rng = random.Random(7)  # noqa: S311 - it must be the same every time
        self.routes = {
            f"r{number}": Route(team="care", to=(f"webhook:https://hooks{number}.example/",))
            for number in range(ROUTES)
        }
        self.received: Counter[str] = Counter()
        self.waited: dict[str, list[float]] = {id: [] for id in self.routes}
        self.notices: list[str] = []
        self._said_at: dict[str, float] = {}
        self._answers = answers
        self._revisions: dict[str, Revision] = {}
        self._visible: list[Message] = []
        self._free = INVOCATIONS
        self.deliveries = MemoryDeliveries(self.clock)
        self._notifier = Notifier(
            config=config,
            routes=self.routes.get,
            store=cast(Store, self),
            deliveries=cast(Deliveries, self.deliveries),
            senders={TargetKind.WEBHOOK: self._endpoint},
            disabled=lambda route_id, route, target, why: self.notices.append(route_id),
            queue=self,
            clock=self.clock.now,
            chance=self.rng.random,
            settling=timedelta(),
        )

    def run(self, sweep: Callable[..., int]) -> None:
        for number in range(EVENTS):
            self.clock.after(number / A_SECOND, partial(self._happen, number))
        self._sweep_each_minute(sweep)
        self.clock.run(timedelta(days=5))

    # Collaborators of the notifier and of the sweep

    def get(self, id: str) -> Revision | None:
        self.clock.pause(TABLE_SECONDS)
        return self._revisions.get(id)

    def send(self, message: Message, delay: timedelta = timedelta()) -> None:
        def show() -> None:
            self._visible.append(message)
            self._poll()

        self.clock.after(max(0.0, delay.total_seconds()), show)

    def _endpoint(self, parcel: Parcel) -> Outcome:
        seconds, error = self._answers(parcel.route_id, self.clock.seconds)
        self.clock.pause(seconds)
        if error:
            return Outcome(error=error)
        event_id = parcel.event["detail"]["id"]
        self.received[webhook_id(parcel.route_id, parcel.target.id, event_id, parcel.replay)] += 1
        self.waited[parcel.route_id].append(self.clock.seconds - self._said_at[event_id])
        return Outcome()

    # The world around them

    def _happen(self, number: int) -> None:
        route_id = f"r{number % ROUTES}"
        revision = a_revision(id=answer_id(str(number)))
        event = feedback_event(Transition.CAPTURED, None, revision)
        self._revisions[revision.feedback.id] = revision
        self._said_at[event.id] = self.clock.seconds
        self.send(
            Message(
                route=route_id,
                target=self.routes[route_id].targets[0].id,
                event={"detail-type": event.detail_type, "detail": event.detail()},
            )
        )

    def _poll(self) -> None:
        """Lambda's mapping: while an invocation is free, it takes what is visible; ten at once."""
        while self._free and self._visible:
            batch, self._visible = self._visible[:BATCH], self._visible[BATCH:]
            self._free -= 1
            running = [len(batch)]
            for message in batch:
                self.clock.start(partial(self._invoke, message, running))

    def _invoke(self, message: Message, running: list[int]) -> None:
        self._notifier.handle(message)
        running[0] -= 1
        if not running[0]:
            self._free += 1
            self._poll()

    def _sweep_each_minute(self, sweep: Callable[..., int]) -> None:
        sweep(cast(Deliveries, self.deliveries), cast(Queue, self), self.clock.now(), lambda: True)
        if self.clock.seconds < EVENTS / A_SECOND or self.deliveries.owed:
            self.clock.after(60, lambda: self._sweep_each_minute(sweep))


def healthy(route_id: str, seconds: float) -> Answer:
    return 0.2, None


def sick(route_id: str, seconds: float) -> Answer:
    if route_id == DEAD and seconds < DEAD_FOR:
        return 15.0, "It took too long."
    if route_id == SLOW:
        return 10.0, None
    if route_id == FLAPPING and int(seconds) // 40 % 2:
        return 0.1, "It answered 503."
    return healthy(route_id, seconds)


def p95(model: Model) -> float:
    waits = [wait for id, waits in model.waited.items() if id not in (DEAD, SLOW, FLAPPING) for wait in waits]
    return quantiles(waits, n=20)[-1]


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setenv("EARSHOT_TABLE", "unused")
    monkeypatch.setenv("EARSHOT_DELIVERIES_QUEUE_URL", "unused")
    from functions import sweep as module

    return module.sweep


def test_sick_targets_cost_the_healthy_ones_nothing_and_lose_nothing(config: Config, sweep: Callable[..., int]) -> None:
    undisturbed, disturbed = Model(config, healthy), Model(config, sick)
    for model in (undisturbed, disturbed):
        model.run(sweep)
        assert len(model.received) == EVENTS, "nothing is lost"
        assert set(model.received.values()) == {1}, "nothing is seen twice"
        assert model.notices == []
    print(f"p95 of healthy targets: {p95(undisturbed):.2f} s all healthy, {p95(disturbed):.2f} s beside the sick")
    assert p95(disturbed) <= 2 * p95(undisturbed)
