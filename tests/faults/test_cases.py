"""Nobody who needs somebody is ever nobody's, whatever fails: the life of cases under faults drawn from seeds.

Each seed is one world (cases.py), which is looked at on every write (watch.py). SEEDS says how many are tried; `make
faults` tries a thousand. Broken builds show that each promise is watched.
"""

import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from threading import Lock
from time import sleep
from types import ModuleType
from typing import Any, cast

import pytest

from functions.capture_sms import hearing
from functions.close import reports
from functions.escalate import overdue
from functions.escalate import promises as promised
from functions.publish import records as publish
from functions.receipts import receipts
from functions.send import handler, sender
from functions.sweep import sweep
from shared.cases import cases as stored
from shared.cases import changes, work
from shared.cases.answers import Answers
from shared.cases.cases import Cases
from shared.cases.remedies import Remedies
from shared.cases.work import Action
from shared.config import days_off
from shared.config.model import Config
from shared.customers.messages import Messages
from shared.errors import EarshotError
from shared.feedback import store
from shared.ids import answer_id
from shared.model.case import Case, Found, Move, check
from shared.observe import logger
from shared.table.items import ENTRY, REMEDIES_GIVEN
from shared.table.table import Operation
from shared.table.upsert import Upsert
from tests.faults.cases import TABLE, CaseWorld, broken
from tests.faults.dynamo import MemoryDynamo
from tests.kit.factories import an_answer

