import grapheme
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.graphemes import ELLIPSIS, clusters, cut, cut_to_fit, exceeds, split

FAMILY = "👨‍👩‍👧‍👦"
PIECES = [*"ab \r\n", FAMILY, "🇬🇧", "🇬", "e\u0301", "\u0627\u064b", "\u202e", "\u200d", "\ufe0f", "👍🏽", "🏽", "⭐"]
PIECES += [*"\u0600\u1100\u1161\u11a8가각", *"क\u094dष\u093f", "ก\u0e33", "\x00"]
ANY_TEXT = st.lists(st.sampled_from(PIECES)).map("".join) | st.text()


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        (FAMILY * 3, 3, FAMILY * 3),
        (FAMILY * 4, 3, FAMILY * 2 + ELLIPSIS),
        ("cafe\u0301 bar", 5, "cafe\u0301…"),
        ("شكرًا جزيلًا", 6, "شكرًا…"),
    ],
)
def test_a_text_is_cut_between_what_a_reader_sees_as_characters(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


@given(ANY_TEXT)
def test_graphemes_are_those_of_the_library(text: str) -> None:
    assert list(clusters(text)) == list(grapheme.graphemes(text))


@given(ANY_TEXT, st.integers(1, 20))
def test_a_cut_text_is_short_enough_and_begins_as_the_text_does(text: str, limit: int) -> None:
    result = cut(text, limit)
    assert grapheme.length(result) <= limit
    assert result == text or text.startswith(result.removesuffix(ELLIPSIS))
    assert exceeds(text, limit) == (grapheme.length(text) > limit)


@given(ANY_TEXT, st.integers(3, 40))
def test_cutting_to_fit_keeps_as_much_as_fits(text: str, room: int) -> None:
    def fits(candidate: str) -> bool:
        return len(candidate) <= room

    result = cut_to_fit(text, fits)
    if result == text:
        assert fits(text)
    else:
        kept = result.removesuffix(ELLIPSIS)
        clusters = list(grapheme.graphemes(text))
        length = grapheme.length(kept) if kept else 0
        assert text.startswith(kept)
        assert "".join(clusters[:length]) == kept
        assert fits(result) or not kept
        assert not fits("".join(clusters[: length + 1]) + ELLIPSIS)


@given(ANY_TEXT, st.integers(2, 30))
def test_splitting_loses_nothing_and_keeps_every_part_within_the_limit(text: str, limit: int) -> None:
    parts = split(text, utf16_units, limit)
    assert "".join(parts) == text
    assert all(utf16_units(part) <= limit for part in parts)
