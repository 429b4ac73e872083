from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.escalate import promises
from functions.escalate.promises import Progress, PromisesKept, fingerprint, promise_anew
from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.config.model import Config, Holidays, Hours, Promise, Promises
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.case import EARSHOT, CaseState, Move
from tests.functions.escalate.conftest import The
from tests.kit.factories import an_answer

AMAL, PRIYA = "amal@fernleaf.example", "priya@fernleaf.example"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def kept(store: Store) -> PromisesKept:
    return PromisesKept(store.client, store.table)


def always() -> bool:
    return True


def changed(config: Config, team: str = "tills", **what: Any) -> Config:
    """The same file, but for what it says of a team."""
    other = config.teams[team].model_copy(update=what)
    copy = config.model_copy(update={"teams": {**config.teams, team: other}})
    copy.__dict__.pop("_work_times", None)  # what was worked out from the file
    return copy


def promising(config: Config, hours: int) -> Config:
    promise = Promise(take=hours * HOUR, resolve=10 * HOUR)
    return changed(config, promise=Promises(unhappy=promise))


@pytest.fixture
def known(store: Store, cases: Cases, kept: PromisesKept, config: Config, now: datetime) -> Config:
    """The file under which all cases were gone through last, with a case of the tills."""
    store.capture(an_answer(comment="One till open."), config, now)
    assert promise_anew(cases, kept, Now(config, now), always) == []
    return config


def test_another_promise_applies_to_what_waits_already_and_says_so(
    cases: Cases, kept: PromisesKept, known: Config, now: datetime, the: The
) -> None:
    longer = promising(known, 4)
    assert promise_anew(cases, kept, Now(longer, now + MINUTE), always) == [answer_id("a tap")]
    case = the().case
    assert case.due_at == case.wake_at == longer.work_time("tills").after(now, 4 * HOUR), "since its receipt"
    assert [(entry.what, entry.who) for entry in the().timeline] == [(Move.PROMISE, EARSHOT)]
    assert [each.feedback.id for each in cases.due(now + 4 * HOUR)] == [answer_id("a tap")]
    assert list(cases.due(now + 2 * HOUR)) == []


def test_a_shorter_promise_can_be_over_at_once(
    cases: Cases, kept: PromisesKept, known: Config, now: datetime, the: The
) -> None:
    shorter = changed(known, promise=Promises(unhappy=Promise(take=5 * MINUTE, resolve=HOUR)))
    later = Now(shorter, now + 30 * MINUTE)
    assert promise_anew(cases, kept, later, always)
    assert [each.feedback.id for each in cases.due(later.at)] == [answer_id("a tap")]


def test_other_hours_and_holidays_count_too(
    cases: Cases, kept: PromisesKept, known: Config, now: datetime, the: The
) -> None:
    off = changed(known, holidays=Holidays(extra=(now.date(),)))
    assert promise_anew(cases, kept, Now(off, now), always)
    due = the().case.due_at
    assert due is not None
    assert due.date() > now.date()
    late = changed(known, hours=(Hours.model_validate({"days": ["sat"], "from": "20:00", "to": "23:00"}),))
    assert promise_anew(cases, kept, Now(late, now), always)
    assert the().case.due_at == now.replace(hour=21, minute=0, second=0, microsecond=0)


def test_whoever_left_the_file_holds_nothing(
    cases: Cases, kept: PromisesKept, known: Config, now: datetime, the: The
) -> None:
    for answered in (False, True):
        assert cases.move(changes.take(the(), PRIYA, "page", Now(known, now)))
        if answered:
            assert cases.move(changes.reply(the(), PRIYA, "Sorry!", "page", "m", Now(known, now)))
        others = changed(known, people=(known.teams["care"].people[1],))
        assert promise_anew(cases, kept, Now(others, now + MINUTE), always)
        case = the().case
        assert (case.state, case.owner, case.had) == (CaseState.OPEN, None, PRIYA)
        assert case.due_at is not None
        promise_anew(cases, kept, Now(known, now + 2 * MINUTE), always)


def test_what_a_removed_team_held_goes_to_the_default_team_with_its_due_time(
    store: Store, cases: Cases, kept: PromisesKept, known: Config, now: datetime, the: The
) -> None:
    due = the().case.due_at
    gone = known.model_copy(update={"teams": {id: team for id, team in known.teams.items() if id != "tills"}})
    assert promise_anew(cases, kept, Now(gone, now + MINUTE), always) == [answer_id("a tap")]
    assert (the().feedback.team, the().case.due_at) == ("care", due)
    assert [each.feedback.id for each in cases.inbox("care")] == [answer_id("a tap")]
    assert promise_anew(cases, kept, Now(gone, now + 2 * MINUTE), always) == []


def test_what_was_taken_put_off_or_passed_on_keeps_the_time_that_people_gave_it(
    store: Store, cases: Cases, kept: PromisesKept, known: Config, now: datetime, the: The
) -> None:
    at, until = Now(known, now), now + timedelta(days=3)
    for name in ("taken", "put off", "passed on"):
        store.capture(an_answer(name, comment="Slow."), known, now)
    assert cases.move(changes.take(the("taken"), PRIYA, "page", at))
    assert cases.move(changes.snooze(the("put off"), PRIYA, "On Monday.", until, "page", at))
    assert cases.move(changes.pass_on(the("passed on"), PRIYA, "care", "Yours.", "page", at))
    before = {name: the(name).case.due_at for name in ("taken", "put off", "passed on")}
    other = promising(changed(known, "care", people=known.teams["care"].people[:1]), 4)
    promise_anew(cases, kept, Now(other, now + MINUTE), always)
    after = {name: the(name).case.due_at for name in before}
    assert after["put off"] == until
    assert after["passed on"] == before["passed on"], "its clock goes on"
    assert before["taken"] == known.work_time("tills").after(now, 8 * HOUR)
    assert after["taken"] == known.work_time("tills").after(now, 10 * HOUR), "until it is to be resolved"


