from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from functions.escalate.overdue import move_on
from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.config.model import Config
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.case import CaseState, Move, Step
from shared.table.items import FEEDBACK
from tests.functions.escalate.conftest import The
from tests.kit.factories import an_answer

PRIYA = "priya@fernleaf.example"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def always() -> bool:
    return True


def test_what_nobody_takes_climbs_by_itself_and_then_comes_to_the_chief_each_day(
    store: Store, cases: Cases, config: Config, now: datetime, the: The
) -> None:
    store.capture(an_answer(comment="One till open."), config, now)
    at, heard = now, []
    while at < now + 6 * DAY:
        if move_on(cases, Now(config, at), always):
            heard.append(the().timeline[-1].to)
        at += timedelta(minutes=20)
    assert heard[:3] == [Step.TEAM, Step.LEAD, Step.CHIEF]
    assert heard.count(Step.CHIEF) == len(heard) - 2
    days = [entry.at for entry in the().timeline if entry.to == Step.CHIEF]
    assert all(DAY <= later - earlier < DAY + HOUR for earlier, later in pairwise(days))


def test_what_is_done_is_due_no_more(store: Store, cases: Cases, config: Config, now: datetime, the: The) -> None:
    store.capture(an_answer(comment="One till open."), config, now)
    assert cases.move(changes.resolve(the(), PRIYA, "Two tills more.", "page", None, Now(config, now)))
    assert move_on(cases, Now(config, now + 90 * DAY), always) == []


def test_what_was_put_off_comes_back_on_its_day(
    store: Store, cases: Cases, config: Config, now: datetime, the: The
) -> None:
    store.capture(an_answer(comment="One till open."), config, now)
    until = now + 5 * DAY
    assert cases.move(changes.snooze(the(), PRIYA, "The new tills come on Thursday.", until, "page", Now(config, now)))
    assert move_on(cases, Now(config, until - HOUR), always) == []
    assert move_on(cases, Now(config, until), always) == [answer_id("a tap")]
    assert the().timeline[-1].to == Step.OWNER


def test_what_was_put_off_to_a_night_comes_back_when_somebody_is_there(
    store: Store, cases: Cases, config: Config, now: datetime, the: The
) -> None:
    store.capture(an_answer(comment="One till open."), config, now)
    until = now.replace(hour=0, minute=0) + 2 * DAY  # Monday, from its first minute on
    assert cases.move(changes.snooze(the(), PRIYA, "On Monday.", until, "page", Now(config, now)))
    assert the().case.due_at == until
    assert move_on(cases, Now(config, until + 5 * HOUR), always) == []
    assert move_on(cases, Now(config, until + 6 * HOUR), always) == [answer_id("a tap")]


def test_who_is_lead_and_chief_is_told_once_and_then_daily(
    store: Store, cases: Cases, config: Config, now: datetime, the: The
) -> None:
    both = config.model_copy(
        update={"business": config.business.model_copy(update={"chief": config.teams["tills"].lead})}
    )
    store.capture(an_answer(comment="One till open."), config, now)
    at, heard = now, []
    while at < now + DAY:
        if move_on(cases, Now(both, at), always):
            heard.append(the().timeline[-1].to)
        at += timedelta(minutes=20)
    assert heard == [Step.TEAM, Step.CHIEF]


def test_a_sweep_that_was_down_for_days_brings_one_card_and_not_all_that_were_missed(
    store: Store, cases: Cases, config: Config, now: datetime, the: The
) -> None:
    store.capture(an_answer(comment="One till open."), config, now)
    late = now + 2 * DAY
    assert move_on(cases, Now(config, late), always) == [answer_id("a tap")]
    assert move_on(cases, Now(config, late), always) == []
    assert [entry.to for entry in the().timeline] == [Step.TEAM]


