"""Events through 50 routes, beside endpoints that are dead, slow, flapping or busy: what the healthy ones notice.

EVENTS says how many come where three are sick for a day; `make faults` sends ten thousand.
"""

import heapq
import os
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from statistics import quantiles
from typing import cast

import pytest
from pydynox import DynamoDBClient

from functions.notify import notifier as delivery
from functions.notify.breaker import AT_ONCE
from functions.notify.notifier import Notifier
from functions.notify.parcel import Parcel
from functions.notify.retries import Attempt
from functions.notify.webhook import webhook_id
from functions.sweep.sweep import sweep
from shared.addresses.targets import Target, TargetKind
from shared.config.model import Config, Route
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery
from shared.deliveries.health import Health
from shared.deliveries.queue import Queue, QueueMessage
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.model.events import feedback_event
from shared.model.feedback import Revision
from shared.model.life import Transition
from shared.observe import logger
from tests.faults.clock import Clock
from tests.kit.factories import a_revision

EVENTS = int(os.environ.get("EVENTS", "1000"))
ROUTES = 50
INVOCATIONS, ASIDE, BATCH = 4, 2, 10  # as infra/notify.py has it
DEAD, SLOW, FLAPPING = "r0", "r1", "r2"
SICK = (DEAD, SLOW, FLAPPING)
BUSY = "r0"  # gets one in five of the events, where one gets more than its share
UNWELL = tuple(f"r{number}" for number in range(6))
SICK_FOR = timedelta(hours=20).total_seconds()
BUSY_SICK_FOR = timedelta(hours=2).total_seconds()
PROMISED = 15.0  # seconds, beyond what a card waits for the customer's words
TABLE_SECONDS = 0.005  # of each request to the table

Answer = tuple[float, str | None]
"""Seconds that an endpoint takes, and what is wrong."""

