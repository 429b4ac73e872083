from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.close import reports as module
from functions.close.reports import Report, Reports, read_report
from shared.cases import changes
from shared.cases.answers import Answers
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.cases.remedies import Remedies
from shared.config.model import Config
from shared.customers.messages import Message, Purpose
from shared.customers.people import People, Silence
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.case import CaseState, Entry, Found, Move
from shared.model.events import RemedyCarriedOut, RemedyFailed
from shared.model.feedback import Customer
from shared.table.items import MESSAGE
from tests.kit.factories import an_answer
from tests.kit.samples import load_event

AMAL, PRIYA, ANA = "amal@fernleaf.example", "priya@fernleaf.example", "ana@mail.example"
SOURCE = "shop.payments"
HOUR = timedelta(hours=1)
ID = answer_id("a tap")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(module, "count", lambda name, number=1: names.append(name))
    return names


@pytest.fixture
def reports(cases: Cases, answers: Answers, config: Config) -> Reports:
    return Reports(cases, answers, config)


@pytest.fixture
def granted(store: Store, cases: Cases, config: Config, now: datetime) -> Entry:
    """A refund of 12.50 that the tills have granted Ana."""
    store.capture(an_answer(comment="I paid twice.", given=Customer(email=ANA)), config, now)
    return grant(cases, Now(config, now))


def grant(cases: Cases, now: Now, remedy: str = "refund", amount: str = "12.50") -> Entry:
    change, counting = Remedies(cases).grant(the(cases), remedy, amount, PRIYA, "page", now)
    assert cases.move(change, counting)
    return change.entry


def the(cases: Cases) -> Found:
    found = cases.get(ID)
    assert found is not None
    return found


def carried_out(entry: Entry, feedback_id: str = ID) -> Report:
    return Report(SOURCE, RemedyCarriedOut(feedback_id=feedback_id, grant=entry.grant or ""))


def failed(entry: Entry, reason: str = "The card has expired.") -> Report:
    return Report(SOURCE, RemedyFailed(feedback_id=ID, grant=entry.grant or "", reason=reason))


def told(store: Store) -> list[Message]:
    """Every message to a customer that was stored."""
    items = store.client.sync_scan(store.table)
    return [Message.model_validate(item) for item in items if item["kind"] == MESSAGE.kind]


def test_the_customer_is_told_of_what_was_carried_out_with_the_amount(
    store: Store, cases: Cases, reports: Reports, granted: Entry, now: datetime
) -> None:
    assert told(store) == [], "a grant alone is told to nobody"
    assert reports.take(carried_out(granted), now + HOUR)
    [message] = told(store)
    assert (message.to, message.purpose, message.feedback_id) == (ANA, Purpose.REMEDY, ID)
    assert "a refund, 12.50 GBP" in message.text
    last = the(cases).timeline[-1]
    assert (last.what, last.who, last.way, last.message) == (Move.CARRIED_OUT, SOURCE, "bus", message.id)
    assert the(cases).case.state is CaseState.OPEN, "the case itself is not done with that"


def test_a_report_that_comes_twice_or_late_tells_once(
    store: Store, cases: Cases, reports: Reports, granted: Entry, config: Config, now: datetime, counted: list[str]
) -> None:
    assert cases.move(changes.resolve(the(cases), PRIYA, "Refunded.", "page", None, Now(config, now)))
    late = now + timedelta(days=6)
    assert [reports.take(carried_out(granted), late) for _ in range(3)] == [True, False, False]
    assert len(told(store)) == 1
    assert counted == ["RemedyReportsRepeated"] * 2
    assert the(cases).case.state is CaseState.RESOLVED


def test_what_failed_comes_back_to_the_team_and_is_told_to_no_customer(
    store: Store, cases: Cases, reports: Reports, granted: Entry, config: Config, now: datetime
) -> None:
    assert cases.move(changes.resolve(the(cases), PRIYA, "Refunded.", "page", None, Now(config, now)))
    assert reports.take(failed(granted), now + HOUR)
    assert not reports.take(failed(granted), now + HOUR)
    assert told(store) == []
    back = the(cases)
    assert (back.case.state, back.case.owner) == (CaseState.TAKEN, PRIYA)
    assert back.case.due_at is not None
    assert (back.timeline[-1].what, back.timeline[-1].text) == (Move.NOT_CARRIED_OUT, "The card has expired.")


