import io
import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cli.stage import Stage
from functions.escalate.overdue import move_on
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.config.model import Config
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.values import utc_now
from tests.cli.conftest import Earshot
from tests.kit.factories import an_answer

ID = answer_id("a tap")


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


@pytest.fixture
def escalate(cases: Cases, config: Config, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The function behind the stage; the times at which it was invoked."""
    invoked: list[datetime] = []

    def invoke(*, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as boto3 calls it
        assert FunctionName == "escalate"
        at = datetime.fromisoformat(json.loads(Payload)["time"])
        invoked.append(at)
        told = {"overdue": move_on(cases, Now(config, at), lambda: True), "promised": []}
        return {"Payload": io.BytesIO(json.dumps(told).encode())}

    client = Stage.client
    monkeypatch.setattr(
        Stage,
        "client",
        lambda stage, service: SimpleNamespace(invoke=invoke) if service == "lambda" else client(stage, service),
    )
    return invoked


def test_the_clock_moves_a_case_up_to_the_chief_step_by_step(
    earshot: Earshot, stage: str, store: Store, cases: Cases, config: Config, escalate: list[datetime]
) -> None:
    store.capture(an_answer(comment="One till open."), config, utc_now())
    moved = json.loads(earshot("clock", "+14d", "--json").out)
    assert [each["to"] for each in moved[:4]] == ["team", "lead", "chief", "chief"]
    assert {each["what"] for each in moved} == {"overdue"}
    assert [each["at"] for each in moved] == sorted(each["at"] for each in moved)
    found = cases.get(ID)
    assert found is not None
    assert len(moved) == len(escalate) == len(found.timeline)
    ran = earshot("clock", "+14d")
    assert (ran.out, ran.status) == ("", 0)
    assert ran.err.startswith("Nothing else is due by ")


def test_the_clock_takes_a_time_of_day(
    earshot: Earshot, stage: str, store: Store, config: Config, escalate: list[datetime]
) -> None:
    store.capture(an_answer(comment="One till open."), config, utc_now())
    until = (utc_now() + timedelta(days=4)).strftime("%Y-%m-%dT%H:%M")
    assert f"{ID} (tills): overdue, to the team" in earshot("clock", until).out


@pytest.mark.parametrize("time", ["soon", "+2", "2020-01-01T00:00", "+91d"])
def test_a_time_that_is_none_is_bad_usage(earshot: Earshot, stage: str, time: str) -> None:
    ran = earshot("clock", time)
    assert ran.status == 2
    assert ran.err.count("\n") == 1


def test_what_does_not_move_ends_the_command(
    earshot: Earshot, stage: str, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.capture(an_answer(comment="One till open."), config, utc_now())
    client = Stage.client
    answer = {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"{}")}
    broken = SimpleNamespace(invoke=lambda **about: answer)
    monkeypatch.setattr(
        Stage, "client", lambda stage, service: broken if service == "lambda" else client(stage, service)
    )
    ran = earshot("clock", "+14d")
    assert ran.status == 1
    assert f"{ID} is due and does not move; read the log of escalate" in ran.err
