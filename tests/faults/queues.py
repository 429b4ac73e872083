"""SQS standard queues, and Lambda's mapping from one: at least once, in any order, five times, then dead."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.faults.clock import Clock
from tests.faults.faults import Faults

VISIBILITY_SECONDS = 360
MAX_RECEIVES = 5
BATCH = 10
TIMEOUT_SECONDS = 60


@dataclass
class Message:
    """A message; it is hidden until `visible_at`, seconds on the clock."""

    id: str
    body: str
    attributes: dict[str, str]
    visible_at: float
    receives: int = 0


@dataclass
class Queue:
    """A queue. Whoever consumes it hears of each message that becomes visible."""

    name: str
    clock: Clock
    messages: dict[str, Message] = field(default_factory=dict)
    wake: Callable[[], None] = lambda: None
    sent: int = 0

    @property
    def arn(self) -> str:
        return f"arn:aws:sqs:eu-west-1:111122223333:{self.name}"

    def send(self, body: str, attributes: dict[str, str] | None = None, delay: float = 0) -> None:
        """Take a message."""
        assert 0 <= delay <= 900
        self.sent += 1
        message = Message(f"{self.name}-{self.sent}", body, attributes or {}, self.clock.seconds + delay)
        self.messages[message.id] = message
        self.clock.after(delay, self.wake)

    def visible(self) -> list[Message]:
        """What can be received now."""
        return [message for message in self.messages.values() if message.visible_at <= self.clock.seconds]

    def hide(self, message: Message, seconds: float) -> None:
        """Keep a message from everybody for a while."""
        message.visible_at = self.clock.seconds + seconds
        self.clock.after(seconds, self.wake)

    def bodies(self) -> Iterator[str]:
        """All that is in the queue."""
        return (message.body for message in self.messages.values())


class Mapping:
    """Invokes a function with batches of a queue's messages; what it does not report as failed is deleted."""

    def __init__(
        self,
        rng: random.Random,
        faults: Faults,
        queue: Queue,
        dead_letters: Queue,
        function: Callable[[list[Message]], set[str]],
    ) -> None:
        self._rng = rng
        self._faults = faults
        self._queue = queue
        self._dead_letters = dead_letters
        self._function = function
        queue.wake = self._poll

    def _poll(self) -> None:
        visible = self._queue.visible()
        self._rng.shuffle(visible)
        batch: list[Message] = []
        for message in visible[:BATCH]:
            if message.receives >= MAX_RECEIVES:
                del self._queue.messages[message.id]
                self._dead_letters.send(message.body)
                continue
            message.receives += 1
            if not self._faults.chance(self._faults.repeat):  # else it stays visible, and is received twice
                self._queue.hide(message, VISIBILITY_SECONDS)
            batch.append(message)
        if not batch:
            if visible:
                self._poll()
            return

        def then(failed: set[str] | None) -> None:
            for message in batch:
                lost = self._faults.chance(self._faults.repeat / 4)  # the deletion did not get through
                if failed is not None and message.id not in failed and not lost:
                    self._queue.messages.pop(message.id, None)

        self._faults.invoke(lambda: self._function(batch), TIMEOUT_SECONDS, then)
        self._queue.clock.after(0.01, self._poll)


class Sqs:
    """The SQS calls that notify and redrive make."""

    def __init__(self, faults: Faults, *queues: Queue) -> None:
        self._faults = faults
        self._queues = {queue.name: queue for queue in queues}

    def get_queue_url(self, *, QueueName: str, QueueOwnerAWSAccountId: str) -> dict[str, str]:  # noqa: N803
        """Here a queue's URL is its name."""
        return {"QueueUrl": QueueName}

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int = 0) -> None:  # noqa: N803
        """Take a message; the answer may get lost after that."""
        self._faults.step()
        self._queues[QueueUrl].send(MessageBody, delay=DelaySeconds)
        self._faults.step()

    def receive_message(self, *, QueueUrl: str, VisibilityTimeout: int, **options: Any) -> dict[str, Any]:  # noqa: N803
        """Up to ten messages; the receipt handle is the message's id."""
        self._faults.step()
        queue = self._queues[QueueUrl]
        messages = []
        for message in queue.visible()[:10]:
            queue.hide(message, VisibilityTimeout)
            attributes = {name: {"StringValue": value} for name, value in message.attributes.items()}
            messages.append(
                {
                    "MessageId": message.id,
                    "ReceiptHandle": message.id,
                    "Body": message.body,
                    "MessageAttributes": attributes,
                }
            )
        return {"Messages": messages} if messages else {}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        """Gone, also when it was gone before."""
        self._faults.step()
        self._queues[QueueUrl].messages.pop(ReceiptHandle, None)

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        """Hide it for so long from now."""
        self._faults.step()
        if ReceiptHandle in self._queues[QueueUrl].messages:
            self._queues[QueueUrl].hide(self._queues[QueueUrl].messages[ReceiptHandle], VisibilityTimeout)
