"""A table's writes and reads as the stores of this project need them: puts over a version, and transactions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from pydynox import DynamoDBClient
from pydynox.exceptions import ConditionalCheckFailedException, TransactionCanceledException

Key = Mapping[str, str]
Operation = dict[str, Any]
"""One write of a transaction, as `transact` takes it."""


class Condition(TypedDict, total=False):
    """When a write is made; DynamoDB's own names."""

    condition_expression: str
    expression_attribute_names: dict[str, str]
    expression_attribute_values: dict[str, Any]


NEW: Condition = {"condition_expression": "attribute_not_exists(pk)"}
"""There is no such item yet."""


def at_version(version: int) -> Condition:
    """Nobody has written the item since it was read at this `version`; 0: there was none."""
    if not version:
        return NEW
    return {
        "condition_expression": "#version = :version",
        "expression_attribute_names": {"#version": "version"},
        "expression_attribute_values": {":version": version},
    }


class Table:
    """One table of a stage."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self.client = client
        self.name = name

    def get(self, key: Key) -> Mapping[str, Any] | None:
        """The item as it now is, or None."""
        return self.client.sync_get_item(self.name, dict(key), consistent_read=True)

    def partition(self, pk: str) -> Iterable[Mapping[str, Any]]:
        """All items of a partition as they now are, by sort key."""
        return self.client.sync_query(
            self.name,
            key_condition_expression="pk = :pk",
            expression_attribute_values={":pk": pk},
            consistent_read=True,
        )

    def put(self, item: Mapping[str, Any], condition: Condition | None = None) -> bool:
        """Write the whole item; False where the condition did not hold."""
        try:
            self.client.sync_put_item(self.name, dict(item), **(condition or {}))
        except ConditionalCheckFailedException:
            return False
        return True

    def putting(self, item: Mapping[str, Any], condition: Condition | None = None) -> Operation:
        """The same as one operation of a transaction."""
        return {"type": "put", "table": self.name, "item": dict(item), **(condition or {})}

    def update(self, key: Key, expression: str, condition: Condition) -> bool:
        """Change an item; False where the condition did not hold. Names and values stand in the condition."""
        try:
            self.client.sync_update_item(self.name, dict(key), update_expression=expression, **condition)
        except ConditionalCheckFailedException:
            return False
        return True

    def delete(self, key: Key) -> None:
        """Remove the item, if it is there."""
        self.client.sync_delete_item(self.name, dict(key))

    def transact(self, operations: Sequence[Operation]) -> bool:
        """Write all or nothing; False when a condition did not hold, or another transaction was in the way."""
        try:
            self.client.sync_transact_write(list(operations))
        except TransactionCanceledException:
            return False
        return True
