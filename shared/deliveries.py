"""What was sent to whom, what is still owed, and how each target fares. Lives in the main table.

A delivery is one card or event for one target of one route. Its item is claimed before anything is sent and carries the
message, so that from the claim on the table owes the delivery, whatever becomes of the queue or the function. Every
write names the version it changes: of two workers with the same delivery, one wins and the other knows.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from operator import itemgetter
from typing import Any, Self, TypeVar

from pydantic import ValidationError
from pydynox import DynamoDBClient
from pydynox.exceptions import ConditionalCheckFailedException

from shared.observe import count, logger, without_words
from shared.store import RETENTION
from shared.values import Model, Moment, to_iso

DUE_SHARDS = 4  # one index key takes 1,000 writes a second


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
        return f"D#{self.feedback_id}", f"{self.route}#{self.target}#{self.subject}"

    @property
    def was_shown(self) -> bool:
        """Whether something of it has arrived, whatever became of what followed."""
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
        """It waits as before, but for something newer to be told."""
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


class Health(Model):
    """How one target of one route fares. A target without trouble has no item, and costs no write."""

    route: str
    target: str
    failures: int = 0
    """In a row, without a success between."""
    failing_since: Moment | None = None
    opens_at: Moment | None = None
    """The breaker lets nothing through before this."""
    troubled_at: Moment | None = None
    """When it last failed or was slow, until it is trusted again."""
    places: tuple[Moment, ...] = ()
    """When the places end that requests on their way to it hold, while it is in trouble."""
    warned: bool = False
    """Whether its owner was told that deliveries are given up, since it is in trouble."""
    disabled_at: Moment | None = None
    disabled_why: str | None = None
    noticed: bool = False
    """Whether its owner was told that it is disabled."""
    version: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Partition and sort key."""
        return f"T#{self.route}", self.target


_Record = TypeVar("_Record", Delivery, Health)


class Deliveries:
    """The deliveries and the health of targets in the main table of one stage."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, like: Delivery) -> Delivery | None:
        """The delivery with the same key as it is stored, or None."""
        item = self._get(like.key)
        return Delivery.model_validate(item) if item else None

    def save(self, delivery: Delivery) -> Delivery | None:
        """Write it over the version it was read as; None when another worker was first."""
        index: dict[str, Any] = {}
        if delivery.due_at is not None:
            index["due_shard"] = f"delivery#{_shard(delivery.feedback_id)}"
        index["ttl"] = int((delivery.created_at + RETENTION).timestamp())
        return self._save(delivery, {"kind": "delivery"} | index)

    def of_feedback(self, feedback_id: str) -> list[Delivery]:
        """All deliveries of one feedback, by route and target."""
        items = self._client.sync_query(
            self._table,
            key_condition_expression="pk = :pk",
            expression_attribute_values={":pk": f"D#{feedback_id}"},
            consistent_read=True,
        )
        return [Delivery.model_validate(item) for item in items]

    def due(self, until: datetime) -> Iterator[Delivery]:
        """Deliveries whose `due_at` is not after `until`, the most overdue first."""
        shards = (self._due(shard, until) for shard in range(DUE_SHARDS))
        for item in heapq.merge(*shards, key=itemgetter("due_at")):
            try:
                yield Delivery.model_validate(item)
            except ValidationError as error:  # of a version that nobody reads any more: the others are still due
                logger.error("unreadable delivery", delivery=f"{item['pk']}/{item['sk']}", extra=without_words(error))
                count("DeliveryUnreadable")

    def _due(self, shard: int, until: datetime) -> Iterable[Mapping[str, Any]]:
        return self._client.sync_query(
            self._table,
            key_condition_expression="due_shard = :shard AND due_at <= :until",
            expression_attribute_values={":shard": f"delivery#{shard}", ":until": to_iso(until)},
            index_name="by_due",
        )

    def health(self, route: str, target: str) -> Health:
        """How a target fares; a healthy one if nothing is known."""
        unknown = Health(route=route, target=target)
        item = self._get(unknown.key)
        return Health.model_validate(item) if item else unknown

    def enable(self, route: str, target: str) -> bool:
        """Take up a disabled target again, as if nothing was known of it; whether it was disabled."""
        health = self.health(route, target)
        if health.disabled_at is None:
            return False
        return self.save_health(Health(route=route, target=target, version=health.version)) is not None

    def forget(self, route: str, target: str) -> None:
        """Let nothing be known of a target any more."""
        pk, sk = Health(route=route, target=target).key
        self._client.sync_delete_item(self._table, {"pk": pk, "sk": sk})

    def save_health(self, health: Health) -> Health | None:
        """Write it over the version it was read as; None when another worker was first."""
        return self._save(health, {"kind": "health"})

    def _get(self, key: tuple[str, str]) -> Mapping[str, Any] | None:
        pk, sk = key
        return self._client.sync_get_item(self._table, {"pk": pk, "sk": sk}, consistent_read=True)

    def _save(self, record: _Record, more: dict[str, Any]) -> _Record | None:
        pk, sk = record.key
        saved = record.model_copy(update={"version": record.version + 1})
        item = saved.model_dump(mode="json", exclude_none=True) | {"pk": pk, "sk": sk} | more
        try:
            self._client.sync_put_item(
                self._table,
                item,
                condition_expression="#version = :version" if record.version else "attribute_not_exists(pk)",
                expression_attribute_names={"#version": "version"} if record.version else None,
                expression_attribute_values={":version": record.version} if record.version else None,
            )
        except ConditionalCheckFailedException:
            return None
        return saved


def _shard(feedback_id: str) -> int:
    return ord(feedback_id[-1]) % DUE_SHARDS