def test_what_was_done_after_all_is_told_and_what_was_told_is_not_taken_back(
    store: Store, cases: Cases, reports: Reports, granted: Entry, config: Config, now: datetime
) -> None:
    assert reports.take(failed(granted), now + HOUR)
    assert reports.take(carried_out(granted), now + 2 * HOUR)
    assert len(told(store)) == 1
    again = grant(cases, Now(config, now + 3 * HOUR), "coffee", "")
    assert reports.take(carried_out(again), now + 4 * HOUR)
    assert reports.take(failed(again), now + 5 * HOUR)
    assert len(told(store)) == 2
    assert the(cases).timeline[-1].what is Move.NOT_CARRIED_OUT, "kept in the story"


def test_a_grant_that_there_is_not_tells_nobody(
    store: Store, cases: Cases, reports: Reports, granted: Entry, config: Config, now: datetime, counted: list[str]
) -> None:
    store.capture(an_answer("another", comment="Me too.", given=Customer(email="b@mail.example")), config, now)
    for report in (
        carried_out(granted, answer_id("another")),
        carried_out(granted, answer_id("nobody")),
        carried_out(granted.model_copy(update={"grant": "made-up"})),
    ):
        assert not reports.take(report, now)
    assert told(store) == []
    assert counted == ["RemedyReportsIgnored"] * 3


def test_whoever_asked_for_silence_is_not_told_and_the_team_reads_why(
    store: Store, cases: Cases, reports: Reports, granted: Entry, now: datetime
) -> None:
    People(store.client, store.table).change(ANA, lambda person: person.silenced(Silence.UNSUBSCRIBED, now), now)
    assert reports.take(carried_out(granted), now + HOUR)
    assert told(store) == []
    assert (the(cases).timeline[-1].what, the(cases).timeline[-1].message) == (Move.CARRIED_OUT, None)
    assert the(cases).timeline[-1].text


def test_a_remedy_that_left_the_file_or_a_case_that_was_passed_on_is_told_all_the_same(
    store: Store, cases: Cases, reports: Reports, config: Config, now: datetime, answers: Answers, keys: Any
) -> None:
    store.capture(an_answer(comment="Cold.", given=Customer(email=ANA)), config, now)
    granted = grant(cases, Now(config, now), "coffee", "")
    assert cases.move(changes.pass_on(the(cases), PRIYA, "web", "Yours.", "page", Now(config, now)))
    teams = {id: team.model_copy(update={"remedies": {}}) for id, team in config.teams.items()}
    without = config.model_copy(update={"teams": teams})
    later = Reports(cases, Answers(store.client, store.table, keys, without), without)
    assert later.take(carried_out(granted), now + HOUR)
    assert ["coffee" in message.text for message in told(store)] == [True]


def test_a_report_is_read_from_listed_sources_alone(counted: list[str]) -> None:
    event = load_event("golden/RemedyCarriedOut.v1.json")
    report = read_report(event, ("shop.payments",))
    assert report is not None
    assert (report.source, report.said.grant) == ("shop.payments", event["detail"]["grant"])
    for source in ("earshot", "shop.payments.fake", "SHOP.PAYMENTS", ""):
        assert read_report(event | {"source": source}, ("shop.payments",)) is None
    failed = read_report(load_event("golden/RemedyFailed.v1.json"), ("shop.payments",))
    assert failed is not None
    assert isinstance(failed.said, RemedyFailed)
    for detail in ({}, {"feedback_id": 5, "grant": []}, event["detail"] | {"grant": "g" * 500}, {"version": 9}):
        assert read_report(event | {"detail": detail}, ("shop.payments",)) is None
    assert set(counted) == {"RemedyReportsIgnored"}


def test_a_word_of_the_customer_at_that_moment_loses_nothing(
    store: Store, cases: Cases, reports: Reports, granted: Entry, config: Config, now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    move, moved = cases.move, 0

    def interrupted(*about: Any) -> bool:
        nonlocal moved
        moved += 1
        if moved == 1:
            store.capture(an_answer(comment="And nobody said sorry."), config, now + HOUR)
        return move(*about)

    monkeypatch.setattr(cases, "move", interrupted)
    assert reports.take(carried_out(granted), now + HOUR)
    assert len(told(store)) == 1
    assert the(cases).feedback.comment == "And nobody said sorry."
    assert the(cases).timeline[-1].what is Move.CARRIED_OUT
