"""The table in memory and the one on moto answer alike, so that what the fault model shows holds on DynamoDB."""

from datetime import datetime
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydynox import DynamoDBClient
from pydynox.exceptions import ConditionalCheckFailedException

from shared.config.model import Config
from shared.errors import TooManyChanges
from shared.feedback.store import Store
from tests.faults.dynamo import Image, MemoryDynamo
from tests.kit.factories import an_answer
from tests.kit.tables import MAIN_TABLE

TABLE = MAIN_TABLE["TableName"]
KEY = {"pk": "a", "sk": "b"}

CONDITIONS = [
    "attribute_not_exists(pk)",
    "attribute_exists(pk)",
    "#n = :one",
    "#n <> :one",
    "#n < :two AND (#s = :x OR #s = :y)",
    "attribute_not_exists(pk) OR (#n < :two AND (#s <> :x OR #l <> :list))",
    "NOT #n >= :two",
    "#n = :x",
]
NAMES = {"#n": "n", "#s": "s", "#l": "l"}
VALUES = {":one": 1, ":two": 2, ":x": "x", ":y": "y", ":list": ["a"]}
items = st.none() | st.fixed_dictionaries(
    {}, optional={"n": st.integers(0, 3), "s": st.sampled_from(["x", "y"]), "l": st.lists(st.sampled_from("ab"))}
)


def outcome(client: Any, item: dict[str, Any] | None, condition: str) -> Any:
    """What the item is after a conditional put over it, or that it was refused."""
    names = {name: value for name, value in NAMES.items() if name in condition}
    values = {name: value for name, value in VALUES.items() if name in condition}
    if item is not None:
        client.sync_put_item(TABLE, KEY | item)
    try:
        client.sync_put_item(
            TABLE,
            KEY | {"written": True},
            condition_expression=condition,
            expression_attribute_names=names or None,
            expression_attribute_values=values or None,
        )
    except ConditionalCheckFailedException:
        return "refused"
    return client.sync_get_item(TABLE, KEY, consistent_read=True)


@pytest.mark.parametrize("condition", CONDITIONS)
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(item=items)
def test_a_condition_has_one_verdict(client: DynamoDBClient, condition: str, item: dict[str, Any] | None) -> None:
    if client.sync_get_item(TABLE, KEY):
        client.sync_delete_item(TABLE, KEY)
    assert outcome(MemoryDynamo(), item, condition) == outcome(client, item, condition)


def test_captures_leave_the_same_item(client: DynamoDBClient, config: Config, now: datetime) -> None:
    answers = [
        an_answer(rating=2),
        an_answer(rating=2),
        an_answer(rating=None, comment="slow 😤", reasons=("queue",)),
        an_answer(rating=4),
        *(an_answer(rating=number % 5 + 1) for number in range(20)),
    ]

    def captured(client: Any) -> list[Any]:
        store, seen = Store(client, TABLE), list[Any]()
        for answer in answers:
            try:
                seen.append(store.capture(answer, config, now))
            except TooManyChanges as error:
                seen.append(type(error))
        return [*seen, store.get(answers[0].id)]

    assert captured(MemoryDynamo()) == captured(client)


def test_queries_of_an_index_answer_alike(client: DynamoDBClient) -> None:
    rows = [("1", "a", "2026-01-02"), ("2", "a", "2026-01-01"), ("3", "b", "2026-01-01"), ("4", "a", "2026-01-03")]

    def found(client: Any) -> list[str]:
        for pk, shard, due_at in rows:
            client.sync_put_item(TABLE, {"pk": pk, "sk": "x", "due_shard": shard, "due_at": due_at})
        client.sync_put_item(TABLE, {"pk": "5", "sk": "x"})
        items = client.sync_query(
            TABLE,
            key_condition_expression="due_shard = :shard AND due_at <= :until",
            expression_attribute_values={":shard": "a", ":until": "2026-01-02"},
            index_name="by_due",
        )
        return [item["pk"] for item in items]

    assert found(MemoryDynamo()) == found(client) == ["2", "1"]


def test_the_stream_tells_of_changes_only() -> None:
    changes: list[tuple[Image | None, Image]] = []
    memory = MemoryDynamo(lambda before, after: changes.append((before, after)))
    for number in (1, 1, 2):
        memory.sync_put_item(TABLE, KEY | {"n": number})
    key: Image = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    one, two = key | {"n": {"N": "1"}}, key | {"n": {"N": "2"}}
    assert changes == [(None, one), (one, two)]


@pytest.mark.parametrize("expression", ["contains(s, :x)", "n BETWEEN :one AND :two", "size(s) = :one", "s = :x ;"])
def test_an_expression_that_it_does_not_know_is_refused(expression: str) -> None:
    with pytest.raises((NotImplementedError, KeyError)):
        cast(Any, outcome)(MemoryDynamo(), {"s": "x", "n": 1}, expression)
