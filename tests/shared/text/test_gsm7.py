import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.gsm7 import Encoding, Length, measure, plain

GSM = st.text("abcXYZ 019@£$é\n€^{}")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", Length(Encoding.GSM7, 0, 1)),
        ("a" * 160, Length(Encoding.GSM7, 160, 1)),
        ("a" * 161, Length(Encoding.GSM7, 161, 2)),
        ("a" * 306, Length(Encoding.GSM7, 306, 2)),
        ("a" * 307, Length(Encoding.GSM7, 307, 3)),
        ("ش" * 70, Length(Encoding.UCS2, 70, 1)),
        ("ش" * 71, Length(Encoding.UCS2, 71, 2)),
        ("ش" * 134, Length(Encoding.UCS2, 134, 2)),
        ("ش" * 135, Length(Encoding.UCS2, 135, 3)),
    ],
)
def test_the_limits_of_a_segment(text: str, length: Length) -> None:
    assert measure(text) == length


@pytest.mark.parametrize("char", "^{}\\[~]|€\f")
def test_an_extension_character_counts_two(char: str) -> None:
    assert measure(char * 80) == Length(Encoding.GSM7, 160, 1)
    assert measure(char * 80 + "a").segments == 2


def test_an_extension_character_counts_one_in_ucs2() -> None:
    assert measure("€ش") == Length(Encoding.UCS2, 2, 1)


def test_an_escape_is_not_parted_from_its_character() -> None:
    assert measure("a" * 152 + "€" + "a" * 152).segments == 3


def test_an_emoji_is_two_units_and_is_not_parted() -> None:
    assert measure("👍") == Length(Encoding.UCS2, 2, 1)
    assert measure("a" * 66 + "👍" + "a" * 66).segments == 3


def test_one_curly_quote_flips_the_encoding_and_plain_flips_it_back() -> None:
    text = "It’s " + "a" * 100
    assert measure(text) == Length(Encoding.UCS2, 105, 2)
    assert measure(plain(text)) == Length(Encoding.GSM7, 105, 1)


def test_a_backtick_and_a_c_cedilla_are_not_in_gsm7() -> None:
    assert measure("`").encoding is measure("ç").encoding is Encoding.UCS2


@given(st.text())
def test_segments_hold_all_units_and_no_fewer_would(text: str) -> None:
    length = measure(text)
    alone, part = (160, 153) if length.encoding is Encoding.GSM7 else (70, 67)
    if length.segments == 1:
        assert length.units <= alone
    else:
        # Each part may leave one unit empty, where a character of two would have been split.
        assert alone < length.units
        assert (length.segments - 1) * (part - 1) < length.units <= length.segments * part


@given(st.text(), st.text())
def test_a_longer_text_never_costs_less_in_the_same_encoding(start: str, rest: str) -> None:
    if measure(start).encoding is measure(start + rest).encoding:
        assert measure(start).segments <= measure(start + rest).segments


@given(GSM)
def test_units_add_up(text: str) -> None:
    assert measure(text).units == sum(measure(char).units for char in text)


@given(st.text())
def test_plain_is_stable(text: str) -> None:
    assert plain(plain(text)) == plain(text)
