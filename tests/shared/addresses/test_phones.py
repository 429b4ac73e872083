import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.addresses.phones import Phone, may_text, read_phone, time_zones


@pytest.mark.parametrize(
    ("text", "country", "phone"),
    [
        ("+447400123456", None, Phone("+447400123456", "GB")),
        (" +44 (0)7400 123-456 ", None, Phone("+447400123456", "GB")),
        ("07400 123456", "GB", Phone("+447400123456", "GB")),
        ("+1 202-555-0123", "GB", Phone("+12025550123", "US")),
    ],
)
def test_a_number_is_written_one_way(text: str, country: str | None, phone: Phone) -> None:
    assert read_phone(text, country) == phone


@pytest.mark.parametrize(
    "text",
    [
        "+449098790123",  # premium
        "+448450000000",  # shared cost
        "+19005550123",  # premium
        "+443331234567"[:4],  # cut short
        "07400 123456",  # of no country
        "60777",  # a short code
        "AMAZON",
        "",
        "+",
        "+44740012345678901234567890",
    ],
)
def test_what_no_person_texts_from_is_refused(text: str) -> None:
    assert read_phone(text) is None


def test_texts_go_to_the_countries_allowed() -> None:
    assert may_text("+447400123456", ["GB"])
    assert not may_text("+447400123456", ["IE"])
    assert not may_text("+449098790123", ["GB"])


@pytest.mark.parametrize(
    "number",
    [
        "+447011234567",  # a personal number, forwarded at the caller's cost
        "+448001234567",  # free to call
        "+447640123456",  # a pager
        "+442079460123",  # a landline
        "+445600123456",  # of the Internet
    ],
)
def test_a_text_is_heard_from_any_phone_and_sent_to_mobile_ones_alone(number: str) -> None:
    assert read_phone(number) is not None
    assert not may_text(number, ["GB"])


def test_where_a_plan_does_not_tell_mobile_numbers_they_are_texted() -> None:
    assert may_text("+12025550123", ["US"])


def test_a_phone_tells_where_it_may_be() -> None:
    assert time_zones("+12025550123") == ("America/New_York",)
    assert "Europe/London" in time_zones("+447400123456")


@given(st.text(), st.none() | st.sampled_from(["GB", "SA", "US"]))
def test_any_text_is_a_number_or_is_not(text: str, country: str | None) -> None:
    phone = read_phone(text, country)
    assert phone is None or read_phone(phone.number) == phone