def test_what_is_overdue_by_both_or_done_stays_as_it_is(
    store: Store, cases: Cases, kept: PromisesKept, known: Config, now: datetime, the: The
) -> None:
    store.capture(an_answer("done", comment="Slow."), known, now)
    assert cases.move(changes.resolve(the("done"), PRIYA, "Done.", "page", None, Now(known, now)))
    late = now + 5 * HOUR
    assert cases.move(changes.overdue(the(), Now(known, late)))
    assert promise_anew(cases, kept, Now(promising(known, 4), late), always) == []


def test_what_is_overdue_no_more_climbs_no_further(
    cases: Cases, kept: PromisesKept, known: Config, now: datetime, the: The
) -> None:
    late = now + 2 * HOUR
    assert cases.move(changes.overdue(the(), Now(known, late)))
    longer = promising(known, 4)
    assert promise_anew(cases, kept, Now(longer, late), always) == [answer_id("a tap")]
    assert the().case.step is None
    assert the().case.due_at == the().case.wake_at == known.work_time("tills").after(now, 4 * HOUR)


def test_nothing_is_read_while_the_file_stays_the_same(
    cases: Cases, kept: PromisesKept, known: Config, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unread(*about: Any) -> Any:
        raise AssertionError("nothing was to be read")

    monkeypatch.setattr(cases, "waiting", unread)
    assert promise_anew(cases, kept, Now(known, now), always) == []


class Crash(Exception):
    pass


def test_a_run_that_ends_anywhere_is_gone_on_with_and_all_have_their_new_time(
    store: Store, cases: Cases, kept: PromisesKept, config: Config, now: datetime, the: The,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(promises, "NOTED_EACH", 3)
    names = [str(number) for number in range(20)]
    for number, name in enumerate(names):
        store.capture(an_answer(name, comment="Slow."), config, now + number % 4 * MINUTE)
    promise_anew(cases, kept, Now(config, now), always)
    longer = Now(promising(config, 4), now + 5 * MINUTE)
    move, runs, left = cases.move, 0, 0

    def crashing(*about: Any) -> bool:
        nonlocal left
        left -= 1
        if left == 0:
            raise Crash
        return move(*about)

    monkeypatch.setattr(cases, "move", crashing)
    while kept.get().done != fingerprint(longer.config):
        runs, left = runs + 1, 6
        turns = iter([True] * (3 + runs) + [False] * 99)
        with suppress(Crash):
            promise_anew(cases, kept, longer, lambda: next(turns))  # noqa: B023 - used before the next round
        assert runs < 30
    assert runs > 3
    for number, name in enumerate(names):
        received = now + number % 4 * MINUTE
        assert the(name).case.due_at == longer.config.work_time("tills").after(received, 4 * HOUR)
        assert [entry.what for entry in the(name).timeline] == [Move.PROMISE], "and once"


def test_more_that_are_due_at_once_than_are_noted_between_hold_nothing_up(
    store: Store, cases: Cases, kept: PromisesKept, config: Config, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promises, "NOTED_EACH", 2)
    for number in range(9):
        store.capture(an_answer(str(number), comment="Slow."), config, now)
    promise_anew(cases, kept, Now(config, now), always)
    assert len(promise_anew(cases, kept, Now(promising(config, 4), now), always)) == 9


def test_a_case_that_somebody_changes_at_that_moment_is_decided_again(
    store: Store, cases: Cases, kept: PromisesKept, known: Config, now: datetime, the: The,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    stale = [the()]
    store.capture(an_answer(comment="And nobody came."), known, now + MINUTE)
    monkeypatch.setattr(cases, "waiting", lambda team, since: iter(stale if team == "tills" else []))
    assert promise_anew(cases, kept, Now(promising(known, 4), now + 2 * MINUTE), always) == [answer_id("a tap")]
    assert the().feedback.comment == "And nobody came."
    assert the().case.due_at == known.work_time("tills").after(now, 4 * HOUR)


def test_a_case_that_many_change_all_the_time_gets_its_turn_in_the_next_run(
    cases: Cases, kept: PromisesKept, known: Config, now: datetime, the: The, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = Now(promising(known, 4), now)
    with monkeypatch.context() as patch:
        patch.setattr(cases, "move", lambda change: False)
        assert promise_anew(cases, kept, longer, always) == []
    assert promise_anew(cases, kept, longer, always) == [answer_id("a tap")]
    assert promise_anew(cases, kept, longer, always) == []
    assert kept.get().done == fingerprint(longer.config)


def test_what_changes_no_due_time_is_the_same_file(config: Config) -> None:
    renamed = changed(config, name="Checkouts", cards=("email:other@fernleaf.example",))
    assert fingerprint(renamed) == fingerprint(config)
    assert fingerprint(promising(config, 4)) != fingerprint(config)
    assert fingerprint(changed(config, lead=None)) != fingerprint(config)


def test_a_first_run_knows_of_no_file(kept: PromisesKept) -> None:
    assert kept.get() == Progress()