Answers = Callable[[str, float], Answer]
"""How the endpoint of a route answers at a second of the run."""


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
    """Both queues, Lambda's invocations of ten messages at once, the sweep, and fifty endpoints."""

    def __init__(
        self,
        config: Config,
        answers: Answers,
        *,
        events: int,
        a_second: float = 5.0,
        busy: Sequence[str] = (),
        one_in: int = 5,
    ) -> None:
        """`busy` are routes that get one in so many of the events among them; without any, all get as many."""
        self.events = events
        self.clock = Clock()
        self.rng = random.Random(7)  # noqa: S311 - it must be the same every time
        self.routes = {
            f"r{number}": Route(team="care", to=(f"webhook:https://hooks{number}.example/",))
            for number in range(ROUTES)
        }
        self.received: Counter[str] = Counter()
        self.waited: dict[str, list[tuple[float, float]]] = {id: [] for id in self.routes}
        """Of each event that arrived: when it happened, and how long it took."""
        self.notices: list[str] = []
        self.at_once: Counter[str] = Counter()
        """The most requests that an endpoint had at the same time, once the first minute has shown how it is."""
        self._said_at: dict[str, float] = {}
        self._last_at = 0.0
        self._answers = answers
        self._a_second = a_second
        self._busy = busy
        self._one_in = one_in
        self._on_their_way: Counter[str] = Counter()
        self._revisions: dict[str, Revision] = {}
        self._visible: dict[bool, list[QueueMessage]] = {False: [], True: []}
        self._free = {False: INVOCATIONS, True: ASIDE}
        self.deliveries = MemoryDeliveries(self.clock)
        self.client, self.table = cast(DynamoDBClient, None), ""  # neither have cases
        self._notifier = Notifier(
            config=config,
            routes=self.routes.get,
            store=cast(Store, self),
            keys=cast(Keys, None),  # webhooks have no card
            deliveries=cast(Deliveries, self.deliveries),
            senders={TargetKind.WEBHOOK: self._endpoint},
            disabled=self._tell,
            given_up=self._tell,
            queue=self,
            clock=self.clock.now,
            chance=self.rng.random,
            settling=timedelta(),
        )

    def run(self) -> None:
        for number in range(self.events):
            self.clock.after(self._last_at, partial(self._happen, number))
            self._last_at += self.rng.expovariate(self._a_second)
        self._sweep_each_minute()
        self.clock.run(timedelta(days=5))

    # Collaborators of the notifier and of the sweep

    def get(self, id: str) -> Revision | None:
        self.clock.pause(TABLE_SECONDS)
        return self._revisions.get(id)

    def send(self, message: QueueMessage, delay: timedelta = timedelta()) -> None:
        def show() -> None:
            self._visible[message.aside].append(message)
            self._poll(message.aside)

        self.clock.after(max(0.0, delay.total_seconds()), show)

    def _tell(self, route_id: str, route: Route, target: Target, why: str) -> bool:
        self.notices.append(route_id)
        return True

    def _endpoint(self, parcel: Parcel) -> Attempt:
        id = parcel.route_id
        seconds, error = self._answers(id, self.clock.seconds)
        self._on_their_way[id] += 1
        if self.clock.seconds > 60:
            self.at_once[id] = max(self.at_once[id], self._on_their_way[id])
        self.clock.pause(seconds)
        self._on_their_way[id] -= 1
        if error:
            return Attempt(error=error)
        event_id = parcel.event["detail"]["id"]
        self.received[webhook_id(parcel.route_id, parcel.target.id, event_id, parcel.replay)] += 1
        said_at = self._said_at[event_id]
        self.waited[parcel.route_id].append((said_at, self.clock.seconds - said_at))
        return Attempt()

    # The world around them

    def _happen(self, number: int) -> None:
        is_for_busy = self._busy and number % self._one_in == 0
        route_id = self.rng.choice(self._busy) if is_for_busy else f"r{number % ROUTES}"
        revision = a_revision(id=answer_id(str(number)))
        event = feedback_event(Transition.CAPTURED, None, revision)
        self._revisions[revision.feedback.id] = revision
        self._said_at[event.id] = self.clock.seconds
        self.send(
            QueueMessage(
                route=route_id,
                target=self.routes[route_id].targets[0].id,
                event={"detail-type": event.detail_type, "detail": event.detail()},
            )
        )

    def _poll(self, aside: bool) -> None:
        """Lambda's mapping of a queue: while an invocation is free, it takes what is visible; ten at once."""
        while self._free[aside] and self._visible[aside]:
            batch, self._visible[aside] = self._visible[aside][:BATCH], self._visible[aside][BATCH:]
            self._free[aside] -= 1
            running = [len(batch)]
            for message in batch:
                self.clock.start(partial(self._invoke, message, running))

    def _invoke(self, message: QueueMessage, running: list[int]) -> None:
        self._notifier.handle(message)
        running[0] -= 1
        if not running[0]:
            self._free[message.aside] += 1
            self._poll(message.aside)

    def _sweep_each_minute(self) -> None:
        sweep(cast(Deliveries, self.deliveries), cast(Queue, self), self.clock.now(), lambda: True)
        if self.clock.seconds < self._last_at or self.deliveries.owed:
            self.clock.after(60, self._sweep_each_minute)


def healthy(route_id: str, seconds: float) -> Answer:
    return 0.2, None


def sick(route_id: str, seconds: float) -> Answer:
    if seconds > SICK_FOR:
        return healthy(route_id, seconds)
    if route_id == DEAD:
        return 15.0, "It took too long."
    if route_id == SLOW:
        return 10.0, None
    if route_id == FLAPPING and int(seconds) // 40 % 2:
        return 0.1, "It answered 503."
    return healthy(route_id, seconds)


def half_times_out(route_id: str, seconds: float) -> Answer:
    """Every other request, but not in turn."""
    if route_id == BUSY and seconds < BUSY_SICK_FOR and random.Random(seconds).random() < 0.5:  # noqa: S311
        return 15.0, "It took too long."
    return healthy(route_id, seconds)


