"""What was sent to whom, what is still owed, and how each target fares. Lives in the main table.

A delivery is one card or event for one target of one route. Its item is claimed before anything is sent and carries the
message, so that from the claim on the table owes the delivery, whatever becomes of the queue or the function. Every
write names the version it changes: of two workers with the same delivery, one wins and the other knows.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError
from pydynox import DynamoDBClient

from shared.deliveries.delivery import Delivery
from shared.deliveries.health import Health
from shared.observe import count, logger, without_words
from shared.table.items import DELIVERY, HEALTH
from shared.table.table import Table, at_version, due_shard
from shared.values import to_iso

_Record = TypeVar("_Record", Delivery, Health)


class Deliveries:
    """The deliveries and the health of targets in the main table of one stage."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def get(self, like: Delivery) -> Delivery | None:
        """The delivery with the same key as it is stored, or None."""
        item = self._get(like.key)
        return Delivery.model_validate(item) if item else None

    def save(self, delivery: Delivery) -> Delivery | None:
        """Write it over the version it was read as; None when another worker was first."""
        index: dict[str, Any] = {}
        if delivery.due_at is not None:
            index["due_shard"] = due_shard(DELIVERY.kind, delivery.feedback_id)
        index["ttl"] = DELIVERY.ttl(delivery.created_at)
        return self._save(delivery, {"kind": DELIVERY.kind} | index)

    def of_feedback(self, feedback_id: str) -> list[Delivery]:
        """All deliveries of one feedback, by route and target."""
        return [Delivery.model_validate(item) for item in self._table.partition(DELIVERY.partition(feedback_id))]

    def due(self, until: datetime) -> Iterator[Delivery]:
        """Deliveries whose `due_at` is not after `until`, the most overdue first."""
        for item in self._table.due(DELIVERY.kind, to_iso(until)):
            try:
                yield Delivery.model_validate(item)
            except ValidationError as error:  # of a version that nobody reads any more: the others are still due
                logger.error("unreadable delivery", delivery=f"{item['pk']}/{item['sk']}", extra=without_words(error))
                count("DeliveryUnreadable")

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
        self._table.delete({"pk": pk, "sk": sk})

    def save_health(self, health: Health) -> Health | None:
        """Write it over the version it was read as; None when another worker was first."""
        return self._save(health, {"kind": HEALTH.kind})

    def _get(self, key: tuple[str, str]) -> Mapping[str, Any] | None:
        pk, sk = key
        return self._table.get({"pk": pk, "sk": sk})

    def _save(self, record: _Record, more: dict[str, Any]) -> _Record | None:
        pk, sk = record.key
        saved = record.model_copy(update={"version": record.version + 1})
        item = saved.model_dump(mode="json", exclude_none=True) | {"pk": pk, "sk": sk} | more
        return saved if self._table.put(item, at_version(record.version)) else None
