import json
from datetime import datetime, timedelta

import pytest

from functions.escalate.overdue import move_on
from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.cases.remedies import Remedies
from shared.config.model import Config
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.case import Found
from tests.cli.conftest import Earshot
from tests.kit.factories import an_answer

PRIYA = "priya@fernleaf.example"
HOUR = timedelta(hours=1)
ID = answer_id("a tap")


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


@pytest.fixture
def found(stage: str, store: Store, cases: Cases, config: Config, now: datetime) -> Found:
    store.capture(an_answer(comment="Twenty minutes,\none till open."), config, now)
    return the(cases)


def the(cases: Cases) -> Found:
    case = cases.get(ID)
    assert case is not None
    return case


def test_a_feedback_shows_its_case_and_the_whole_story(
    earshot: Earshot, found: Found, cases: Cases, config: Config, now: datetime
) -> None:
    at = Now(config, now)
    assert cases.move(changes.take(found, PRIYA, "page", at))
    assert cases.move(*Remedies(cases).grant(the(cases), "refund", "12.50", PRIYA, "page", at))
    assert cases.move(changes.reply(the(cases), PRIYA, "We are sorry.", "mail", "m1", at))
    case = json.loads(earshot("show", ID, "--json").out)["case"]
    assert (case["state"], case["team"], case["owner"]) == ("answered", "tills", PRIYA)
    assert case["due_at"] == the(cases).case.model_dump(mode="json")["due_at"]
    assert [(entry["what"], entry["who"], entry.get("text")) for entry in case["timeline"]] == [
        ("taken", PRIYA, None),
        ("granted", PRIYA, None),
        ("replied", PRIYA, "We are sorry."),
    ]
    assert all(datetime.fromisoformat(entry["at"]) == now.replace(microsecond=589000) for entry in case["timeline"])
    lines = earshot("show", ID).out.splitlines()
    assert f"    14 Mar 09:26:53 UTC {PRIYA}: granted refund 12.50 GBP" in lines
    assert f"    14 Mar 09:26:53 UTC {PRIYA}: replied: We are sorry." in lines


def test_what_needs_nobody_is_no_case(
    earshot: Earshot, stage: str, store: Store, config: Config, now: datetime
) -> None:
    store.capture(an_answer(rating=5), config, now)
    assert json.loads(earshot("show", ID, "--json").out)["case"] is None
    assert json.loads(earshot("cases", "--json").out) == []


def test_cases_are_listed_by_team_the_first_due_first(
    earshot: Earshot, found: Found, store: Store, cases: Cases, config: Config, now: datetime
) -> None:
    store.capture(an_answer("earlier", comment="Slow."), config, now - HOUR)
    store.capture(an_answer("other", reasons=("price",), comment="Dear."), config, now - HOUR / 2)
    ids = [each["id"] for each in json.loads(earshot("cases", "--json").out)]
    assert ids == [answer_id("earlier"), answer_id("other"), ID]
    [listed] = json.loads(earshot("cases", "care", "--json").out)
    assert (listed["team"], listed["state"], listed["kind"], listed["owner"]) == ("care", "open", "complaint", None)
    assert listed["feedback"]["comment"] == "Dear."
    ran = earshot("cases", "tills")
    assert "“Twenty minutes, one till open.”" in ran.out
    assert ran.err.startswith("2 wait;")
    assert move_on(cases, Now(config, now + 2 * HOUR), lambda: True)
    assert "overdue: with the team" in earshot("cases", "tills").out


def test_a_team_that_there_is_not_is_named_with_those_that_there_are(earshot: Earshot, stage: str) -> None:
    ran = earshot("cases", "till")
    assert ran.status == 2
    assert "there is no team 'till'; use one of care, tills, delivery, web" in ran.err
