"""The gauge of who is unhappy while nobody has to do anything about it: always 0."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pydynox.pydynox_core import item_to_dynamo

from functions.publish import records
from functions.publish.bus import Bus
from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.config.model import Config
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.table.items import FEEDBACK
from tests.functions.publish.test_handler import FakeEvents
from tests.kit.factories import an_answer

Gauge = Callable[..., int]


@pytest.fixture
def gauge(store: Store, config: Config, monkeypatch: pytest.MonkeyPatch) -> Gauge:
    """What is counted when the feedback is published as it now is, but for some attributes."""

    def read(**changes: Any) -> int:
        counted: dict[str, int] = {}
        monkeypatch.setattr(records, "count", lambda name, number=1: counted.update({name: number}))
        item = store.client.sync_get_item(store.table, FEEDBACK.key(answer_id("a tap")))
        assert item is not None
        image = item_to_dynamo({name: value for name, value in (item | changes).items() if value is not None})
        record = {"dynamodb": {"SequenceNumber": "1", "NewImage": image}}
        records.publish([record], Bus(FakeEvents(), "earshot"), config)  # type: ignore[arg-type]
        return counted["UnhappyWithoutOwner"]

    return read


def test_whoever_is_unhappy_has_a_team_and_a_due_time(
    store: Store, config: Config, now: datetime, gauge: Gauge
) -> None:
    store.capture(an_answer(rating=5, comment="Lovely."), config, now)
    assert gauge() == 0
    store.capture(an_answer(rating=1), config, now)
    assert gauge() == 0
    case = Cases(store.client, store.table)
    found = case.get(answer_id("a tap"))
    assert found is not None
    assert case.move(changes.resolve(found, "priya@fernleaf.example", "Done.", "page", None, Now(config, now)))
    assert gauge() == 0, "what is done is due no more"


@pytest.mark.parametrize("missing", ["team", "inbox", "promised_at", "due_at", "due_shard", "case"])
def test_whoever_is_unhappy_without_one_of_them_rings_the_alarm(
    store: Store, config: Config, now: datetime, gauge: Gauge, missing: str
) -> None:
    store.capture(an_answer(rating=1), config, now)
    assert gauge(**{missing: None}) == 1
