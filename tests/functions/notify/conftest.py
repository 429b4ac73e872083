"""A notifier whose clock, chance, queue and senders are the test's own; its table is real."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from functions.notify.notifier import Notifier
from functions.notify.parcel import Parcel
from functions.notify.retries import Attempt
from shared.addresses.targets import Target, TargetKind
from shared.config.model import Config, Route
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery
from shared.deliveries.queue import QueueMessage
from shared.feedback.store import Store
from shared.keys.signing import Keys
from shared.model.events import feedback_event
from shared.model.feedback import Answer, Revision
from shared.model.life import Transition
from tests.kit.factories import an_answer


class World:
    """Everything around a notifier, and the routes it knows."""

    def __init__(self, config: Config, store: Store, keys: Keys, now: datetime) -> None:
        self.now = now
        self.config = config
        self.store = store
        self.deliveries = Deliveries(store.client, store.table)
        self.routes: dict[str, Route] = {}
        self.waiting: list[tuple[datetime, QueueMessage]] = []
        self.queued: list[QueueMessage] = []
        self.sent: list[Parcel] = []
        self.notices: list[str] = []
        self.mail_works = True
        self.answers: list[Attempt] = []
        self.latency = timedelta()
        self.on_send: Callable[[], None] = lambda: None
        self.notifier = Notifier(
            config=config,
            routes=self.routes.get,
            store=store,
            keys=keys,
            deliveries=self.deliveries,
            senders=dict.fromkeys((TargetKind.EMAIL, TargetKind.WEBHOOK), self._send),
            disabled=partial(self._tell, "disabled"),
            given_up=partial(self._tell, "given up"),
            queue=self,
            clock=lambda: self.now,
            chance=lambda: 0.5,
            settling=timedelta(seconds=45),
        )

    def send(self, message: QueueMessage, delay: timedelta = timedelta()) -> None:
        """The queue: a message waits for its time."""
        self.waiting.append((self.now + delay, message))
        self.queued.append(message)

    def _tell(self, what: str, route_id: str, route: Route, target: Target, why: str) -> bool:
        self.notices.append(f"{what} {route_id} {target}: {why}")
        return self.mail_works

    def _send(self, parcel: Parcel) -> Attempt:
        self.sent.append(parcel)
        self.now += self.latency
        self.on_send()
        return self.answers.pop(0) if self.answers else Attempt()

    def route(self, id: str, to: str, **changes: Any) -> Target:
        """A route to one target."""
        self.routes[id] = Route(team="tills", to=(to,), **changes)
        return self.routes[id].targets[0]

    def say(self, answer: Answer | None = None, **changes: Any) -> Revision:
        """A customer says something, now."""
        answer = answer or an_answer()
        return self.store.capture(answer._replace(**changes), self.config, self.now).revision

    def message(self, route: str, revision: Revision, before: Revision | None = None, **more: Any) -> QueueMessage:
        """What the rule of a route puts into the queue for a revision."""
        name = Transition.AMENDED if before else Transition.CAPTURED
        event = feedback_event(name, before, revision)
        return QueueMessage(
            route=route,
            target=self.routes[route].targets[0].id,
            event={"detail-type": name.value, "detail": event.detail()},
            **more,
        )

    def handle(self, message: QueueMessage) -> None:
        """The queue hands a message to the function, and what that puts aside is handed to it from there."""
        waited = len(self.waiting)
        self.notifier.handle(message)
        for at, put in self.waiting[waited:]:
            if put.aside and not message.aside and at == self.now:
                self.waiting.remove((at, put))
                self.notifier.handle(put)

    def wake(self) -> None:
        """Time passes until the next delayed message, which is handled."""
        self.waiting.sort(key=lambda waiting: waiting[0])
        due, message = self.waiting.pop(0)
        self.now = max(self.now, due)
        self.handle(message)

    def rest_until(self, moment: datetime) -> None:
        """Time passes, and whatever waits until then is handled."""
        while self.waiting and min(due for due, _ in self.waiting) <= moment:
            self.wake()
        self.now = max(self.now, moment)

    def rest(self) -> None:
        """Time passes until nothing waits any more."""
        while self.waiting:
            self.wake()

    def sweep(self) -> None:
        """Time passes until the next delivery is due, which is handled."""
        delivery = min(self.deliveries.due(self.now + timedelta(days=30)), key=lambda delivery: str(delivery.due_at))
        assert delivery.due_at is not None
        assert delivery.message is not None
        self.now = max(self.now, delivery.due_at)
        self.handle(QueueMessage.model_validate_json(delivery.message).model_copy(update={"hops": 0}))

    def only_delivery(self, revision: Revision) -> Delivery:
        """The one delivery of a feedback."""
        (delivery,) = self.deliveries.of_feedback(revision.feedback.id)
        return delivery

    @contextmanager
    def crash_after_sending(self) -> Iterator[None]:
        """The function dies when the other side has it, and before it is recorded."""

        def die() -> None:
            raise Crash

        self.on_send = die
        with pytest.raises(Crash):
            yield
        self.on_send = lambda: None


class Crash(BaseException):
    """The function was killed."""


@pytest.fixture
def world(config: Config, store: Store, keys: Keys, now: datetime) -> World:
    """A stage in which nothing has been said yet."""
    return World(config, store, keys, now)
