from datetime import datetime, timedelta

import pytest

from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.config.model import Config
from shared.errors import InvalidInput
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.case import CaseKind, CaseMoved, CaseState, Found, Move, Step
from tests.kit.factories import an_answer

AMAL, PRIYA = "amal@fernleaf.example", "priya@fernleaf.example"
ID = answer_id("a tap")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


@pytest.fixture
def found(store: Store, cases: Cases, config: Config, now: datetime) -> Found:
    store.capture(an_answer(comment="Twenty minutes, one till open."), config, now)
    return the(cases)


def the(cases: Cases) -> Found:
    case = cases.get(ID)
    assert case is not None
    return case


def test_an_unhappy_answer_is_a_case_with_a_due_time_from_its_receipt(
    found: Found, config: Config, now: datetime
) -> None:
    assert found.case.state is CaseState.OPEN
    assert found.kind is CaseKind.COMPLAINT
    assert found.case.due_at == found.case.wake_at == config.work_time("tills").after(now, HOUR)
    assert found.case.owner is None
    assert found.timeline == ()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"rating": 1}, CaseKind.COMPLAINT),
        ({"rating": None, "comment": "Where is my order?"}, CaseKind.COMPLAINT),
        ({"rating": 3, "comment": "It was all right."}, CaseKind.COMPLAINT),
        ({"rating": 5, "comment": "Nadia was wonderful."}, CaseKind.PRAISE),
        ({"rating": 5, "reasons": ("staff",)}, CaseKind.PRAISE),
        ({"rating": 5}, None),
        ({"rating": 3}, None),
    ],
)
def test_what_needs_somebody_is_a_case(
    store: Store, cases: Cases, config: Config, now: datetime, said: dict[str, object], kind: CaseKind | None
) -> None:
    store.capture(an_answer(**said), config, now)
    case = cases.get(ID)
    assert (case and case.kind) == kind


def test_words_that_follow_a_happy_tap_make_it_a_case(
    store: Store, cases: Cases, config: Config, now: datetime
) -> None:
    store.capture(an_answer(rating=5), config, now)
    store.capture(an_answer(rating=5, comment="Nadia was wonderful."), config, now + MINUTE)
    assert the(cases).kind is CaseKind.PRAISE
    assert [each.feedback.id for each in cases.inbox("tills")] == [ID]


def test_the_second_of_two_who_take_it_sees_the_first(
    cases: Cases, found: Found, config: Config, now: datetime
) -> None:
    at = Now(config.model_copy(), now + MINUTE)
    first, second = changes.take(found, PRIYA, "page", at), changes.take(found, AMAL, "page", at)
    assert cases.move(first)
    assert not cases.move(second)
    taken = the(cases)
    assert (taken.case.state, taken.case.owner) == (CaseState.TAKEN, PRIYA)
    assert [(entry.what, entry.who) for entry in taken.timeline] == [(Move.TAKE, PRIYA)]
    with pytest.raises(CaseMoved, match=PRIYA):
        changes.take(taken, "nobody@fernleaf.example", "page", at)


def test_a_late_word_waits_for_no_move_and_loses_none(
    store: Store, cases: Cases, found: Found, config: Config, now: datetime
) -> None:
    taking = changes.take(found, PRIYA, "page", Now(config, now + MINUTE))
    store.capture(an_answer(comment="And the card reader is broken."), config, now + MINUTE)
    assert not cases.move(taking), "it was read before the new words"
    again = changes.take(the(cases), PRIYA, "page", Now(config, now + MINUTE))
    assert cases.move(again)
    store.capture(an_answer(comment="And nobody came."), config, now + 2 * MINUTE)
    after = the(cases)
    assert after.feedback.comment == "And nobody came."
    assert (after.case.state, after.case.owner, after.case.due_at) == (CaseState.TAKEN, PRIYA, again.case.due_at)


def test_what_is_resolved_leaves_the_inbox_and_new_words_bring_it_back_to_the_same_person(
    store: Store, cases: Cases, found: Found, config: Config, now: datetime
) -> None:
    later = Now(config, now + MINUTE)
    assert cases.move(changes.take(found, PRIYA, "page", later))
    assert cases.move(changes.resolve(the(cases), PRIYA, "Two tills more.", "page", None, later))
    assert cases.inbox("tills") == []
    assert [each.feedback.id for each in cases.done("tills")] == [ID]
    assert list(cases.due(now + timedelta(days=60))) == []

    again = now + 5 * MINUTE
    store.capture(an_answer(comment="It is as bad as before."), config, again)
    back = the(cases)
    assert (back.case.state, back.case.owner) == (CaseState.TAKEN, PRIYA)
    assert back.case.due_at == config.work_time("tills").after(again, HOUR)
    assert [entry.what for entry in back.timeline] == [Move.TAKE, Move.RESOLVE, Move.REOPEN]
    assert [each.feedback.id for each in cases.inbox("tills")] == [ID]
    assert cases.done("tills") == []
    assert cases.move(changes.resolve(back, PRIYA, "A third one.", "page", None, Now(config, again + MINUTE)))
    assert [entry.what for entry in the(cases).timeline] == [Move.TAKE, Move.RESOLVE, Move.REOPEN, Move.RESOLVE]


