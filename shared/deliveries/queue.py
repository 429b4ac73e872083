"""The deliveries queue, and the one beside it for targets in trouble: what their messages say, and how one is sent."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY = timedelta(minutes=15)


class QueueMessage(BaseModel):
    """What a route's rule puts into the queue; `waits`, `hops`, `replay` and `aside` are Earshot's own.

    `event` is either one of `shared.model.events` or the test of a route (`shared.routes.trials`), as EventBridge
    carries it.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)  # errors reach the log

    route: str
    target: str
    event: dict[str, Any]
    waits: int = 0
    """How often it went back to wait for the customer's next words."""
    hops: int = 0
    """How often notify has put it back into a queue, since the sweep or a rule put it there."""
    replay: str | None = None
    aside: bool = False
    """Its target is in trouble, so it waits in a queue of its own and does not delay others."""

    @property
    def detail(self) -> Mapping[str, Any]:
        """The event's detail."""
        detail: Mapping[str, Any] = self.event["detail"]
        return detail

    @property
    def type(self) -> str:
        """The name of the event."""
        return str(self.event["detail-type"])

    @property
    def feedback_id(self) -> str:
        """Whose delivery it is; the event's own id where it is about no feedback."""
        return str(self.detail.get("feedback", self.detail)["id"])

    @property
    def is_about_feedback(self) -> bool:
        """Invitations have events too, which machines get and people do not."""
        return "feedback" in self.detail

    @property
    def revision(self) -> int:
        """The state of the feedback that the event tells of."""
        return int(self.detail["revision"])

    @property
    def occurred_at(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(self.detail["occurred_at"])


class Queue(Protocol):
    """Where messages come from, and go to wait."""

    def send(self, message: QueueMessage, delay: timedelta = timedelta()) -> None:
        """Put a message into the queue, to be seen after `delay`."""


class SqsQueue:
    """The queues of one stage, by their URLs; `aside` is the one for targets in trouble."""

    def __init__(self, client: "SQSClient", url: str, aside: str) -> None:
        self._client = client
        self._url = url
        self._aside = aside

    def send(self, message: QueueMessage, delay: timedelta = timedelta()) -> None:
        """Put a message into the queue, to be seen after `delay`, in whole seconds and at most 15 minutes."""
        seconds = -(-min(max(delay, timedelta()), LONGEST_DELAY) // timedelta(seconds=1))  # up: not before its time
        # In ASCII: SQS does not take every character that JSON may hold.
        body = json.dumps(message.model_dump(mode="json"))
        url = self._aside if message.aside else self._url
        self._client.send_message(QueueUrl=url, MessageBody=body, DelaySeconds=seconds)
