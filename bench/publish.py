"""How fast a batch of the stream becomes events, against the same function with one PutEvents per record."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

from bench import stub
from bench.child import CONTEXT
from bench.environment import ENVIRONMENT
from bench.figures import Figure

ROUNDS = 15
BATCH = 100  # records, as the mapping hands them over
SAMPLES = Path(__file__).parent.parent / "events" / "samples"


def measure() -> Iterator[Figure]:
    """Both in turns against the same endpoint; the median of the rounds' ratios counts."""
    with stub.serve() as eventbridge, redirect_stdout(StringIO()):
        os.environ |= ENVIRONMENT | {"AWS_ENDPOINT_URL": eventbridge.url, "EARSHOT_BUS": "earshot"}
        publish: Any = import_module("functions.publish.handler")
        publish._bus.cache_clear()
        batch = _batch()
        _records_a_second(publish, batch)  # connects
        packed, single = [], []
        for _ in range(ROUNDS):
            eventbridge.requests.clear()
            packed.append(_records_a_second(publish, batch))
            requests = eventbridge.requests["PutEvents"]
            with _one_entry_a_request():
                single.append(_records_a_second(publish, batch))
    ratios = [mine / theirs for mine, theirs in zip(packed, single, strict=True)]
    yield Figure("publish, records a second", round(median(packed)), "/s")
    yield Figure("publish, against one PutEvents per record", round(median(ratios), 1), "x", 5, "at least")
    yield Figure("PutEvents requests per 100 records", requests, "", 10)


def _batch() -> dict[str, Any]:
    """A hundred changes: first ratings, and the words that follow them."""
    changes = [
        record["dynamodb"]
        for name in ("stream_insert", "stream_modify")
        for record in json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["Records"]
    ]
    numbered = (changes[number % len(changes)] | {"SequenceNumber": str(number)} for number in range(BATCH))
    return {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": change} for change in numbered]}


def _records_a_second(publish: Any, batch: dict[str, Any]) -> float:
    began = time.perf_counter()
    answer = publish.handler(batch, CONTEXT)
    took = time.perf_counter() - began
    assert answer == {"batchItemFailures": []}
    return BATCH / took


@contextmanager
def _one_entry_a_request() -> Iterator[None]:
    bus: Any = import_module("functions.publish.bus")
    entries, bus.MAX_ENTRIES = bus.MAX_ENTRIES, 1
    yield
    bus.MAX_ENTRIES = entries
