"""A DynamoDB client in memory that takes its conditions at their word, with a stream of both images.

It has the calls of pydynox that the table's code makes, and refuses any expression that it does not know. The tests
run the same calls against a moto server, to hold the two together.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from pydynox.exceptions import ConditionalCheckFailedException, TransactionCanceledException
from pydynox.pydynox_core import item_from_dynamo, item_to_dynamo

Item = dict[str, Any]
Image = dict[str, dict[str, Any]]
Change = Callable[[Image | None, Image], None]
"""Told of every change: the image before, and after."""

_MISSING = object()


class MemoryDynamo:
    """Tables with a partition and a sort key, or a partition key alone."""

    def __init__(self, changed: Change = lambda before, after: None) -> None:
        self._changed = changed
        self._tables: dict[str, dict[tuple[Any, Any], tuple[Item, Image]]] = {}
        """Each item as Python values, to look at, and as DynamoDB has it, to give away."""

    def sync_get_item(self, table: str, key: Item, *, consistent_read: bool = False) -> Item | None:
        """The item, or None."""
        found = self._rows(table).get(_key(key))
        return None if found is None else item_from_dynamo(found[1])

    def sync_put_item(
        self,
        table: str,
        item: Item,
        *,
        condition_expression: str | None = None,
        expression_attribute_names: dict[str, str] | None = None,
        expression_attribute_values: Item | None = None,
        return_values_on_condition_check_failure: bool = False,
    ) -> None:
        """Write the item over what is there; raises ConditionalCheckFailedException, with the item where asked for."""
        names, values = expression_attribute_names or {}, expression_attribute_values or {}
        before = self._check(
            table, item, condition_expression, names, values, shown=return_values_on_condition_check_failure
        )
        self._write(table, before, item)

    def sync_update_item(
        self,
        table: str,
        key: Item,
        *,
        update_expression: str,
        condition_expression: str | None = None,
        expression_attribute_names: dict[str, str] | None = None,
        expression_attribute_values: Item | None = None,
        return_values: str | None = None,
        return_values_on_condition_check_failure: bool = False,
    ) -> Item | None:
        """Change the item or create it; raises ConditionalCheckFailedException, with the item where asked for."""
        names, values = expression_attribute_names or {}, expression_attribute_values or {}
        before = self._check(
            table, key, condition_expression, names, values, shown=return_values_on_condition_check_failure
        )
        old = before or {}
        new = {**old, **key}
        sets, removes = _update(update_expression)
        for name, value in sets:
            new[names.get(name, name)] = value(_Scope(old, names, values))
        for name in removes:
            new.pop(names.get(name, name), None)
        self._write(table, before, new)
        return new if return_values == "ALL_NEW" else None

    def sync_transact_write(self, operations: list[Item], *, client_request_token: str | None = None) -> None:
        """Write all or nothing; raises TransactionCanceledException where a condition does not hold."""
        for each in operations:
            names, values = each.get("expression_attribute_names", {}), each.get("expression_attribute_values", {})
            where = each["item"] if each["type"] == "put" else each["key"]
            try:
                self._check(each["table"], where, each.get("condition_expression"), names, values, shown=False)
            except ConditionalCheckFailedException:
                raise TransactionCanceledException("ConditionalCheckFailed") from None
        for each in operations:
            if each["type"] == "put":
                self.sync_put_item(each["table"], each["item"])
                continue
            self.sync_update_item(
                each["table"],
                each["key"],
                update_expression=each["update_expression"],
                expression_attribute_names=each.get("expression_attribute_names"),
                expression_attribute_values=each.get("expression_attribute_values"),
            )

    def sync_query(
        self,
        table: str,
        *,
        key_condition_expression: str,
        expression_attribute_values: Item,
        index_name: str | None = None,
        consistent_read: bool = False,
        scan_index_forward: bool = True,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> list[Item]:
        """All items that the condition holds for, in the order of the index's sort key or against it."""
        holds = _condition(key_condition_expression)
        sort = {"by_due": "due_at", "by_team": "changed_at", "by_inbox": "inbox_at", None: "sk"}[index_name]
        found = [
            image
            for item, image in self._rows(table).values()
            if sort in item and holds(_Scope(item, {}, expression_attribute_values))
        ]
        found_items = [item_from_dynamo(image) for image in found]
        return sorted(found_items, key=lambda item: str(item[sort]), reverse=not scan_index_forward)[:limit]

    def items(self, table: str) -> Iterator[Item]:
        """Every item, to look at."""
        return (item for item, _ in self._rows(table).values())

    def _rows(self, table: str) -> dict[tuple[Any, Any], tuple[Item, Image]]:
        return self._tables.setdefault(table, {})

    def _check(
        self,
        table: str,
        item: Item,
        condition: str | None,
        names: dict[str, str],
        values: Item,
        *,
        shown: bool,
    ) -> Item | None:
        before = self.sync_get_item(table, item)
        if condition is not None and not _condition(condition)(_Scope(before or {}, names, values)):
            refusal = ConditionalCheckFailedException("The conditional request failed")
            if shown:
                refusal.item = before  # type: ignore[attr-defined]  # as pydynox sets it
            raise refusal
        return before

    def _write(self, table: str, before: Item | None, item: Item) -> None:
        image = item_to_dynamo(item)
        self._rows(table)[_key(item)] = item_from_dynamo(image), image
        if item != before:
            self._changed(item_to_dynamo(before) if before is not None else None, image)


