"""Those whom notify serves: the deliveries queue and its functions, mail and webhooks, and what people have seen."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError, ReadTimeoutError
from greenlet import getcurrent
from pydynox.exceptions import ConnectionException, ProvisionedThroughputExceededException

from functions.notify.cards import Beside, Card, make_card
from functions.notify.mail import Mailer
from functions.notify.notifier import Notifier
from functions.notify.outgoing import Answer, NoAnswer, Request
from functions.notify.parcel import Parcel
from functions.notify.retries import Attempt
from functions.notify.webhook import Webhooks
from functions.sweep.sweep import sweep
from shared.addresses.targets import Target, TargetKind
from shared.conditions.reader import parse
from shared.config.model import Config, Route
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import State
from shared.deliveries.queue import QueueMessage, SqsQueue
from shared.feedback.store import Store
from shared.languages.packs import texts
from shared.model.feedback import Revision
from shared.table.items import DELIVERY
from tests.faults import queues
from tests.faults.clock import START, Clock
from tests.faults.dynamo import Item, MemoryDynamo
from tests.faults.faults import Faults
from tests.faults.queues import Queue, Sqs

SWEEP_SECONDS = 60
SETTLING = timedelta(seconds=45)


class FaultyDynamo:
    """The table as a function sees it: every call is a step, may be refused, and may be done without an answer."""

    def __init__(self, memory: MemoryDynamo, faults: Faults, put: Callable[[Item], None]) -> None:
        self._memory = memory
        self._faults = faults
        self._put = put

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._memory, name)

        def faulty(*args: Any, **options: Any) -> Any:
            self._faults.step()
            if self._faults.refuses("table"):
                self._faults.strike()
                raise ProvisionedThroughputExceededException("slow down")
            answer = call(*args, **options)
            if name == "sync_put_item":
                self._put(args[1])
            self._faults.step()
            if self._faults.chance(self._faults.refusal / 4):
                self._faults.strike()
                raise ConnectionException("the answer got lost")
            return answer

        return faulty


@dataclass
class Mail:
    """A card that someone received."""

    route: str
    feedback_id: str
    said: tuple[Any, ...]
    task: object
    strikes: int
    """Faults that its task had met when the mail was accepted."""
    revision: int
    at: datetime
    is_retry: bool
    """It was owed already, so it did not wait for more words."""
    recorded: bool = False
    excused: bool = False
    """A fault came between accepting and recording it."""


@dataclass
class People:
    """Everything from the queues of deliveries on."""

    config: Config
    routes: Mapping[str, Route]
    rng: random.Random
    clock: Clock
    faults: Faults
    memory: MemoryDynamo
    table: str
    deliveries: Queue
    aside: Queue
    undelivered: Queue
    sqs: Sqs
    mails: list[Mail] = field(default_factory=list)
    webhooks: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Of each request that a receiver took: the route's address, its webhook-id and its body."""
    gave_up: list[str] = field(default_factory=list)
    _next_sweep: float = float("inf")
    _owed: set[tuple[str, str]] = field(default_factory=set)
    _claims: dict[object, tuple[Item, bool]] = field(default_factory=dict)
    """By task, the last claim and whether the delivery was owed before."""

    def __post_init__(self) -> None:
        """Put the functions together as their handlers do."""
        client = cast(Any, FaultyDynamo(self.memory, self.faults, self._was_put))
        self.table_of_deliveries = Deliveries(client, self.table)
        self.queue = SqsQueue(cast(Any, self.sqs), self.deliveries.name, self.aside.name)
        self._mailer = Mailer(cast(Any, self), self.config.business)
        self.notifier = Notifier(
            config=self.config,
            routes=self.routes.get,
            store=Store(client, self.table),
            keys=cast(Any, SimpleNamespace(dumps=lambda purpose, payload: purpose, tag=lambda purpose, text: purpose)),
            deliveries=self.table_of_deliveries,
            senders={
                TargetKind.EMAIL: self._send_card,
                TargetKind.WEBHOOK: Webhooks(cast(Any, self), cast(Any, self)).send,
            },
            disabled=self._tell,
            given_up=self._tell,
            queue=self.queue,
            clock=self.clock.now,
            chance=self.rng.random,
            settling=SETTLING,
        )
        for queue in (self.deliveries, self.aside):
            queues.Mapping(self.rng, self.faults, queue, self.undelivered, self.notify)

    def notify(self, batch: list[queues.Message]) -> set[str]:
        """The notify function; returns the ids of the messages that failed, as its batch processor does."""
        failed = set()
        for message in batch:
            seen = len(self.mails)
            try:
                self.notifier.handle(QueueMessage.model_validate_json(message.body))
            except Exception as error:
                self.faults.raised.append(error)
                failed.add(message.id)
            finally:
                for mail in self.mails[seen:]:
                    if mail.task is getcurrent():
                        mail.excused = self.faults.strikes[mail.task] > mail.strikes
        return failed

    def says(self, shown: Card) -> tuple[Any, ...]:
        """What a card tells of the feedback, without what depends on when it is sent."""
        timed = {texts(self.config.language)[f"card.{name}"] for name in ("when", "age", "due", "overdue")}
        return (shown.words, *(fact for fact in shown.facts if fact[0] not in timed))

    # The promises

    def check(self, heard: Mapping[str, dict[str, Any]], revisions: Mapping[str, Revision]) -> Iterator[str]:
        """What each target should have got of the feedback that it heard of, and did not; and what it got twice.

        `heard` is every event that was put on the bus, by id.
        """
        for route_id, route in self.routes.items():
            yield from self._seen_unsettled(route_id, route, revisions)
        yield from self._seen_twice()
        webhook_ids: dict[tuple[str, str], set[str]] = defaultdict(set)
        for url, webhook_id, body in self.webhooks:
            webhook_ids[url, json.loads(body)["data"]["id"]].add(webhook_id)
        for route_id, route in self.routes.items():
            condition = parse(route.when)
            wanted = [
                id for id, event in heard.items() if condition.matches(event["detail-type"], revisions[id].feedback)
            ]
            for id, target in product(wanted, route.targets):
                if target.kind is TargetKind.WEBHOOK:
                    if len(webhook_ids[target.address, id]) != 1:
                        yield f"{route_id} heard of {id} under {len(webhook_ids[target.address, id])} webhook-ids"
                elif f"{revisions[id].feedback.id}-{revisions[id].number + 1}" not in revisions:
                    yield from self._shows_last(route_id, route, revisions[id])

    def _seen_unsettled(self, route_id: str, route: Route, revisions: Mapping[str, Revision]) -> Iterator[str]:
        """A card leaves when the customer has come to rest, and there is at most one each time that they do."""
        settling = SETTLING if route.settling is None else timedelta(seconds=route.settling)
        cards: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
        for mail in self.mails:
            if mail.route != route_id:
                continue
            if mail.recorded or not mail.excused:
                cards[mail.feedback_id].add(mail.said)
            if not mail.is_retry and mail.at < revisions[f"{mail.feedback_id}-{mail.revision}"].changed_at + settling:
                yield f"{route_id} saw {mail.feedback_id} before it had settled"
        rests: Counter[str] = Counter()
        for revision in revisions.values():
            after = revisions.get(f"{revision.feedback.id}-{revision.number + 1}")
            rests[revision.feedback.id] += after is None or after.changed_at - revision.changed_at >= settling
        for id, different in cards.items():
            if len(different) > rests[id]:
                yield f"{route_id} saw {len(different)} cards about {id}, who came to rest {rests[id]} times"

    def _shows_last(self, route_id: str, route: Route, last: Revision) -> Iterator[str]:
        """The last card shows the last state. A card that was accepted and, by a fault, not recorded may follow it."""
        id = last.feedback.id
        expected = self.says(make_card(self.config, route_id, route, last, Beside(self.clock.now())))
        mails = [mail for mail in self.mails if (mail.route, mail.feedback_id) == (route_id, id)]
        while mails and mails[-1].said != expected and mails[-1].excused and not mails[-1].recorded:
            mails.pop()
        if not mails or mails[-1].said != expected:
            yield f"{route_id} was not shown the last state of {id}"

    def _seen_twice(self) -> Iterator[str]:
        """The same card may come again only where a fault kept the first from being recorded."""
        last: dict[tuple[str, str], Mail] = {}
        for mail in self.mails:
            before = last.get((mail.route, mail.feedback_id))
            if before is not None and before.said == mail.said and (before.recorded or not before.excused):
                yield f"{mail.route} saw the same card about {mail.feedback_id} twice"
            last[mail.route, mail.feedback_id] = mail

    def _tell(self, route_id: str, route: Route, target: Target, why: str) -> bool:
        self.gave_up.append(f"{route_id}: {why}")
        return True

    # Outside: a mail server and a receiver of webhooks

    def _send_card(self, parcel: Parcel) -> Attempt:
        self._parcel = parcel
        return self._mailer.send_card(parcel)

    def send_email(self, **mail: Any) -> dict[str, str]:
        """SES: what it accepted is read by someone, whether the function hears of that or not."""
        parcel = self._parcel
        assert mail["Destination"]["ToAddresses"] == [parcel.target.address]
        self.faults.step()
        if self.faults.refuses("mail"):
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "SendEmail")
        task = getcurrent()
        said = self.says(parcel.shown)
        claim, is_retry = self._claims[task]
        self.mails.append(
            Mail(
                parcel.route_id,
                parcel.feedback_id,
                said,
                task,
                self.faults.strikes[task],
                revision=claim["revision"],
                at=self.clock.now(),
                is_retry=is_retry,
            )
        )
        self.faults.step()
        if self.faults.chance(self.faults.refusal / 4):
            self.faults.strike()
            raise ReadTimeoutError(endpoint_url="https://email.eu-west-1.amazonaws.com")
        return {"MessageId": "0102018e"}

    def live(self, route: str, target: str) -> list[str]:
        """The secret that signs webhooks."""
        return ["whsec_ZmF1bHRzIGFuZCBvdGhlciB3ZWF0aGVyLCBhbGw="]

    def post(self, request: Request) -> Answer:
        """A receiver of webhooks, which knows what it has taken by its webhook-id."""
        self.faults.step()
        if self.faults.refuses("webhook"):
            if self.faults.chance(0.5):
                raise NoAnswer("It hung up.")
            return Answer(503, {"Retry-After": "120"} if self.faults.chance(0.5) else {}, b"")
        self.webhooks.append((request.url, request.headers["webhook-id"], request.body))
        self.faults.step()
        if self.faults.chance(self.faults.refusal / 4):
            raise NoAnswer("It took too long.")
        return Answer(200, {}, b"")

    # The sweep, whose schedule is a minute; minutes in which nothing is due are left out

    def _was_put(self, item: Item) -> None:
        if item.get("kind") != "delivery":
            return
        key = item["pk"], item["sk"]
        if item["state"] == State.SENDING:
            self._claims[getcurrent()] = item, key in self._owed
        (self._owed.add if item["state"] in (State.SENDING, State.WAITING) else self._owed.discard)(key)
        if item["state"] == State.DELIVERED:
            for mail in self.mails:
                if mail.task is getcurrent() and (mail.route, mail.feedback_id) == (item["route"], item["feedback_id"]):
                    mail.recorded = True
        if "due_at" in item:
            self._plan_sweep(item["due_at"])

    def _plan_sweep(self, due_at: str) -> None:
        seconds = (datetime.fromisoformat(due_at) - START).total_seconds() - SWEEP_SECONDS
        at = max(self.clock.seconds, seconds) // SWEEP_SECONDS * SWEEP_SECONDS + SWEEP_SECONDS
        if at < self._next_sweep:
            self._next_sweep = at
            self.clock.after(at - self.clock.seconds, lambda: self._sweep(at))

    def _sweep(self, at: float) -> None:
        if at != self._next_sweep:
            return
        self._next_sweep = 0  # none is planned while one runs

        def then(answer: Any) -> None:
            self._next_sweep = float("inf")
            for item in self.memory.items(self.table):
                if "due_at" in item and item["kind"] == DELIVERY.kind:  # cases are due as well, for another function
                    self._plan_sweep(item["due_at"])

        self.faults.invoke(
            lambda: sweep(self.table_of_deliveries, self.queue, self.clock.now(), lambda: True), SWEEP_SECONDS, then
        )
