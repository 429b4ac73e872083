"""Anything may be posted: what is valid comes through exactly, all else is refused with the field's name."""

import json
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.capture_web import body
from shared.config.load import load
from shared.errors import EarshotError, InvalidInput, TooLarge, TooLong, Unreadable, UnsupportedType
from shared.model.feedback import MAX_COMMENT_BYTES
from shared.text.unseen import seen
from shared.web.http import MAX_BYTES, Request
from tests.kit.http_api import http_event

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
TOUCHPOINT = load().touchpoints["checkout"]


def read(content: Any, content_type: str = JSON) -> body.Said:
    """What is read from a body: text or bytes exactly as they stand, anything else as JSON."""
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    event = http_event("POST", "/f/link", {"content-type": content_type}, content)
    return body.read(Request(event), TOUCHPOINT)


def refusal(content: Any, content_type: str = JSON) -> EarshotError:
    with pytest.raises(EarshotError) as caught:
        read(content, content_type)
    assert 400 <= caught.value.status < 500
    return caught.value


def outcome(content: str | bytes, content_type: str = JSON) -> body.Said | EarshotError:
    """What is read, or the expected error; every other error fails the test."""
    try:
        return read(content, content_type)
    except EarshotError as error:
        return error


def characters(**options: Any) -> st.SearchStrategy[str]:
    controls = (*range(9), *range(0xB, 0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
    forbidden = [*map(chr, (*controls, 0x202D, 0x202E, *range(0xFDD0, 0xFDF0), *range(0xFFF9, 0xFFFD), 0xFFFE, 0xFFFF))]
    return st.text(st.characters(codec="utf-8", exclude_characters=forbidden), **options)


words = characters(min_size=1, max_size=500).map(str.strip).filter(seen)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
names = st.sampled_from(["rating", "comment", "reasons", "contact", "submission", "homepage"]) | st.text()


class TestWhateverArrives:
    @given(st.binary(max_size=2000), st.sampled_from([JSON, FORM, "text/plain", "", "application/json; charset=x"]))
    def test_any_bytes_are_an_answer_or_an_expected_error(self, content: bytes, content_type: str) -> None:
        assert outcome(content, content_type)

    @given(st.dictionaries(names, json_values))
    def test_any_json_is_an_answer_or_an_expected_error(self, fields: dict[str, Any]) -> None:
        found = outcome(json.dumps(fields))
        if isinstance(found, body.Said):
            assert found.rating is None or found.rating in TOUCHPOINT.scale.ratings
        else:
            assert json.dumps(found.to_http())

    @given(st.lists(st.tuples(names, st.text(st.characters(codec="utf-8")))))
    def test_any_form_is_an_answer_or_an_expected_error(self, fields: list[tuple[str, str]]) -> None:
        assert outcome(urlencode(fields), FORM)

    @given(words, st.booleans())
    def test_words_in_any_script_come_through_exactly(self, comment: str, ascii_only: bool) -> None:
        assert read(json.dumps({"comment": comment}, ensure_ascii=ascii_only).encode()).comment == comment
        assert read(urlencode({"comment": comment}).encode(), FORM).comment == comment

    @given(st.binary(max_size=500))
    def test_what_a_form_keeps_for_its_sender_never_fails(self, content: bytes) -> None:
        event = http_event("POST", "/f/link", {"content-type": FORM}, content)
        assert isinstance(body.kept_words(Request(event)), dict)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "rating"),
        ({"submission": "s"}, "rating"),
        *[({"rating": wrong}, "rating") for wrong in (0, 6, -1, 10**30, "5", 5.0, True, None, [5], {"value": 5}, "")],
        *[({"comment": wrong}, "comment") for wrong in ("", "\u200b\n", None, 5, True, ["words"], {"text": "words"})],
        ({"contact": {"email": "a\uffff@example.org"}}, "contact.email"),
        *[({"comment": half}, "comment") for half in ("\ud800", "x\udfff", "\ude00\ud83d")],
        *[({"reasons": wrong}, "reasons") for wrong in ("queue", ["nope"], [5], [["queue"]], None, {"queue": True})],
        ({"contact": "a@b.example"}, "contact"),
        ({"contact": None}, "contact"),
        ({"contact": []}, "contact"),
        ({"contact": {}}, "contact"),
        ({"contact": {"fax": "1"}}, "contact"),
        ({"contact": {"email": "x@y"}}, "contact"),
        *[({"contact": {"phone": wrong}}, "contact") for wrong in ("12", "call me", "+" * 20)],
        *[({"contact": {"email": wrong}}, "contact.email") for wrong in ("", None, "a\0@b.example")],
        *[({"rating": 3, "submission": wrong}, "submission") for wrong in ("", 5, None, "x" * 101, "a\0b")],
        ({"rating": 3, "Comment": "x"}, "Comment"),
        ({"rating": 3, "homepage": "x"}, "homepage"),
        ({"rating": 3, "\ud800": "x"}, "\ud800"),
    ],
)
def test_what_cannot_be_taken_names_its_field(fields: dict[str, Any], field: str) -> None:
    error = refusal(fields)
    assert isinstance(error, InvalidInput)
    assert error.field == field
    assert error.message.startswith((f"{field} ", f"{field!r} "))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
