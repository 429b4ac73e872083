"""One event or card on its way to one target."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from shared.table.items import DELIVERY
from shared.values import Model, Moment


class State(StrEnum):
    """Where a delivery stands. SENDING and WAITING are owed; the sweep sees to them when their time comes."""

    SENDING = "sending"
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"


class Delivery(Model):
    """One card (`subject` "card") or one event ("r3", of revision 3) for one target of one route.

    A replay has a subject of its own ("card@<replay>"), so that it is neither absorbed nor mistaken for news.
    """

    feedback_id: str
    route: str
    target: str
    subject: str
    to: str
    """The target as a person may see it: kind and host. Addresses of webhooks are credentials."""
    state: State = State.SKIPPED
    attempts: int = 0
    revision: int = 0
    """The newest revision that this delivery has shown, or is showing."""
    shown: str | None = None
    """Fingerprint of what the last delivered card said."""
    wake_at: Moment | None = None
    """While SENDING: when the claim ends. While WAITING: not before this."""
    due_at: Moment | None = None
    """When the sweep looks at it, as long as it is owed."""
    waits: int = 0
    """How often it was put off since the last attempt."""
    message: str | None = None
    """The queue message, as JSON, as long as it is owed."""
    error: str | None = None
    created_at: Moment
    changed_at: Moment
    version: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Partition and sort key: all deliveries of a feedback lie together, apart from the feedback."""
        return DELIVERY.partition(self.feedback_id), f"{self.route}#{self.target}#{self.subject}"

    @property
    def was_shown(self) -> bool:
        """Whether the target has received it at least once, even if later attempts failed."""
        return self.shown is not None or self.state is State.DELIVERED

    @property
    def is_owed(self) -> bool:
        """Whether something must still happen."""
        return self.state in (State.SENDING, State.WAITING)

    def claim(self, now: datetime, revision: int, message: str, lease: timedelta) -> Self:
        """Take it for one attempt, until the lease ends."""
        return self._owed(
            State.SENDING, now, now + lease, attempts=self._attempts + 1, revision=revision, message=message
        )

    def put_off(self, now: datetime, until: datetime, why: str, message: str) -> Self:
        """Nothing was attempted, since the target cannot take it now."""
        changes = {"attempts": self._attempts, "error": why, "message": message, "waits": self.waits + 1}
        return self._owed(State.WAITING, now, until, **changes)

    def renewed(self, message: str) -> Self:
        """It waits as before, and will deliver a newer event."""
        return self.model_copy(update={"message": message})

    def retry(self, now: datetime, at: datetime, error: str) -> Self:
        """The attempt failed; another follows."""
        return self._owed(State.WAITING, now, at, error=error)

    def delivered(self, now: datetime, shown: str | None) -> Self:
        """It has arrived."""
        return self._closed(State.DELIVERED, now, shown=shown)

    def failed(self, now: datetime, revision: int, error: str) -> Self:
        """Given up; a replay can still send it."""
        return self._closed(State.FAILED, now, revision=revision, error=error)

    def skipped(self, now: datetime, revision: int, why: str) -> Self:
        """This state of the feedback is not for this target. What was delivered before stays delivered."""
        state = State.DELIVERED if self.shown else State.SKIPPED
        return self._closed(state, now, revision=revision, error=None if self.shown else why)

    def held_back(self, now: datetime, revision: int, why: str) -> Self:
        """This state of the feedback is not sent, though it is for this target; a replay can send it."""
        return self._closed(State.SKIPPED, now, revision=revision, error=why)

    def swept(self, look_again_at: datetime) -> Self:
        """Its message is in the queue again; look again, should that be lost."""
        return self.model_copy(update={"due_at": look_again_at})

    @property
    def _attempts(self) -> int:
        """Attempts so far at what is owed; a new card begins again."""
        return self.attempts if self.is_owed else 0

    def _owed(self, state: State, now: datetime, until: datetime, **changes: Any) -> Self:
        owed = {"state": state, "changed_at": now, "wake_at": until, "due_at": until, "waits": 0}
        return self.model_copy(update=owed | changes)

    def _closed(self, state: State, now: datetime, **changes: Any) -> Self:
        closed = {"state": state, "changed_at": now, "wake_at": None, "due_at": None, "message": None, "error": None}
        return self.model_copy(update=closed | {"waits": 0} | changes)
