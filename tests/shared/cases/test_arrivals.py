"""Answers that did not arrive."""

from datetime import datetime, timedelta

import pytest

from shared.cases import changes
from shared.cases.arrivals import Arrivals
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.cases.work import Action, Work
from shared.config.model import Config
from shared.customers.messages import Message, Messages
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.case import CaseState, Found, Move
from shared.model.feedback import Channel, Customer
from tests.kit.factories import an_answer

PRIYA = "priya@fernleaf.example"
ID = answer_id("a tap")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def arrivals(cases: Cases, config: Config) -> Arrivals:
    return Arrivals(cases, config)


@pytest.fixture
def answered(store: Store, work: Work, config: Config, now: datetime) -> Message:
    ana = Customer(name="Ana", phone="+447400123456")
    store.capture(an_answer(channel=Channel.SMS, comment="Cold again.", customer=ana), config, now)
    return told(store, work, Action.REPLY, now + MINUTE)


def told(store: Store, work: Work, action: Action, now: datetime) -> Message:
    found = work.act(ID, "tills", PRIYA, action, {"text": f"We {action} it."}, "page", now)
    message = Messages(store.client, store.table).get(found.timeline[-1].message or "")
    assert message is not None
    return message


def the(cases: Cases) -> Found:
    found = cases.get(ID)
    assert found is not None
    return found


def test_the_case_is_the_persons_again_once_and_says_why(
    arrivals: Arrivals, cases: Cases, answered: Message, config: Config, now: datetime
) -> None:
    late = now + timedelta(hours=5)
    assert arrivals.failed(answered, "bounced-permanent", late)
    assert not arrivals.failed(answered, "bounced-permanent", late + MINUTE)
    found = the(cases)
    assert (found.case.state, found.case.owner) == (CaseState.TAKEN, PRIYA)
    assert found.case.due_at
    assert late < found.case.due_at <= config.work_time("tills").after(late, timedelta(hours=1))
    assert [(entry.what, entry.text) for entry in found.timeline] == [
        (Move.REPLY, "We reply it."),
        (Move.NOT_ARRIVED, "bounced-permanent"),
    ]


def test_a_resolution_that_nobody_was_told_of_is_none(
    arrivals: Arrivals, cases: Cases, store: Store, work: Work, answered: Message, now: datetime
) -> None:
    resolved = told(store, work, Action.RESOLVE, now + 2 * MINUTE)
    assert not arrivals.failed(answered, "blocked", now + 3 * MINUTE), "something was told since"
    assert the(cases).case.state is CaseState.RESOLVED
    assert arrivals.failed(resolved, "blocked", now + 4 * MINUTE)
    assert the(cases).case.state is CaseState.TAKEN


def test_what_the_customer_has_confirmed_or_had_erased_stays_as_it_is(
    arrivals: Arrivals, cases: Cases, answered: Message, config: Config, now: datetime
) -> None:
    assert cases.move(changes.confirm(the(cases), "customer", "yes", "web", Now(config, now + MINUTE)))
    assert not arrivals.failed(answered, "blocked", now + 2 * MINUTE)
    gone = answered.model_copy(update={"feedback_id": answer_id("erased")})
    assert not arrivals.failed(gone, "blocked", now + 2 * MINUTE)
