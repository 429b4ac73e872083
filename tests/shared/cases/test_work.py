"""What people of a team do about a case."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest

from shared.cases.answers import Answers
from shared.cases.cases import Cases
from shared.cases.changes import Change
from shared.cases.work import Action, Work
from shared.config.model import Config
from shared.customers.messages import Messages, Purpose
from shared.customers.people import People
from shared.errors import Contended, EarshotError, FeedbackUnknown, Forged, InvalidInput
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.case import CaseMoved, CaseState, Found, Move
from shared.model.feedback import Channel, Customer
from shared.table.table import Operation
from tests.kit.factories import an_answer

PRIYA, AMAL = "priya@fernleaf.example", "amal@fernleaf.example"
ANA = Customer(name="Ana", phone="+447400123456")
ID = answer_id("a tap")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def complaint(store: Store, config: Config, now: datetime) -> str:
    answer = an_answer(channel=Channel.SMS, comment="Twenty minutes, one till open.", customer=ANA)
    store.capture(answer, config, now)
    return ID


def act(work: Work, action: Action, now: datetime, team: str = "tills", who: str = PRIYA, **form: str) -> Found:
    return work.act(ID, team, who, action, form, "page", now)


def messages_of(store: Store, found: Found) -> list[str]:
    ids = [entry.message for entry in found.timeline if entry.message]
    known = [Messages(store.client, store.table).get(id) for id in ids]
    return [f"{each.purpose} {each.to}: {each.text}" for each in known if each]


def test_whoever_takes_a_case_has_it_and_a_second_press_changes_nothing(
    work: Work, complaint: str, now: datetime
) -> None:
    taken = act(work, Action.TAKE, now + MINUTE)
    assert (taken.case.state, taken.case.owner) == (CaseState.TAKEN, PRIYA)
    again = act(work, Action.TAKE, now + 2 * MINUTE)
    assert again.revision.number == taken.revision.number
    assert len(again.timeline) == 1


def test_only_who_is_listed_for_the_owner_acts(work: Work, complaint: str, now: datetime) -> None:
    with pytest.raises(Forged, match="not listed"):
        act(work, Action.TAKE, now, who="eve@elsewhere.example")
    with pytest.raises(CaseMoved, match="Tills and queues has this"):
        act(work, Action.TAKE, now, team="care", who=AMAL)
    with pytest.raises(FeedbackUnknown):
        work.act(answer_id("none"), "tills", PRIYA, Action.TAKE, {}, "page", now)


def test_an_answer_is_stored_with_the_message_that_carries_it_once(
    work: Work, store: Store, complaint: str, now: datetime
) -> None:
    form = {"text": "Sorry! We open two more tills.", "seen": "1"}
    answered = act(work, Action.REPLY, now + MINUTE, **form)
    assert answered.case.state is CaseState.ANSWERED
    assert messages_of(store, answered) == [
        "reply +447400123456: Sorry! We open two more tills.\nTills and queues, Fernleaf Market"
    ]
    again = act(work, Action.REPLY, now + MINUTE, **form)
    assert messages_of(store, again) == messages_of(store, answered)
    assert People(store.client, store.table).get("+447400123456").told == 1


def test_words_that_came_since_are_read_before_they_are_answered(
    work: Work, store: Store, complaint: str, config: Config, now: datetime
) -> None:
    act(work, Action.TAKE, now + MINUTE)
    store.capture(an_answer(comment="And nobody cared."), config, now + 2 * MINUTE)
    for action in (Action.REPLY, Action.RESOLVE):
        with pytest.raises(CaseMoved, match="said more") as refused:
            act(work, action, now + 3 * MINUTE, text="All done.", seen="2")
        assert refused.value.field == "seen"
    assert act(work, Action.REPLY, now + 3 * MINUTE, text="Sorry.", seen="3").case.state is CaseState.ANSWERED


def test_a_colleagues_answer_is_read_before_another_one_goes_out(
    work: Work, complaint: str, config: Config, now: datetime
) -> None:
    act(work, Action.REPLY, now + MINUTE, text="Sorry.", seen="1")
    crew = config.teams["tills"].model_copy(update={"lead": AMAL})
    both = config.model_copy(update={"teams": config.teams | {"tills": crew}})
    second = Work(both, work._cases, work._answers)
    with pytest.raises(CaseMoved, match=PRIYA):
        act(second, Action.REPLY, now + MINUTE, who=AMAL, text="So sorry.", seen="1")


def test_a_snooze_ends_on_a_day_of_the_business(work: Work, complaint: str, now: datetime) -> None:
    snoozed = act(work, Action.SNOOZE, now, text="Until the new till is here", until="2026-03-16")
    assert snoozed.case.due_at == datetime.fromisoformat("2026-03-16T00:00:00+00:00")
    with pytest.raises(InvalidInput, match="write a day") as refused:
        act(work, Action.SNOOZE, now, text="Later", until="soon")
    assert refused.value.field == "until"


@pytest.mark.parametrize(
    ("action", "form", "field"),
    [
        (Action.REPLY, {"text": " "}, "text"),
        (Action.REPLY, {"text": "word " * 300}, "text"),
        (Action.RESOLVE, {}, "text"),
        (Action.RULE, {}, "text"),
        (Action.PASS, {"to": "nobody", "text": "Yours"}, "to"),
        (Action.PASS, {"to": "care"}, "text"),
        (Action.THANK, {"to": "eve@elsewhere.example"}, "to"),
        (Action.VERDICT, {"verdict": "yes"}, "verdict"),
    ],
)
def test_what_cannot_be_taken_names_its_field_and_changes_nothing(
    work: Work, cases: Cases, complaint: str, now: datetime, action: Action, form: dict[str, str], field: str
) -> None:
    with pytest.raises(EarshotError) as refused:
        act(work, action, now, **form)
    assert refused.value.field == field
    unchanged = cases.get(ID)
    assert unchanged
    assert unchanged.revision.number == 1


def test_a_case_that_is_passed_on_is_the_other_teams(work: Work, complaint: str, now: datetime) -> None:
    passed = act(work, Action.PASS, now, to="care", text="A refund is yours.")
    assert passed.feedback.team == "care"
    assert act(work, Action.TAKE, now, team="care", who=AMAL).case.owner == AMAL


def test_what_was_done_is_told_once_and_asks_whether_it_is_fixed(
    work: Work, store: Store, complaint: str, now: datetime
) -> None:
    resolved = act(work, Action.RESOLVE, now + MINUTE, text="Two more tills are open.")
    assert resolved.case.state is CaseState.RESOLVED
    [told] = messages_of(store, resolved)
    assert told.startswith(f"{Purpose.RESOLVED} +447400123456: Two more tills are open.\nTills and queues, Fernleaf")
    assert "Is it fixed? Reply YES, PARTLY or NOT YET, or tap https://feedback.fernleaf.example/f/" in told
    with pytest.raises(CaseMoved):
        act(work, Action.RESOLVE, now + MINUTE, text="Three of them.")
    assert messages_of(store, act(work, Action.RESOLVE, now + MINUTE, text="Two more tills are open.")) == [told]


def test_a_remedy_is_granted_once_however_often_it_is_pressed_and_within_its_limits(
    work: Work, complaint: str, now: datetime
) -> None:
    form = {"remedy": "coffee", "seen": "1"}
    granted = act(work, Action.ACT, now + MINUTE, **form)
    entry = granted.timeline[-1]
    assert (entry.what, entry.remedy, entry.amount) == (Move.GRANT, "coffee", 1)
    with pytest.raises(EarshotError):
        act(work, Action.ACT, now + 2 * MINUTE, remedy="coffee", amount="1000", seen="2")
    with pytest.raises(CaseMoved, match="not granted twice"):
        act(work, Action.ACT, now + MINUTE, remedy="coffee")
    assert len(granted.timeline) == 1
    with pytest.raises(InvalidInput) as refused:
        act(work, Action.ACT, now + 2 * MINUTE, remedy="a-yacht")
    assert refused.value.field == "remedy"


def test_praise_reaches_whom_it_names_and_the_customer_hears_of_it(
    work: Work, store: Store, config: Config, now: datetime
) -> None:
    customer = Customer(name="Ana", email="ana@example.com")
    store.capture(an_answer(rating=5, comment="Tom was wonderful.", customer=customer), config, now)
    thanked = act(work, Action.THANK, now + MINUTE, to="Tom@fernleaf.example", text="Well done!")
    assert (thanked.case.state, thanked.timeline[-1].to) == (CaseState.RESOLVED, "tom@fernleaf.example")
    [told] = messages_of(store, thanked)
    assert told.startswith("passed-on ana@example.com: Hello Ana,")
    assert "has passed your thanks on to Tom Whitaker." in told
    [praise] = [
        each
        for each in store.client.sync_scan(store.table)
        if each["kind"] == "message" and each["purpose"] == "praise"
    ]
    assert praise["to"] == "tom@fernleaf.example"
    for words in ("Tom was wonderful.", "Well done!", "Priya Nair"):
        assert words in praise["text"]


class Raced(Cases):
    """Cases into which somebody else writes, just before each of the first writes."""

    def __init__(self, cases: Cases, *others: Callable[[], object]) -> None:
        self.table = cases.table
        self.others = list(others)

    def move(self, change: Change, *others: Operation) -> bool:
        if self.others:
            self.others.pop(0)()
        return super().move(change, *others)


def told(store: Store) -> list[str]:
    """What is on its way to the customer, whoever pressed."""
    items = [each for each in store.client.sync_scan(store.table) if each.get("kind") == "message"]
    return [each["text"].partition("\n")[0] for each in items if Purpose(each["purpose"]).is_answer]


def test_of_two_who_resolve_at_once_one_does_and_the_other_sees_it(
    work: Work, answers: Answers, store: Store, cases: Cases, complaint: str, config: Config, now: datetime
) -> None:
    first = partial(act, work, Action.RESOLVE, now, text="Two tills.")
    second = Work(config, Raced(cases, first), answers)
    with pytest.raises(CaseMoved, match=f"resolved by {PRIYA}"):
        act(second, Action.RESOLVE, now, who="tills-lead@fernleaf.example", text="Three tills.")
    assert told(store) == ["Two tills."]


@pytest.mark.parametrize("action", [Action.REPLY, Action.RESOLVE, Action.TAKE, Action.RULE])
@pytest.mark.parametrize("seen", [{}, {"seen": "1"}])
def test_the_same_press_twice_at_once_is_one(
    work: Work,
    answers: Answers,
    store: Store,
    cases: Cases,
    complaint: str,
    config: Config,
    now: datetime,
    action: Action,
    seen: dict[str, str],
) -> None:
    text = {} if action is Action.TAKE else {"text": "Two tills."}
    press = partial(act, work, action, now, **text, **seen)
    once = act(Work(config, Raced(cases, press), answers), action, now, **text, **seen)
    assert len(once.timeline) == 1
    assert len(told(store)) == (action in (Action.REPLY, Action.RESOLVE))


def test_who_always_loses_is_told_and_no_text_is_counted(
    answers: Answers, store: Store, cases: Cases, complaint: str, config: Config, now: datetime
) -> None:
    def say_more(number: int) -> None:
        store.capture(an_answer(comment=f"And another thing: {number}."), config, now + number * MINUTE)

    crowd = Raced(cases, *(partial(say_more, number) for number in range(1, 9)))
    with pytest.raises(Contended):
        act(Work(config, crowd, answers), Action.REPLY, now, text="Sorry.")
    assert told(store) == []
    assert People(store.client, store.table).get("+447400123456").told == 0
    budgets = [each["taken"] for each in store.client.sync_scan(store.table) if each.get("kind") == "budget"]
    assert set(budgets) <= {0}
