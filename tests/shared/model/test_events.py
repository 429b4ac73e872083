"""The published contract: classes, schemas, golden events and page agree."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import ValidationError

from events.__main__ import GOLDEN, ROOT, SUMS, contract
from shared.config.load import load
from shared.model.events import CONTRACT, InvitationRequested, RouteTested, feedback_event, read_event, wrong_field
from shared.model.feedback import Channel, Customer
from shared.model.life import Transition, transition
from shared.model.scales import Mood, Scale
from shared.routes.trials import trial_detail
from tests.kit.factories import RECEIVED_AT, a_feedback, a_revision

CONTRACT_FILES = contract()
GOLDEN_EVENTS = sorted(GOLDEN.glob("*.json"))
ADDRESSES = ("customer.email", "customer.phone")
OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@cache
def validator(name: str) -> Draft202012Validator:
    """The published schema of an event such as `FeedbackCaptured.v1`."""
    schema = json.loads((ROOT / "events" / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema, format_checker=FormatChecker())


@pytest.mark.parametrize("path", CONTRACT_FILES, ids=lambda path: path.name)
def test_the_generated_file_is_not_stale(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == CONTRACT_FILES[path], "run `make contract`"


def test_every_event_and_version_has_a_golden_event_and_a_schema() -> None:
    current = {f"{event.detail_type}.v{event.model_fields['version'].default}" for event in CONTRACT}
    golden = {path.stem for path in GOLDEN_EVENTS}
    assert golden >= current
    assert {path.stem for path in (ROOT / "events" / "schemas").glob("*.json")} == golden


def test_a_golden_event_is_never_changed_nor_removed() -> None:
    """Subscribers hold us to it. A line of SHA256SUMS that changes is a promise broken, and shows in review."""
    lines = SUMS.read_text(encoding="utf-8").splitlines()
    sums = {name: sum for sum, name in (line.split() for line in lines)}
    now = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in GOLDEN_EVENTS}
    changed = [name for name in sums if now.get(name) != sums[name]]
    assert not changed, (
        f"{', '.join(changed)}: put back as it was. What subscribers would notice is a new version of the event, "
        "with a golden event of its own, for which `make contract` adds a line to SHA256SUMS."
    )


def read_again(golden: dict[str, Any]) -> dict[str, Any]:
    """The detail of a golden event, read by the class of today and written again."""
    [event] = [each for each in CONTRACT if each.detail_type == golden["detail-type"]]
    return event.model_validate(golden["detail"]).model_dump(mode="json")


def only_what_was_there(now: Any, then: Any) -> Any:
    """Without the fields that were added since, which need no new version."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {name: only_what_was_there(value, then[name]) for name, value in now.items() if name in then}
    return now


@pytest.mark.parametrize("path", GOLDEN_EVENTS, ids=lambda path: path.stem)
def test_a_golden_event_reads_and_comes_back_the_same(path: Path) -> None:
    golden = json.loads(path.read_text(encoding="utf-8"))
    assert only_what_was_there(read_again(golden), golden["detail"]) == golden["detail"]
    assert path.stem == f"{golden['detail-type']}.v{golden['detail']['version']}"