SEEDS = int(os.environ.get("SEEDS", "20"))
SEEDS_PER_TEST = 10
PRESSES = 10_000 if SEEDS >= 1_000 else 400
PRIYA = "priya@fernleaf.example"
COUNTING: tuple[ModuleType, ...] = (hearing, reports, overdue, promised, publish, receipts, handler, sender, sweep)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of invocations in one process would fill the log and the metrics of one."""
    for module in COUNTING:
        monkeypatch.setattr(module, "count", lambda name, number=1: None, raising=False)
    for level in ("info", "warning", "error"):
        monkeypatch.setattr(logger, level, lambda *args, **more: None)
    monkeypatch.setattr(days_off, "_listed", cache(days_off._listed))  # what is deployed reads them from a file


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_PER_TEST), ids=lambda first: f"from-{first}")
def test_nobody_is_left_alone_and_nobody_told_twice(first: int, config: Config) -> None:
    assert list(broken(range(first, min(SEEDS, first + SEEDS_PER_TEST)), config)) == []


def test_a_seed_is_the_same_world_every_time(config: Config) -> None:
    first, second = CaseWorld(7, config), CaseWorld(7, config)
    for world in (first, second):
        world.run()
    assert first.watch.timelines == second.watch.timelines
    assert first.clock.seconds == second.clock.seconds


def test_enough_happens_to_mean_something(config: Config) -> None:
    done: Counter[str] = Counter()
    for seed in range(20):
        world = CaseWorld(seed, config)
        world.run()
        done.update(entry["what"] for entries in world.watch.timelines.values() for entry in entries)
        done.update(crashes=world.faults.crashes, refusals=world.refusals, told=sum(world.watch.carried_out.values()))
    assert {move.value for move in Move} <= set(done)
    assert min(done["crashes"], done["refusals"], done["told"]) > 20


def test_presses_at_once_exceed_no_limit(config: Config, now: datetime) -> None:
    """Threads that press for the same few people: what they were given is what was counted, to the penny."""
    memory, lock = MemoryDynamo(), Lock()
    client = cast(Any, OneAtATime(memory, lock))
    rng = random.Random(1)  # noqa: S311 - it must be the same every time
    names = [str(number) for number in range(max(4, PRESSES // 40))]
    for name in names:
        store.Store(client, TABLE).capture(an_answer(name, comment="Slow."), config, now)
    tills = config.teams["tills"]
    refund = tills.remedies["refund"].model_copy(update={"per_day": Decimal(15 * len(names))})
    teams = {**config.teams, "tills": tills.model_copy(update={"remedies": {"refund": refund}})}
    file = config.model_copy(update={"teams": teams})
    wanted = [(rng.choice(names), f"{rng.randint(1, 900) / 100:.2f}", second) for second in range(PRESSES)]

    def press(name: str, amount: str, second: int) -> str:
        answers = Answers(client, TABLE, cast(Any, None), file)
        form = {"remedy": "refund", "amount": amount}
        at = now + timedelta(seconds=second / PRESSES)  # all within one second
        try:
            work.Work(file, Cases(client, TABLE), answers).act(
                answer_id(name), "tills", PRIYA, Action.ACT, form, "page", at
            )
        except EarshotError as refusal:
            return type(refusal).__name__
        return "granted"

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(16) as pool:
            outcomes = Counter(pool.map(press, *zip(*wanted, strict=True)))
    finally:
        sys.setswitchinterval(switch)
    items = list(memory.items(TABLE))
    [counted] = [item["given"] for item in items if item["kind"] == REMEDIES_GIVEN.kind]
    given: Counter[str] = Counter()
    for item in items:
        if item["kind"] == ENTRY.kind:
            given[item["pk"]] += item["amount"]
    assert given.total() == counted <= 15_00 * len(names)
    assert max(given.values()) <= 20_00
    assert sum(item["kind"] == ENTRY.kind for item in items) == outcomes["granted"]
    assert outcomes["granted"] + outcomes["InvalidInput"] + outcomes["CaseMoved"] + outcomes["Contended"] == PRESSES
    assert counted > 14_00 * len(names) or max(given.values()) > 19_00, "the limits were not met"


class OneAtATime:
    """A table for several threads: each request is whole, and any other may come between two."""

    def __init__(self, memory: MemoryDynamo, lock: Lock) -> None:
        self._memory = memory
        self._lock = lock

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._memory, name)

        def alone(*args: Any, **options: Any) -> Any:
            with self._lock:
                answer = call(*args, **options)
            sleep(0.0005)  # now the others
            return answer

        return alone


def seen(config: Config) -> str:
    """What the first seed says that sees the build as broken."""
    found = next(broken(range(max(SEEDS, 60)), config), None)
    return found or pytest.fail("the seeds saw nothing wrong")


def test_a_capture_that_opens_no_case_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_open_case", lambda *about: None)
    assert "is unhappy, and nobody's" in seen(config)


def test_a_move_without_a_due_time_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "due_shard", lambda *about: "")
    assert "is nobody's, or without due time" in seen(config)


def test_a_clock_that_stands_still_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.cases.move_on", lambda *about: [])
    assert "has not moved on" in seen(config)


def test_a_case_that_stays_with_a_team_that_is_gone_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.cases.promise_anew", lambda *about: [])
    assert any(words in seen(config) for words in ("who has left", "which is no team any more"))


def test_a_message_that_leaves_whenever_its_record_comes_is_seen(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Messages.start

    def careless(messages: Messages, id: str, now: datetime) -> bool:
        real(messages, id, now)
        return True

    monkeypatch.setattr(Messages, "start", careless)
    assert "left twice" in seen(config)


def test_a_second_press_that_does_all_again_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_is_same", lambda *about: False)
    monkeypatch.setattr(work, "_check_nothing_new", lambda *about: None)
    assert "twice" in seen(config)


def test_a_resolution_of_what_is_resolved_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_check_nothing_new", lambda *about: None)
    monkeypatch.setattr(
        changes, "check", lambda case, move, who: None if move is Move.RESOLVE else check(case, move, who)
    )
    assert "has done what was done before" in seen(config)


def test_a_remedy_that_is_told_of_when_it_is_granted_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    real = CaseWorld._report

    def hopeful(world: CaseWorld, feedback: str, grant: str, failure: str | None) -> bool:
        return real(world, feedback, grant, None)

    monkeypatch.setattr(CaseWorld, "_report", hopeful)
    assert "told of a remedy that was not carried out" in seen(config)


def test_a_day_that_is_counted_without_looking_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Remedies._counting
    monkeypatch.setattr(Remedies, "_given", lambda remedies, key: 0)
    monkeypatch.setattr(Remedies, "_counting", lambda self, key, units, room, now: real(self, key, units, 10**9, now))
    assert "for a day of" in seen(config)


def test_a_feedback_whose_remedies_are_not_counted_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_given_after", lambda found, entry: {})
    assert "was exceeded" in seen(config)


def test_a_move_on_top_of_anothers_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Operation] = Cases._update

    def careless(cases: Cases, change: changes.Change) -> Operation:
        return (
            real(cases, change)
            | {"condition_expression": "revision > :none"}
            | {"expression_attribute_values": real(cases, change)["expression_attribute_values"] | {":none": 0}}
        )

    monkeypatch.setattr(Cases, "_update", careless)
    assert "lost an entry" in seen(config)


def test_a_take_of_what_another_has_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(case: Case, move: Move, who: str) -> None:
        """Anything goes."""

    monkeypatch.setattr(changes, "check", careless)
    monkeypatch.setattr(work, "_check_nothing_new", lambda *about: None)
    assert any(words in seen(config) for words in ("took what", "has done what was done before"))


def test_words_that_end_what_the_team_did_are_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Upsert.set_once

    def afresh(write: Upsert, name: str, value: Any) -> None:
        (Upsert.set if name == "case" else real)(write, name, value)

    monkeypatch.setattr(Upsert, "set_once", afresh)
    assert any(words in seen(config) for words in ("took away what the team did", "lost an entry"))


def test_a_reopening_that_is_not_written_down_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    real = stored.read_case

    def forgetful(item: Mapping[str, Any]) -> Found:
        return real(item)._replace(timeline_unsaved=())

    monkeypatch.setattr(stored, "read_case", forgetful)
    assert "lost an entry" in seen(config)
