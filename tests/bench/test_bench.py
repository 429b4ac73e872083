"""The measuring itself: what is compared does its work, and a missed limit is an error."""

import json
from collections.abc import Iterator

import pytest

from bench import __main__ as bench
from bench import capture, deployed, stub
from bench.figures import Figure


@pytest.mark.parametrize(
    ("figure", "kept"),
    [
        (Figure("size", 10, "kB", 10), True),
        (Figure("size", 10.1, "kB", 10), False),
        (Figure("rate", 5, "x", 5, "at least"), True),
        (Figure("rate", 4.9, "x", 5, "at least"), False),
        (Figure("cold", 400, "ms"), True),
    ],
)
def test_a_limit_is_kept_up_to_itself(figure: Figure, kept: bool) -> None:
    assert figure.is_kept is kept


@pytest.mark.parametrize(("value", "status", "verdict"), [(9, 0, "ok"), (11, 1, "MISSED")])
def test_json_comes_first_then_a_table_and_a_missed_limit_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: float, status: int, verdict: str
) -> None:
    def measure() -> Iterator[Figure]:
        yield Figure("page, gzip", value, "kB", 10)

    monkeypatch.setattr("bench.page.measure", measure)
    assert bench.main(["page"]) == status
    printed, end = json.JSONDecoder().raw_decode(out := capsys.readouterr().out)
    assert printed == {"page, gzip": {"value": value, "unit": "kB"}}
    assert out[end:].split()[-1] == verdict


def test_an_unknown_bench_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["speed"]) == 2
    assert "use one of capture" in capsys.readouterr().err


def test_both_handlers_answer_what_they_are_measured_with_as_they_are_deployed() -> None:
    with stub.serve() as dynamodb, deployed.folders() as folders:
        path = f"/f/{capture._token(dynamodb.url)}"
        for name, requests in (("ours", 1), ("conventional", 3)):
            before = list(folders[name].rglob("*"))
            costs = capture.run(folders[name], path, dynamodb.url, answers=1)
            counted = sum(number for table, number in dynamodb.requests.items() if table.startswith(name))
            assert counted == requests * costs["answers"]
            assert 0 < costs["warm"] < costs["cold"]
            assert list(folders[name].rglob("*")) == before