@pytest.mark.parametrize("path", GOLDEN_EVENTS, ids=lambda path: path.stem)
def test_a_golden_event_keeps_to_its_schema(path: Path) -> None:
    validator(path.stem).validate(read_again(json.loads(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    "name",
    [
        "ශ්\u200dරී Perera",  # Sinhala joins with ZWJ
        "علی\u200cرضا",  # Persian parts with ZWNJ
        "ليلى\u200f (Leeds)\u200e",  # marks of direction
        "Anne\u00adMarie\u00a0Smith",
        "👩\u200d👧 Ana",
    ],
)
def test_a_name_is_taken_as_people_write_it(name: str) -> None:
    request = {"touchpoint": "delivery", "place": name, "customer": {"name": name, "ref": name}}
    assert InvitationRequested.model_validate(request).customer.name == name


@pytest.mark.parametrize("mark", [*OVERRIDES, "\u200b", "\ufeff"])
def test_marks_that_phone_books_put_around_an_address_are_no_reason_to_refuse_it(mark: str) -> None:
    customer = {"phone": f"{mark}+447400123456{mark}", "email": f"{mark}ana@example.com"}
    assert InvitationRequested.model_validate({"touchpoint": "delivery", "customer": customer}).customer.phone


@pytest.mark.parametrize(
    ("field", "sign"),
    [
        (field, sign)
        for field in ("touchpoint", "place", *(f"customer.{name}" for name in Customer.model_fields))
        for sign in (*"\0\t\n\r\x7f\x85\u2028\u2029", *(() if field in ADDRESSES else OVERRIDES))
    ],
)
def test_what_breaks_the_line_or_turns_the_words_around_it_is_refused_by_its_field(field: str, sign: str) -> None:
    request: dict[str, Any] = {"touchpoint": "delivery", "customer": {}}
    inside = request["customer"] if field.startswith("customer.") else request
    inside[field.removeprefix("customer.")] = f"a{sign}b"
    with pytest.raises(ValidationError, match=field) as refusal:
        InvitationRequested.model_validate(request)
    assert wrong_field(refusal.value) == field


def test_fields_of_later_versions_are_ignored() -> None:
    golden = json.loads(GOLDEN_EVENTS[0].read_text(encoding="utf-8"))
    golden["detail"] |= {"weather": "rain"}
    golden["detail"]["feedback"] |= {"aisle": 7}
    assert "weather" not in read_event(golden).detail()


def test_the_test_of_a_route_is_what_the_contract_says() -> None:
    config = load()
    [id, route] = next(iter(config.declared_routes().items()))
    detail = json.loads(json.dumps(trial_detail(config, id, route, "Amal", RECEIVED_AT)))
    validator("RouteTested.v1").validate(detail)
    assert RouteTested.model_validate(detail).detail() == detail


def test_the_page_lists_every_event_with_its_source_and_shows_its_golden_event() -> None:
    page = CONTRACT_FILES[ROOT / "docs" / "events.md"]
    for event in CONTRACT:
        name = event.detail_type
        source = f"`{event.source}`" if event.source else "yours"
        assert f"| [`{name}`](#{name.lower()}) | 1 | {source} |" in page
        assert page.count(f"\n## {name}\n") == 1
        assert (GOLDEN / f"{name}.v1.json").read_text(encoding="utf-8") in page


def test_an_event_of_someone_else_is_not_read() -> None:
    with pytest.raises(KeyError):
        read_event({"detail-type": "OrderCreated", "detail": {}})


words = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
feedbacks = st.builds(
    lambda **said: a_feedback(**said),
    place=st.none() | words,
    team=words,
    channel=st.sampled_from(Channel),
    rating=st.none() | st.integers(0, 10),
    scale=st.sampled_from(Scale),
    mood=st.sampled_from(Mood),
    reasons=st.lists(words, max_size=3).map(tuple),
    comment=words,
    language=st.sampled_from(["en", "ar"]),
    customer=st.builds(Customer, ref=st.none() | words, email=st.none() | words),
)


@given(feedbacks, feedbacks)
def test_every_change_keeps_to_the_schema_and_reads_back(before, after) -> None:  # type: ignore[no-untyped-def]
    first, second = a_revision(1)._replace(feedback=before), a_revision(2)._replace(feedback=after)
    for old, new in ((None, first), (first, second)):
        name = transition(old, new)
        if name is None:
            assert before == after
            continue
        event = feedback_event(name, old, new)
        sent = json.loads(json.dumps(event.detail()))
        validator(f"{name}.v1").validate(sent)
        assert read_event({"detail-type": name, "detail": sent}) == event


def test_previous_says_only_what_changed() -> None:
    before, after = a_revision(1, comment="slow", rating=2), a_revision(2, comment="slow, and rude", rating=2)
    event = feedback_event(Transition.AMENDED, before, after)
    assert event.detail()["previous"] == {"comment": "slow"}


def test_an_event_id_follows_from_the_feedback_and_its_revision() -> None:
    event = feedback_event(Transition.CAPTURED, None, a_revision(1))
    assert event.id == f"{event.feedback.id}-1"