def test_numbers_that_are_none_name_their_field(number: str) -> None:
    assert refusal(f'{{"rating": {number}}}').field == "rating"
    assert refusal(f'{{"rating": 3, "comment": {number}}}').field == "comment"
    assert refusal(f'{{"rating": 3, "contact": {{"email": {number}}}}}').field == "contact.email"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"rating": 3, "": 1}', "'' is not known; send rating, comment, reasons, contact, submission."),
        ('{"": 1, "": 2}', "'' stands twice."),
        ('{"our colour": 1}', "'our colour' is not known; send rating, comment, reasons, contact, submission."),
        ('{"rating": 1, "rating": 2}', "rating stands twice."),
    ],
)
def test_a_name_that_its_sender_made_up_is_quoted(content: str, message: str) -> None:
    assert refusal(content).message == message


@pytest.mark.parametrize(
    ("content", "field"),
    [('{"rating": 1, "rating": 2}', "rating"), ('{"contact": {"email": "a@b.example", "email": ""}}', "email")],
)
def test_a_key_that_stands_twice_is_refused(content: str, field: str) -> None:
    assert refusal(content).field == field


@pytest.mark.parametrize(
    "content",
    [
        "",
        " ",
        "null",
        "[]",
        "5",
        '"rating"',
        '{"rating": 5',
        "{rating: 5}",
        "{'rating': 5}",
        '{"rating": 5,}',
        '{"rating": 5} {}',
        '{"rating": ' + "9" * 5000 + "}",
        '{"comment": "a\nb"}',
        b'{"comment": "\xff"}',
        b"\x80",
    ],
)
def test_what_is_no_json_object_is_unreadable(content: Any) -> None:
    assert isinstance(refusal(content), Unreadable)


def test_bytes_that_the_gateway_replaced_are_noticed_by_the_length() -> None:
    replaced = '{"rating": 5, "comment": "\ufffd"}'
    headers = {"content-type": JSON, "content-length": str(len(replaced.encode()))}
    typed = http_event("POST", "/f/link", headers, replaced)
    assert body.read(Request(typed), TOUCHPOINT).comment == "\ufffd"
    damaged = http_event("POST", "/f/link", {**headers, "content-length": str(len(replaced))}, replaced)
    with pytest.raises(Unreadable):
        body.read(Request(damaged), TOUCHPOINT)


