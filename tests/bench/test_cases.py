"""What the bench of cases counts is what DynamoDB reads, also where the code asks for more than it shows."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench import cases as bench
from bench.environment import ENVIRONMENT
from bench.figures import Figure
from shared.cases.cases import Cases
from shared.model.case import CaseMoved, Found


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "STORED", (2, 60))
    monkeypatch.setattr(bench, "DUE_TIMES", 500)
    for name in ("AWS_ENDPOINT_URL", *ENVIRONMENT):
        monkeypatch.setenv(name, "")  # put back afterwards


def measured() -> dict[str, Figure]:
    figures = list(bench.measure())
    assert len({figure.name for figure in figures}) == len(figures)
    return {figure.name: figure for figure in figures if figure.keep == "at most"}


def test_an_inbox_and_a_sweep_read_as_much_beside_few_as_beside_many() -> None:
    assert all(figure.is_kept for figure in measured().values())


def test_an_inbox_that_asks_for_all_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    query = Cases._query

    def all_of_it(cases: Cases, partition: str, **options: Any) -> Any:
        return query(cases, partition, **{**options, "limit": None})

    monkeypatch.setattr(Cases, "_query", all_of_it)
    with pytest.raises(AssertionError):
        measured()


def test_a_sweep_that_reads_what_is_not_due_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def waiting(cases: Cases, until: object) -> Iterator[Found]:
        yield from cases.waiting("tills")

    monkeypatch.setattr(bench, "DUE", 0)
    monkeypatch.setattr(Cases, "due", waiting)
    monkeypatch.setattr("functions.escalate.overdue.changes.overdue", refuse)
    assert not all(figure.is_kept for figure in measured().values())


def refuse(*about: object) -> None:
    raise CaseMoved("not due")