def _key(item: Item) -> tuple[Any, Any]:
    return (item["pk"], item["sk"]) if "pk" in item else (item["name"], None)


class _Scope:
    """What names and placeholders of an expression stand for."""

    def __init__(self, item: Item, names: dict[str, str], values: Item) -> None:
        self._item = item
        self._names = names
        self._values = values

    def __getitem__(self, token: str) -> Any:
        if token.startswith(":"):
            return self._values[token]
        return self._item.get(self._names.get(token, token), _MISSING)


Expression = Callable[[_Scope], Any]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),+-]|[#:]?\w+)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right and type(left) is type(right)),
    "<>": lambda left, right: bool(left != right or type(left) is not type(right)),
    "<": lambda left, right: bool(_alike(left, right) and left < right),
    "<=": lambda left, right: bool(_alike(left, right) and left <= right),
    ">": lambda left, right: bool(_alike(left, right) and left > right),
    ">=": lambda left, right: bool(_alike(left, right) and left >= right),
}


def _alike(left: Any, right: Any) -> bool:
    return all(isinstance(each, str) for each in (left, right)) or all(isinstance(each, int) for each in (left, right))


class _Parser:
    """Recursive descent over the part of DynamoDB's expressions that the code uses."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        left = _TOKEN.sub("", text).strip()
        if left:
            raise NotImplementedError(f"{left!r} in {text!r}")

    def condition(self) -> Expression:
        parts = [self._both()]
        while self._take("OR"):
            parts.append(self._both())
        return lambda scope: any(part(scope) for part in parts)

    def update(self) -> tuple[list[tuple[str, Expression]], list[str]]:
        sets: list[tuple[str, Expression]] = []
        removes: list[str] = []
        while self._tokens:
            clause = self._tokens.pop(0)
            if clause not in ("SET", "REMOVE"):
                raise NotImplementedError(clause)
            while True:
                name = self._tokens.pop(0)
                if clause == "SET":
                    self._expect("=")
                    sets.append((name, self._sum()))
                else:
                    removes.append(name)
                if not self._take(","):
                    break
        return sets, removes

    def done(self) -> None:
        if self._tokens:
            raise NotImplementedError(f"{self._tokens} at the end")

    def _both(self) -> Expression:
        parts = [self._one()]
        while self._take("AND"):
            parts.append(self._one())
        return lambda scope: all(part(scope) for part in parts)

    def _one(self) -> Expression:
        if self._take("NOT"):
            inner = self._one()
            return lambda scope: not inner(scope)
        if self._take("("):
            inner = self.condition()
            self._expect(")")
            return inner
        if self._tokens[0] in ("attribute_exists", "attribute_not_exists"):
            exists = self._tokens.pop(0) == "attribute_exists"
            self._expect("(")
            name = self._tokens.pop(0)
            self._expect(")")
            return lambda scope: (scope[name] is not _MISSING) is exists
        if self._take("begins_with"):
            self._expect("(")
            name = self._tokens.pop(0)
            self._expect(",")
            beginning = self._operand()
            self._expect(")")
            return lambda scope: scope[name] is not _MISSING and scope[name].startswith(beginning(scope))
        left, compare, right = self._operand(), _COMPARE[self._tokens.pop(0)], self._operand()
        return lambda scope: compare(left(scope), right(scope))

    def _sum(self) -> Expression:
        left = self._operand()
        if self._take("+"):
            right = self._operand()
            return lambda scope: left(scope) + right(scope)
        if self._take("-"):
            taken = self._operand()
            return lambda scope: left(scope) - taken(scope)
        return left

    def _operand(self) -> Expression:
        token = self._tokens.pop(0)
        if token == "if_not_exists":
            self._expect("(")
            name = self._tokens.pop(0)
            self._expect(",")
            otherwise = self._operand()
            self._expect(")")
            return lambda scope: otherwise(scope) if scope[name] is _MISSING else scope[name]
        if self._tokens[:1] == ["("]:
            raise NotImplementedError(token)
        return lambda scope: scope[token]

    def _take(self, token: str) -> bool:
        if self._tokens[:1] == [token]:
            self._tokens.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise NotImplementedError(f"{token!r} expected before {self._tokens}")


@lru_cache(maxsize=500)
def _condition(text: str) -> Expression:
    parser = _Parser(text)
    condition = parser.condition()
    parser.done()
    return condition


@lru_cache(maxsize=500)
def _update(text: str) -> tuple[list[tuple[str, Expression]], list[str]]:
    return _Parser(text).update()