class TestBounds:
    @pytest.mark.parametrize("bracket", ["[", '{"a":'])
    def test_deep_nesting_is_refused_before_it_is_parsed(self, bracket: str) -> None:
        assert isinstance(refusal(f'{{"comment": {bracket * 10_000}'), Unreadable)

    def test_moderate_nesting_still_names_the_field(self) -> None:
        assert refusal({"comment": [[[[["words"]]]]]}).field == "comment"

    def test_brackets_in_words_are_words(self) -> None:
        assert read({"comment": "[" * 100 + '"{\\'}).comment == "[" * 100 + '"{\\'

    def test_strings_that_never_end_cost_no_time(self) -> None:
        assert isinstance(refusal('"\\' * 30_000), Unreadable)

    def test_a_body_over_the_limit_is_too_large_however_it_is_wrapped(self) -> None:
        content = json.dumps({"comment": "x" * MAX_BYTES})
        assert isinstance(refusal(content), TooLarge)
        assert isinstance(refusal(content.encode()), TooLarge)
        assert isinstance(refusal(f"comment={'x' * MAX_BYTES}".encode(), FORM), TooLarge)

    def test_five_thousand_graphemes_are_taken_and_one_more_is_not(self) -> None:
        family = "e\u0301"
        assert read({"comment": family * 5000}).comment == family * 5000
        assert isinstance(refusal({"comment": family * 5001}), TooLong)
        assert isinstance(refusal({"comment": "x" * 5001}), TooLong)

    def test_twenty_thousand_bytes_are_taken_and_one_more_is_not(self) -> None:
        heavy = "👩🏽" * (MAX_COMMENT_BYTES // 8)
        assert read({"comment": heavy}).comment == heavy
        assert refusal({"comment": heavy + "x"}).field == "comment"

    def test_a_form_may_fill_the_limit_with_percent_encoding(self) -> None:
        heavy = "ض" * (MAX_COMMENT_BYTES // 2 // 2)
        assert read(urlencode({"comment": heavy}), FORM).comment == heavy


class TestForms:
    def test_numbers_are_written_as_text(self) -> None:
        assert read("rating=5", FORM).rating == 5

    @pytest.mark.parametrize("rating", ["5.0", "%2B5", "-5", "0x5", "five", "5" * 400])
    def test_a_rating_that_is_not_plain_digits_is_refused(self, rating: str) -> None:
        assert refusal(f"rating={rating}", FORM).field == "rating"

    @pytest.mark.parametrize("content", ["rating=%zz", "rating", "&&=", "rating=5&x"])
    def test_a_broken_form_is_unreadable_or_names_its_field(self, content: str) -> None:
        assert refusal(content, FORM).status in (400, 422)

    def test_a_bad_byte_costs_one_character(self) -> None:
        assert read("comment=" + quote_from_bytes(b"a\xc3\x28b"), FORM).comment == "a\ufffd(b"
        assert read(b"comment=a\xffb", FORM).comment == "a\ufffdb"

    def test_a_field_that_stands_twice_is_refused_except_reasons(self) -> None:
        assert refusal("rating=1&rating=2", FORM).field == "rating"
        assert read("rating=1&reasons=queue&reasons=staff", FORM).reasons == ("queue", "staff")

    def test_unknown_fields_are_refused(self) -> None:
        assert refusal("rating=1&colour=red", FORM).field == "colour"
        assert refusal("rating=1&contact.fax=1", FORM).field == "contact"

    def test_a_hundred_thousand_fields_are_not_read(self) -> None:
        assert isinstance(refusal("&".join(["a=b"] * 10_000), FORM), Unreadable)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "multipart/form-data; boundary=x", "application/xml", "json"]
)
def test_other_content_types_are_refused(content_type: str) -> None:
    assert isinstance(refusal({"rating": 5}, content_type), UnsupportedType)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", " application/json ;x"]
)
def test_a_content_type_may_have_parameters(content_type: str) -> None:
    assert read({"rating": 5}, content_type).rating == 5


def test_reasons_keep_their_order_and_stand_once() -> None:
    assert read({"reasons": ["staff", "queue", "staff"]}).reasons == ("staff", "queue")
    assert read({"reasons": []}).reasons == ()


@pytest.mark.parametrize("field", ["comment", "submission"])
def test_a_run_of_combining_marks_is_refused_by_the_fields_name(field: str) -> None:
    with pytest.raises(InvalidInput, match="more than 30 combining marks in a row") as refused:
        read({"rating": 3, field: "a" + "\u0301" * 31})
    assert refused.value.field == field
