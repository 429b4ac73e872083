"""Looking for one message in a queue that belongs to others too."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

HELD_SECONDS = 60  # longer than a search takes, so that it receives nothing twice
BATCH = 10  # what SQS takes and gives at once

Message = Mapping[str, Any]


class Search:
    """A search that receives what is not wanted once, keeps it hidden meanwhile, and puts it back at its end.

    Each receive counts towards a redrive policy's `maxReceiveCount`, so a second look must not be a second receive.
    """

    def __init__(self, sqs: Any, url: str, most: int) -> None:
        """`most`: how many other messages may be held back meanwhile."""
        self._sqs = sqs
        self._url = url
        self._most = most
        self._held: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        receipts = list(self._held.values())
        for start in range(0, len(receipts), BATCH):
            entries = [
                {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for index, receipt in enumerate(receipts[start : start + BATCH])
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    @property
    def is_full(self) -> bool:
        """Whether the search has ended because it holds as many messages as it may."""
        return len(self._held) >= self._most

    def look(self, wanted: Callable[[Message], bool]) -> Message | None:
        """The wanted message, taken out of the queue; None while it is not among what can be received."""
        while not self.is_full:
            received = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(BATCH, self._most - len(self._held)),
                WaitTimeSeconds=1,  # makes SQS ask all its servers, so that an empty answer means an empty queue
                VisibilityTimeout=HELD_SECONDS,
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            if not received:
                return None
            found: Message | None = None
            for message in received:
                if wanted(message):
                    self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                    found = message
                else:
                    self._held[message["MessageId"]] = message["ReceiptHandle"]
            if found is not None:
                return found
        return None
