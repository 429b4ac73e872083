"""How many texts are sent in a day: by the whole stage, and for each source that causes them.

Each text costs money, and caps per number do not bound an attacker with many numbers, or a careless system.
"""

from collections.abc import Iterator
from datetime import datetime

from pydynox import DynamoDBClient

from shared.ids import answer_id
from shared.table.items import BUDGET
from shared.table.table import Table

STRANGERS = "strangers"
"""The one source of all replies to numbers that were never invited."""


class Budget:
    """The texts of one stage, counted per day (UTC) in its main table, against two limits."""

    def __init__(self, client: DynamoDBClient, table: str, *, of_stage: int, of_source: int) -> None:
        self._table = Table(client, table)
        self._of_stage = of_stage
        self._of_source = of_source

    def take(self, source: str | None, now: datetime) -> bool:
        """Count a text of a source (None: of the admin's own); False where its budget, or the stage's, is used up."""
        taken: list[str] = []
        for id, limit in self._counters(source, now):
            if not self._count(id, limit, now):
                for each in taken:
                    self._uncount(each)
                return False
            taken.append(id)
        return True

    def give_back(self, source: str | None, now: datetime) -> None:
        """Do not count a text that was taken and is not sent after all."""
        for id, _ in self._counters(source, now):
            self._uncount(id)

    def _counters(self, source: str | None, now: datetime) -> Iterator[tuple[str, int]]:
        day = now.date().isoformat()
        if source is not None:
            yield f"{day}#{answer_id('source', source)}", self._of_source
        yield day, self._of_stage

    def _count(self, id: str, limit: int, now: datetime) -> bool:
        return self._table.update(
            BUDGET.key(id),
            "SET taken = if_not_exists(taken, :none) + :one, #kind = :kind, #ttl = :ttl",
            {
                "condition_expression": "attribute_not_exists(taken) OR taken < :limit",
                "expression_attribute_names": {"#kind": "kind", "#ttl": "ttl"},
                "expression_attribute_values": {
                    ":none": 0,
                    ":one": 1,
                    ":limit": limit,
                    ":kind": BUDGET.kind,
                    ":ttl": BUDGET.ttl(now),
                },
            },
        )

    def _uncount(self, id: str) -> None:
        self._table.update(
            BUDGET.key(id),
            "SET taken = taken - :one",
            {"condition_expression": "taken > :none", "expression_attribute_values": {":none": 0, ":one": 1}},
        )
