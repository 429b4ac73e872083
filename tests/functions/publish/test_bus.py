"""Packing and putting events."""

import json
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from functions.publish.bus import MAX_BYTES, MAX_ENTRIES, Bus, Entry, entry, pack
from shared.model.events import feedback_event
from shared.model.feedback import MAX_COMMENT_BYTES, MAX_COMMENT_GRAPHEMES
from shared.model.life import Transition
from tests.kit.factories import a_revision

sizes = st.lists(st.one_of(st.integers(0, 3_000), st.integers(0, MAX_BYTES * 2)), max_size=60)


def entries_of(lengths: list[int]) -> list[Entry]:
    return [Entry("FeedbackCaptured", f"{index:06}" + "x" * length) for index, length in enumerate(lengths)]


@given(sizes)
def test_packing_keeps_every_entry_once_and_in_order(lengths: list[int]) -> None:
    entries = entries_of(lengths)
    assert [each for request in pack(entries) for each in request] == entries


@given(sizes)
def test_a_request_keeps_to_the_limits_unless_one_entry_alone_breaks_them(lengths: list[int]) -> None:
    for request in pack(entries_of(lengths)):
        assert 1 <= len(request) <= MAX_ENTRIES
        assert len(request) == 1 or sum(each.size for each in request) <= MAX_BYTES


@given(sizes)
def test_no_request_could_have_taken_the_next_entry(lengths: list[int]) -> None:
    requests = list(pack(entries_of(lengths)))
    for request, following in pairwise(requests):
        fits = sum(each.size for each in request) + following[0].size <= MAX_BYTES
        assert len(request) == MAX_ENTRIES or not fits


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_an_entry_is_ascii_and_gives_the_words_back_exactly(words: str) -> None:
    rendered = entry(feedback_event(Transition.CAPTURED, None, a_revision(comment=words)))
    assert rendered.detail.isascii()
    assert json.loads(rendered.detail)["feedback"]["comment"] == words


def test_the_longest_comment_fits_into_one_request_even_when_it_replaced_another() -> None:
    thrice_as_long_folded = "\u0390" * MAX_COMMENT_GRAPHEMES  # ΐ folds to three characters
    padding = "\u0301" * ((MAX_COMMENT_BYTES - 2 * MAX_COMMENT_GRAPHEMES) // 2)  # more accents on the last of them
    longest = thrice_as_long_folded + padding
    assert len(longest.encode()) == MAX_COMMENT_BYTES
    before, after = a_revision(1, comment=longest), a_revision(2, comment=longest, rating=1)
    amended = feedback_event(Transition.AMENDED, before._replace(feedback=before.feedback), after)
    assert entry(amended).size < MAX_BYTES


class FakeEvents:
    """PutEvents with a prepared answer per request: an error to raise, or the error codes of its entries."""

    def __init__(self, *answers: Exception | list[str | None]) -> None:
        self.answers = iter(answers)
        self.requests: list[list[dict[str, str]]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.requests.append(Entries)
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        results = [{"ErrorCode": code, "ErrorMessage": "…"} if code else {"EventId": "e"} for code in answer]
        return {"FailedEntryCount": sum(code is not None for code in answer), "Entries": results}


def put(events: FakeEvents, count: int) -> list[str | None]:
    return Bus(events, "earshot-test").put(entries_of([1] * count))  # type: ignore[arg-type]


def test_an_entry_names_its_bus_and_source() -> None:
    events = FakeEvents([None])
    put(events, 1)
    assert events.requests == [
        [{"EventBusName": "earshot-test", "Source": "earshot", "DetailType": "FeedbackCaptured", "Detail": "000000x"}]
    ]


def test_every_failed_entry_of_a_successful_request_is_reported() -> None:
    assert put(FakeEvents([None, "ThrottlingException", None]), 3) == [None, "ThrottlingException", None]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "PutEvents"), "ThrottlingException"),
        (EndpointConnectionError(endpoint_url="https://events.example"), "EndpointConnectionError"),
    ],
)
def test_a_refused_request_fails_its_entries_and_no_others(error: Exception, code: str) -> None:
    events = FakeEvents([None] * 10, error, [None] * 5)
    assert put(events, 25) == [None] * 10 + [code] * 10 + [None] * 5


def test_a_mistake_in_the_code_is_not_taken_for_a_refusal() -> None:
    with pytest.raises(TypeError):
        put(FakeEvents(TypeError("a bug")), 1)


def test_nothing_to_put_makes_no_request() -> None:
    events = FakeEvents()
    assert put(events, 0) == []
    assert events.requests == []
