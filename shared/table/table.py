"""A table's writes and reads as the stores of this project need them: puts over a version, and transactions.

The client sends a request again by itself where no answer came. A conditional write that was made, and whose answer was
lost, is then refused: its own first attempt is in its way. So each leaves a token in the item, by which a refusal is
told from the loss of an answer, and a change is not made on top of itself. A transaction has one for DynamoDB itself,
which makes it once.
"""

import heapq
import random
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypedDict, TypeVar

from pydynox import DynamoDBClient
from pydynox.exceptions import ConditionalCheckFailedException, PydynoxException, TransactionCanceledException

DUE_SHARDS = 4  # one index key takes 1,000 writes a second
TOKEN = "write_id"  # noqa: S105  # the attribute with the token of the last conditional write
_PAUSES = (0.02, 0.05, 0.1, 0.2)
"""Seconds between attempts: a transaction holds an item for some milliseconds."""

_REFUSED = "ConditionalCheckFailed"
"""The reason of a cancelled transaction of which a condition did not hold."""

_Answer = TypeVar("_Answer")
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
NEW_KEY: Condition = {
    "condition_expression": "attribute_not_exists(#name)",
    "expression_attribute_names": {"#name": "name"},
}
"""The same in the table of keys."""


def at_version(version: int) -> Condition:
    """Nobody has written the item since it was read at this `version`; 0: there was none."""
    if not version:
        return NEW
    return {
        "condition_expression": "#version = :version",
        "expression_attribute_names": {"#version": "version"},
        "expression_attribute_values": {":version": version},
    }


def again(request: Callable[[], _Answer]) -> _Answer:
    """Make a request, up to five times, where a transaction holds its item or DynamoDB fails inside.

    pydynox has an exception of its own for everything else, and the same plain one for these. Of a transaction that was
    cancelled, it hands on the reasons in its text alone.
    """
    for pause in _PAUSES:
        try:
            return request()
        except PydynoxException as error:
            if _is_final(error):
                raise
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  # spread over time, no secret
    return request()


def due_shard(kind: str, id: str) -> str:
    """The partition of the index by_due for an item of a kind and id."""
    return f"{kind}#{ord(id[-1]) % DUE_SHARDS}"


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

    def changed(
        self, shard: str, since: str, *, newest_first: bool = False, page_size: int | None = None
    ) -> Iterable[Mapping[str, Any]]:
        """Items of a `team_shard` that were changed at or after `since`, in that order, as the index has them."""
        return self.client.sync_query(
            self.name,
            key_condition_expression="team_shard = :shard AND changed_at >= :since",
            expression_attribute_values={":shard": shard, ":since": since},
            index_name="by_team",
            scan_index_forward=not newest_first,
            page_size=page_size,
        )

    def due(self, kind: str, until: str) -> Iterable[Mapping[str, Any]]:
        """Items of a kind whose `due_at` is not after `until`, the most overdue first, as the index has them."""
        shards = (
            self.client.sync_query(
                self.name,
                key_condition_expression="due_shard = :shard AND due_at <= :until",
                expression_attribute_values={":shard": f"{kind}#{shard}", ":until": until},
                index_name="by_due",
            )
            for shard in range(DUE_SHARDS)
        )
        return heapq.merge(*shards, key=itemgetter("due_at"))

    def put(self, item: Mapping[str, Any], condition: Condition | None = None) -> bool:
        """Write the whole item; False where the condition did not hold."""
        if condition is None:
            again(lambda: self.client.sync_put_item(self.name, dict(item)))
            return True
        token = _token()
        return _made(
            token,
            lambda: self.client.sync_put_item(
                self.name, {**item, TOKEN: token}, return_values_on_condition_check_failure=True, **condition
            ),
        )

    def putting(self, item: Mapping[str, Any], condition: Condition | None = None) -> Operation:
        """The same as one operation of a transaction."""
        return {"type": "put", "table": self.name, "item": dict(item), **(condition or {})}

    def update(self, key: Key, expression: str, condition: Condition) -> bool:
        """Change an item; False where the condition did not hold. Names and values stand in the condition."""
        token = _token()
        sets = f"SET #{TOKEN} = :{TOKEN}"
        expression = f"{sets}, {expression[4:]}" if expression.startswith("SET ") else f"{sets} {expression}"
        only_once = f"({condition['condition_expression']}) AND NOT #{TOKEN} = :{TOKEN}"
        names = condition.get("expression_attribute_names", {}) | {f"#{TOKEN}": TOKEN}
        values = condition.get("expression_attribute_values", {}) | {f":{TOKEN}": token}
        return _made(
            token,
            lambda: self.client.sync_update_item(
                self.name,
                dict(key),
                update_expression=expression,
                condition_expression=only_once,
                expression_attribute_names=names,
                expression_attribute_values=values,
                return_values_on_condition_check_failure=True,
            ),
        )

    def delete(self, key: Key) -> None:
        """Remove the item, if it is there."""
        again(lambda: self.client.sync_delete_item(self.name, dict(key)))

    def transact(self, operations: Sequence[Operation]) -> bool:
        """Write all or nothing; False when a condition did not hold.

        Raises `PydynoxException` where other transactions stay in the way.
        """
        token = _token()
        try:
            again(lambda: self.client.sync_transact_write(list(operations), client_request_token=token))
        except TransactionCanceledException as error:
            if _REFUSED not in str(error):
                raise
            return False
        return True


def _token() -> str:
    """The token of one write, the same in all its attempts; DynamoDB takes up to 36 characters."""
    return secrets.token_urlsafe(12)


def _is_final(error: PydynoxException) -> bool:
    """Whether a request that failed would fail again."""
    if isinstance(error, TransactionCanceledException):
        return _REFUSED in str(error)
    return type(error) is not PydynoxException


def _made(token: str, write: Callable[[], Any]) -> bool:
    """Whether a conditional write was made, now or by an earlier attempt whose answer was lost."""
    try:
        again(write)
    except ConditionalCheckFailedException as refusal:
        found: Mapping[str, Any] = getattr(refusal, "item", None) or {}
        return found.get(TOKEN) == token
    return True