def gets_slower(route_id: str, seconds: float) -> Answer:
    """Slow enough to be noticed, and then all but too slow."""
    if route_id == BUSY and seconds < BUSY_SICK_FOR:
        return 3.1 if seconds < 60 else 14.5, None
    return healthy(route_id, seconds)


def unwell(route_id: str, seconds: float) -> Answer:
    """Two are dead, two slow, and two let every other request hang."""
    if route_id not in UNWELL or seconds > BUSY_SICK_FOR:
        return healthy(route_id, seconds)
    kind = UNWELL.index(route_id) % 3
    return [(15.0, "It took too long."), (10.0, None), half_times_out(BUSY, seconds)][kind]


def unhurried(route_id: str, seconds: float) -> Answer:
    return 2.0, None


def hiccups(route_id: str, seconds: float) -> Answer:
    return 0.3, "It answered 503." if seconds < 0.1 else None


def p95(model: Model, sick: Collection[str] = (), since: float = 0.0) -> float:
    waited = [each for id, waited in model.waited.items() if id not in sick for each in waited]
    waits = [wait for said_at, wait in waited if said_at >= since]
    return quantiles(waits, n=20)[-1]


def live_through(model: Model) -> Model:
    """Run it to its end, at which nothing is lost and nothing was seen twice, whoever was sick."""
    model.run()
    assert len(model.received) == model.events, "nothing is lost"
    assert set(model.received.values()) == {1}, "nothing is seen twice"
    assert model.notices == []
    return model


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of invocations in one process would fill the log and the metrics of one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "count", lambda name, number=1: None)
        for level in ("info", "warning", "error"):
            patch.setattr(logger, level, lambda *args, **more: None)
        yield


@pytest.fixture(scope="module")
def well(config: Config) -> float:
    """What the events take while all endpoints are healthy: the 95th percentile, in seconds."""
    return p95(live_through(Model(config, healthy, events=3_000)))


def test_sick_targets_cost_the_healthy_ones_nothing_and_lose_nothing(config: Config, well: float) -> None:
    model = live_through(Model(config, sick, events=EVENTS))
    print(f"p95 of healthy targets: {well:.2f} s all healthy, {p95(model, SICK):.2f} s beside the sick")
    assert p95(model, SICK) <= 2 * well


@pytest.mark.parametrize("answers", [half_times_out, gets_slower])
def test_a_sick_one_that_gets_a_fifth_of_all_events_holds_a_few_requests_and_nobody_else(
    config: Config, well: float, answers: Answers
) -> None:
    model = live_through(Model(config, answers, events=3_000, busy=[BUSY]))
    beside = p95(model, [BUSY])
    print(f"p95 of healthy targets: {well:.2f} s all healthy, {beside:.2f} s beside one that {answers.__name__}")
    assert beside <= 2 * well
    assert model.at_once[BUSY] == AT_ONCE


def test_six_sick_ones_that_get_a_third_of_all_events_hold_nobody_else(config: Config, well: float) -> None:
    model = live_through(Model(config, unwell, events=3_000, busy=UNWELL, one_in=3))
    beside = p95(
        model, UNWELL, since=60
    )  # all six fall ill at once, which nobody knows before their first requests end
    print(f"p95 of healthy targets: {well:.2f} s all healthy, {beside:.2f} s beside six sick ones")
    assert beside <= 2 * well


@pytest.mark.parametrize("answers", [unhurried, hiccups])
def test_a_burst_to_one_that_is_all_but_healthy_arrives_in_time(config: Config, answers: Answers) -> None:
    model = live_through(Model(config, answers, events=100, a_second=20, busy=[BUSY], one_in=1))
    print(f"p95 of a burst to one that is {answers.__name__}: {p95(model):.1f} s")
    assert p95(model) <= PROMISED
