import io
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from shared.customers.messages import Message, Messages, Purpose
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery
from shared.deliveries.queue import QueueMessage
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.feedback import Channel, Feedback
from shared.observe import logger

LEASE = timedelta(seconds=90)
Sweep = Callable[[Deliveries, "Waiting", datetime, Callable[[], bool]], int]


class Waiting:
    """A queue that keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, timedelta]] = []
        self.messages: list[QueueMessage] = []

    def send(self, message: QueueMessage, delay: timedelta = timedelta()) -> None:
        self.sent.append((message.feedback_id, delay))
        self.messages.append(message)


@pytest.fixture
def sweep(aws: str, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    monkeypatch.setenv("EARSHOT_TABLE", "earshot-test")
    monkeypatch.setenv("EARSHOT_DELIVERIES_QUEUE_URL", f"{aws}/queue")
    monkeypatch.setenv("EARSHOT_ASIDE_QUEUE_URL", f"{aws}/aside")
    from functions.sweep import sweep as module

    return module.sweep


@pytest.fixture
def deliveries(store: Store) -> Deliveries:
    return Deliveries(store.client, store.table)


def owed(deliveries: Deliveries, name: str, now: datetime, at: datetime) -> Delivery:
    id = answer_id(name)
    message = QueueMessage(route="r", target="t", event={"detail-type": "x", "detail": {"feedback": {"id": id}}})
    blank = Delivery(
        feedback_id=id, route="r", target="t", subject="r1", to="webhook:x", created_at=now, changed_at=now
    )
    saved = deliveries.save(blank.put_off(now, at, "Waits.", message.model_dump_json()))
    assert saved
    return saved


def test_what_is_due_within_the_minute_is_sent_to_its_very_second(
    sweep: Sweep, deliveries: Deliveries, now: datetime
) -> None:
    for name, seconds in [("late", -300), ("soon", 40), ("later", 61)]:
        owed(deliveries, name, now, now + timedelta(seconds=seconds))
    queue = Waiting()
    assert sweep(deliveries, queue, now, lambda: True) == 2
    assert sorted(queue.sent, key=lambda sent: sent[1]) == [
        (answer_id("late"), timedelta(seconds=-300)),
        (answer_id("soon"), timedelta(seconds=40)),
    ]


def test_it_is_looked_at_again_only_if_the_message_was_lost(
    sweep: Sweep, deliveries: Deliveries, now: datetime
) -> None:
    owed(deliveries, "late", now, now)
    queue = Waiting()
    sweep(deliveries, queue, now, lambda: True)
    sweep(deliveries, queue, now + timedelta(minutes=1), lambda: True)
    assert len(queue.sent) == 1
    sweep(deliveries, queue, now + timedelta(minutes=15), lambda: True)
    assert len(queue.sent) == 2


def test_a_delivery_that_has_arrived_is_left_alone(sweep: Sweep, deliveries: Deliveries, now: datetime) -> None:
    claimed = deliveries.save(owed(deliveries, "a", now, now).claim(now, 1, "{}", LEASE))
    assert claimed
    deliveries.save(claimed.delivered(now, None))
    assert sweep(deliveries, Waiting(), now + timedelta(days=1), lambda: True) == 0


def test_it_stops_when_its_time_is_over(sweep: Sweep, deliveries: Deliveries, now: datetime) -> None:
    for name in "abc":
        owed(deliveries, name, now, now)
    left = iter([True, False])
    assert sweep(deliveries, Waiting(), now, lambda: next(left)) == 1


@pytest.mark.parametrize("model", [Delivery, QueueMessage, Feedback])
def test_an_error_in_reading_quotes_nobody(model: type[BaseModel]) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate({"feedback_id": ["whispered"], "route": ["whispered"], "comment": ["whispered"]})
    assert "whispered" not in str(refusal.value)


def test_no_word_of_a_customer_is_logged_of_what_cannot_be_read(
    sweep: Sweep, deliveries: Deliveries, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", logged)
    unreadable = owed(deliveries, "a", now, now)
    deliveries.save(unreadable.model_copy(update={"message": '{"event": {"comment": "whispered"}}'}))
    assert sweep(deliveries, Waiting(), now, lambda: True) == 0
    assert unreadable.feedback_id in logged.getvalue()
    assert "ValidationError" in logged.getvalue()
    assert "whispered" not in logged.getvalue()


def test_what_is_most_overdue_goes_first_wherever_it_lies(sweep: Sweep, deliveries: Deliveries, now: datetime) -> None:
    for number in range(20):
        owed(deliveries, f"n{number}", now, now - timedelta(seconds=number))
    queue = Waiting()
    left = iter([True] * 5 + [False])
    assert sweep(deliveries, queue, now, lambda: next(left)) == 5
    assert [id for id, _ in queue.sent] == [answer_id(f"n{number}") for number in (19, 18, 17, 16, 15)]


def test_one_delivery_that_cannot_be_read_holds_up_no_other(
    sweep: Sweep, deliveries: Deliveries, store: Store, now: datetime
) -> None:
    for number in range(8):
        owed(deliveries, f"n{number}", now, now)
    pk, sk = owed(deliveries, "strange", now, now - timedelta(minutes=1)).key
    store.client.sync_update_item(
        store.table,
        {"pk": pk, "sk": sk},
        update_expression="SET #state = :unheard_of",
        expression_attribute_names={"#state": "state"},
        expression_attribute_values={":unheard_of": "unheard of"},
    )
    assert sweep(deliveries, Waiting(), now, lambda: True) == 8


def test_one_message_that_the_queue_refuses_holds_up_no_other(
    sweep: Sweep, deliveries: Deliveries, now: datetime
) -> None:
    class Picky(Waiting):
        def send(self, message: QueueMessage, delay: timedelta = timedelta()) -> None:
            if message.feedback_id == answer_id("refused"):
                raise ClientError({"Error": {"Code": "InvalidMessageContents"}}, "SendMessage")
            super().send(message, delay)

    queue = Picky()
    for name in ("refused", *(f"n{number}" for number in range(8))):
        owed(deliveries, name, now, now - timedelta(minutes=1))
    assert sweep(deliveries, queue, now, lambda: True) == len(queue.sent) == 8


def test_what_the_sweep_brings_begins_a_new_row_of_hops(sweep: Sweep, deliveries: Deliveries, now: datetime) -> None:
    waiting = owed(deliveries, "late", now, now)
    message = QueueMessage.model_validate_json(waiting.message or "").model_copy(update={"hops": 12})
    deliveries.save(waiting.renewed(message.model_dump_json()))
    queue = Waiting()
    sweep(deliveries, queue, now, lambda: True)
    assert [message.hops for message in queue.messages] == [0]


def test_what_the_queue_lost_during_an_attempt_is_put_back_when_its_lease_has_ended(
    sweep: Sweep, deliveries: Deliveries, now: datetime
) -> None:
    waiting = owed(deliveries, "late", now, now)
    deliveries.save(waiting.claim(now, 1, waiting.message or "", LEASE))
    queue = Waiting()
    assert sweep(deliveries, queue, now + LEASE - timedelta(seconds=1), lambda: True) == 0
    assert sweep(deliveries, queue, now + LEASE, lambda: True) == 1


@pytest.fixture
def wake(sweep: Sweep) -> Callable[[Messages, datetime, Callable[[], bool]], int]:
    from functions.sweep import sweep as module

    return module.wake


def test_messages_that_are_due_are_woken_once_and_only_they(
    wake: Callable[[Messages, datetime, Callable[[], bool]], int], store: Store, now: datetime
) -> None:
    messages = Messages(store.client, store.table)
    for number in range(3):
        message = Message(
            id=f"m{number}", channel=Channel.SMS, to="+447400123456", purpose=Purpose.THANKS, text="Hi", created_at=now
        )
        store.transact([messages.saving(message)])
        assert messages.start(message.id, now)
        messages.hold(message, now + timedelta(minutes=number), "messagerejected")
    assert wake(messages, now + timedelta(minutes=1), lambda: True) == 2
    assert wake(messages, now + timedelta(minutes=1), lambda: True) == 0
    left = iter([False])
    assert wake(messages, now + timedelta(minutes=2), lambda: next(left)) == 0
    assert [waiting.id for waiting in messages.due(now + timedelta(minutes=2))] == ["m2"]
    assert messages.start("m1", now)
    assert not messages.start("m2", now)
