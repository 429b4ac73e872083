"""What cases cost: their due times, a team's page, and what is read of many that are stored."""

import gzip
import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from unittest.mock import patch

import boto3
from moto.dynamodb.responses import DynamoHandler
from moto.server import ThreadedMotoServer
from pydynox import DynamoDBClient
from pydynox.pydynox_core import item_to_dynamo

from bench.environment import ENVIRONMENT
from bench.figures import Figure
from functions.escalate.overdue import move_on
from functions.team.cases import DONE, Inbox
from functions.team.pages import Pages
from shared.cases.cases import PAGE, Cases
from shared.cases.changes import Now
from shared.config.load import load
from shared.config.model import Config
from shared.feedback.promises import resolved_by, taken_by
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.feedback import Answer, Channel, Customer
from shared.model.scales import Mood
from shared.table.table import due_shard
from shared.values import to_iso
from tests.kit.tables import MAIN_TABLE

DUE_TIMES = 200_000
YEARS = 2
STORED = (10, 5_000)
"""How many cases are stored beside those that are asked for."""
DUE = 10
BYTES_PER_UNIT = 4_096 * 2
"""Of an index, which is read eventually consistent: half a unit for 4 kB."""
_BATCH = 25
_NOW = datetime(2026, 3, 16, 9, tzinfo=UTC)
_PROMISES = (taken_by, resolved_by)


class Read:
    """What DynamoDB was asked by queries, and how much of its index it read for that."""

    def __init__(self) -> None:
        self.queries: list[Mapping[str, Any]] = []
        self.items = 0
        self.bytes = 0

    @property
    def units(self) -> float:
        """The read capacity that it takes, but for the rounding of each request."""
        return round(self.bytes / BYTES_PER_UNIT, 1)


def measure() -> Iterator[Figure]:
    """Due times in process; the rest on a DynamoDB that says what each query has read."""
    config = load()
    yield Figure("due times per second", _due_times_a_second(config), "", 100_000, "at least")
    looks, sweeps = [], []
    for stored in STORED:
        with _table() as cases:
            page = _fifty_waiting(cases, config, stored)
            looks.append(_look(cases))
            sweeps.append(_sweep(cases, config, stored))
    yield Figure("team page with 50 cases, gzip", page, "kB", 30)
    few, many = looks
    assert all(query.get("Limit") == PAGE and "FilterExpression" not in query for query in few.queries + many.queries)
    yield Figure("an inbox of 50, queries", len(many.queries), "", 1)
    yield Figure(f"an inbox of 50 beside {STORED[1]:,} stored, items read", many.items, "", PAGE)
    yield Figure(f"an inbox, read units against beside {STORED[0]} stored", many.units / few.units, "x", 1)
    few, many = sweeps
    yield Figure(f"{DUE} due beside {STORED[1]:,} stored, items read", many.items, "", DUE)
    yield Figure(f"{DUE} due, read units against beside {STORED[0]} stored", many.units / few.units, "x", 1)


def _due_times_a_second(config: Config) -> float:
    """Due times as capture and moves ask for them: of all teams and moods, at any second of two years."""
    rng = random.Random(1)  # noqa: S311 - it must be the same every time
    start = datetime(2026, 1, 1, tzinfo=UTC)
    teams, moods = list(config.teams), list(Mood)
    asked = [
        (
            rng.choice(_PROMISES),
            rng.choice(teams),
            rng.choice(moods),
            start + timedelta(seconds=rng.randrange(YEARS * 365 * 86_400)),
        )
        for _ in range(DUE_TIMES)
    ]
    begun = time.process_time()
    for promised_by, team, mood, since in asked:
        promised_by(config, team, mood, since)
    return round(DUE_TIMES / (time.process_time() - begun))


def _fifty_waiting(cases: Cases, config: Config, stored: int) -> float:
    """Store complaints for a page of them, with long words, and `stored` that are due later; returns the page's kB."""
    rng = random.Random(1)  # noqa: S311
    store = Store(cases.table.client, cases.table.name)
    for number in range(PAGE):
        words = " ".join("".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(2, 9))) for _ in range(60))
        store.capture(_complaint(str(number), words), config, _NOW + timedelta(seconds=number))
    _copy(store, answer_id("0"), stored, _NOW + timedelta(days=1))
    inbox = Inbox(cases.inbox("tills"), cases.done("tills", DONE))
    html = Pages(config).inbox("tills", config.teams, "priya@fernleaf.example", inbox, '"etag"', _NOW)
    return len(gzip.compress(html.encode())) / 1000


def _look(cases: Cases) -> Read:
    with _reading() as read:
        assert len(cases.inbox("tills")) == PAGE
    return read


def _sweep(cases: Cases, config: Config, stored: int) -> Read:
    """Move on those that are due; the fifty, and all that are stored, are not."""
    at = _NOW - timedelta(hours=1)
    _copy(Store(cases.table.client, cases.table.name), answer_id("0"), DUE, at, since=stored)
    with _reading() as read:
        moved = move_on(cases, Now(config, at + timedelta(minutes=1)), lambda: True)
    assert len(moved) == DUE
    return read


def _complaint(id: str, words: str) -> Answer:
    return Answer(
        id=answer_id(id),
        touchpoint="checkout",
        place="leeds-3",
        channel=Channel.WEB,
        language="en",
        customer=Customer(ref="order-1234"),
        rating=1,
        comment=words,
    )


def _copy(store: Store, id: str, times: int, due_at: datetime, since: int = 0) -> None:
    """Store a feedback again under other ids, due at another time."""
    item: Any = store.client.sync_get_item(store.table, {"pk": f"F#{id}", "sk": "F"})
    due = to_iso(due_at)
    copies = []
    for number in range(since, since + times):
        other = answer_id("copy", str(number))
        shard = due_shard("feedback", other)
        more = {"pk": f"F#{other}", "id": other, "due_at": due, "inbox_at": due, "promised_at": due, "due_shard": shard}
        copies.append({"PutRequest": {"Item": item_to_dynamo({**item, **more})}})
    dynamodb = boto3.client("dynamodb")
    for start in range(0, times, _BATCH):
        dynamodb.batch_write_item(RequestItems={store.table: cast(Any, copies[start : start + _BATCH])})


@contextmanager
def _table() -> Iterator[Cases]:
    """An empty table in this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        os.environ |= ENVIRONMENT | {"AWS_ENDPOINT_URL": url}
        dynamodb = boto3.client("dynamodb")
        for name in dynamodb.list_tables()["TableNames"]:  # moto keeps them while the process lives
            dynamodb.delete_table(TableName=name)
        dynamodb.create_table(**MAIN_TABLE)
        yield Cases(DynamoDBClient(endpoint_url=url), MAIN_TABLE["TableName"])
    finally:
        server.stop()


@contextmanager
def _reading() -> Iterator[Read]:
    """Keep what is asked by queries, and what each has read: the items, before any are left out, and their size."""
    read, query = Read(), DynamoHandler.query

    def noted(handler: DynamoHandler) -> Any:
        read.queries.append(handler.body)
        answer = query(handler)
        content = cast(Any, answer.result)
        read.items += content["ScannedCount"]
        read.bytes += sum(len(str(item)) for item in content["Items"])
        return answer

    with patch.object(DynamoHandler, "query", noted):
        yield read