def test_two_sweeps_at_once_move_it_once(
    store: Store, cases: Cases, config: Config, now: datetime, the: The, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.capture(an_answer(comment="One till open."), config, now)
    late = Now(config, now + 2 * HOUR)
    both_read = list(cases.due(late.at))
    monkeypatch.setattr(cases, "due", lambda until: iter(both_read))
    assert [move_on(cases, late, always), move_on(cases, late, always)] == [[answer_id("a tap")], []]
    assert len(the().timeline) == 1


def test_what_is_opened_again_after_its_taker_left_is_the_teams(
    store: Store, cases: Cases, config: Config, now: datetime, the: The
) -> None:
    store.capture(an_answer(comment="One till open."), config, now)
    assert cases.move(changes.resolve(the(), PRIYA, "Two more.", "page", None, Now(config, now)))
    others = config.teams["tills"].model_copy(update={"people": config.teams["care"].people})
    later = Now(config.model_copy(update={"teams": {**config.teams, "tills": others}}), now + HOUR)
    assert cases.move(changes.reopen(the(), "customer", "Not yet.", "web", later))
    assert (the().case.state, the().case.owner, the().case.had) == (CaseState.OPEN, None, PRIYA)
    assert the().case.due_at == config.work_time("tills").after(later.at, HOUR)


def test_whoever_left_hears_of_nothing(store: Store, cases: Cases, config: Config, now: datetime, the: The) -> None:
    store.capture(an_answer(comment="One till open."), config, now)
    until = now + 2 * DAY
    assert cases.move(changes.snooze(the(), "gone@fernleaf.example", "Later.", until, "page", Now(config, now)))
    assert move_on(cases, Now(config, until), always)
    assert the().timeline[-1].to == Step.TEAM
    assert the().case.owner is None


def test_all_that_are_due_move_in_one_run_and_what_is_not_due_is_not_read(
    store: Store, cases: Cases, config: Config, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        store.capture(an_answer(f"due {number}", comment="Slow."), config, now)
    for number in range(5):
        store.capture(an_answer(f"not due {number}", comment="Slow."), config, now + 3 * HOUR)
    read = []
    due = cases.table.due

    def counted(kind: str, until: str) -> Iterator[Mapping[str, Any]]:
        for item in due(kind, until):
            read.append(item["id"])
            yield item

    monkeypatch.setattr(cases.table, "due", counted)
    moved = move_on(cases, Now(config, now + 2 * HOUR), always)
    assert sorted(moved) == sorted(read) == sorted(answer_id(f"due {number}") for number in range(25))


def test_what_does_not_get_its_turn_is_due_in_the_next_run(
    store: Store, cases: Cases, config: Config, now: datetime
) -> None:
    for number in range(5):
        store.capture(an_answer(str(number), comment="Slow."), config, now + number * timedelta(minutes=1))
    later = Now(config, now + 2 * HOUR)
    turns = iter([True, True, False])
    first = move_on(cases, later, lambda: next(turns))
    assert first == [answer_id("0"), answer_id("1")], "the most overdue first"
    assert sorted(move_on(cases, later, always)) == sorted(answer_id(str(number)) for number in (2, 3, 4))


def test_somebody_who_takes_it_at_that_moment_keeps_it(
    store: Store, cases: Cases, config: Config, now: datetime, the: The, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.capture(an_answer(comment="One till open."), config, now)
    late = Now(config, now + 2 * HOUR)
    stale = list(cases.due(late.at))
    assert cases.move(changes.take(the(), PRIYA, "page", late))
    monkeypatch.setattr(cases, "due", lambda until: iter(stale))
    assert move_on(cases, late, always) == []
    assert (the().case.state, the().case.owner) == (CaseState.TAKEN, PRIYA)
    assert [entry.what for entry in the().timeline] == [Move.TAKE]


def test_one_that_cannot_be_read_holds_up_none_of_the_others(
    store: Store, cases: Cases, config: Config, now: datetime
) -> None:
    for name in ("a", "broken", "c"):
        store.capture(an_answer(name, comment="Slow."), config, now)
    store.client.sync_update_item(
        store.table,
        FEEDBACK.key(answer_id("broken")),
        update_expression="SET mood = :mood",
        expression_attribute_values={":mood": "of a later version"},
    )
    assert sorted(move_on(cases, Now(config, now + 2 * HOUR), always)) == sorted(map(answer_id, ("a", "c")))
