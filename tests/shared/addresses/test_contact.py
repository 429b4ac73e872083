import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.addresses import contact


@pytest.mark.parametrize(
    "address", ["ada@example.org", " ada@example.org ", "ada+shop@mail.example.co.uk", "أمل@fernleaf.example"]
)
def test_an_email_address_is_taken_as_it_stands(address: str) -> None:
    assert contact.email(address) == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@example",
        "a b@example.org",
        "a@b@c.org",
        "x@-y.org",
        "x" * 65 + "@y.org",
        "a@" + "b." * 130 + "org",
    ],
)
def test_what_is_no_email_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="email address"):
        contact.email(address)


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("+44 7700 900123", "+447700900123"),
        ("0044 (0)7700-900123", "+447700900123"),
        ("07700 900 123", "07700900123"),
        ("٠٧٧٠٠٩٠٠١٢٣", "07700900123"),
        ("\u200f+966 50 123 4567\u200e", "+966501234567"),
    ],
)
def test_a_phone_number_is_read_however_it_is_written(written: str, dialled: str) -> None:
    assert contact.phone(written) == dialled


@pytest.mark.parametrize(
    "written", ["", "12345", "1" * 16, "call me", "07700 900123 ext 5", "+", "++447700900123", "²²²²²²²"]
)
def test_what_is_no_phone_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="phone number"):
        contact.phone(written)


@given(st.text())
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    for read in (contact.email, contact.phone):
        try:
            assert read(text).isprintable()
        except ValueError:
            continue