def test_an_address_alone_opens_nothing_again(
    store: Store, cases: Cases, found: Found, config: Config, now: datetime
) -> None:
    assert cases.move(changes.resolve(found, PRIYA, "Two tills more.", "page", None, Now(config, now)))
    store.capture(
        an_answer(rating=None, given=an_answer().customer.model_copy(update={"email": "a@b.example"})), config, now
    )
    assert the(cases).case.state is CaseState.RESOLVED


def test_what_is_passed_on_stays_there_whatever_reason_the_customer_adds(
    store: Store, cases: Cases, found: Found, config: Config, now: datetime
) -> None:
    assert cases.move(changes.pass_on(found, PRIYA, "care", "A refund is yours.", "page", Now(config, now + MINUTE)))
    store.capture(an_answer(reasons=("queue",), comment="Hello?"), config, now + 2 * MINUTE)
    passed = the(cases)
    assert (passed.feedback.team, passed.case.state, passed.case.due_at) == ("care", CaseState.OPEN, found.case.due_at)
    assert [each.feedback.id for each in cases.inbox("care")] == [ID]
    assert cases.inbox("tills") == []
    with pytest.raises(InvalidInput, match="to must be another team"):
        changes.pass_on(passed, AMAL, "nobody", "Why not", "page", Now(config, now))


def test_the_inbox_has_the_oldest_due_first_and_fifty_in_one_look(
    store: Store, cases: Cases, config: Config, now: datetime
) -> None:
    for number in range(60):
        store.capture(an_answer(str(number), comment="Slow."), config, now - number * HOUR)
    listed = cases.inbox("tills")
    assert len(listed) == 50
    due = [each.case.due_at for each in listed if each.case.due_at]
    assert due == sorted(due)
    assert listed[0].feedback.id == answer_id("59")


def test_what_nobody_takes_goes_to_the_team_the_lead_and_the_chief_and_then_daily(
    cases: Cases, found: Found, config: Config
) -> None:
    business = config.business.model_copy(update={"chief": "chief@fernleaf.example"})
    tills = config.teams["tills"].model_copy(update={"lead": AMAL})
    config = config.model_copy(update={"business": business, "teams": config.teams | {"tills": tills}})
    steps = []
    for _ in range(5):
        wake = the(cases).case.wake_at
        assert wake is not None
        assert [each.feedback.id for each in cases.due(wake)] == [ID]
        assert list(cases.due(wake - MINUTE)) == []
        assert cases.move(changes.overdue(the(cases), Now(config, wake)))
        steps.append(the(cases).case.step)
    assert steps == [Step.TEAM, Step.LEAD, Step.CHIEF, Step.CHIEF, Step.CHIEF]
    last = the(cases)
    assert last.case.due_at == found.case.due_at, "what was promised stays promised"
    assert last.case.wake_at == last.timeline[-1].at + timedelta(days=1)


def test_a_taker_whose_team_goes_home_has_it_no_more(store: Store, cases: Cases, config: Config, now: datetime) -> None:
    evening = now + 11 * HOUR
    store.capture(an_answer(comment="One till open."), config, evening)
    assert cases.move(changes.take(the(cases), PRIYA, "page", Now(config, evening)))
    home = the(cases).case.wake_at
    assert home == config.work_time("tills").closes(evening)
    assert home is not None
    assert cases.move(changes.overdue(the(cases), Now(config, home)))
    released = the(cases)
    assert (released.case.state, released.case.owner, released.case.had) == (CaseState.OPEN, None, PRIYA)
    assert released.case.due_at is not None
    assert released.case.due_at > home


def test_a_case_of_a_team_that_is_gone_goes_to_the_default_team(
    cases: Cases, found: Found, config: Config, now: datetime
) -> None:
    teams = {id: team for id, team in config.teams.items() if id != "tills"}
    change = changes.promised_again(found, Now(config.model_copy(update={"teams": teams}), now))
    assert change is not None
    assert cases.move(change)
    assert the(cases).feedback.team == config.default_team
    assert changes.promised_again(the(cases), Now(config, now)) is None
