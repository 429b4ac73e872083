import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.folding import fold
from shared.text.marks import MOST_IN_A_ROW, bounded, has_too_many

ZALGO = "a" + "\u0301" * 5_000 + "\u0316" * 4_999


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "Việt Nam, crème brûlée",
        "שָׁלוֹם עֲלֵיכֶם",
        "السَّلَامُ عَلَيْكُمْ",
        "ส้มตำ ก็ดี",
        "नमस्ते क्षत्रिय",
        "བོད་སྐད་ཧཱུྃ",
        "e" + "\u0301" * MOST_IN_A_ROW,
        "👨‍👩‍👧‍👦 👍🏽",
    ],
)
def test_every_way_of_writing_stays_as_it_is(text: str) -> None:
    assert not has_too_many(text)
    assert bounded(text) == text


def test_a_run_of_thousands_is_bounded_and_the_letters_around_it_stay() -> None:
    assert has_too_many(ZALGO)
    kept = bounded(f"The milk {ZALGO} was open")
    assert kept == f"The milk a{chr(0x301) * MOST_IN_A_ROW} was open"


@given(st.text(alphabet=st.sampled_from("ab \u0301\u0316\u0f71é"), max_size=200))
def test_what_is_bounded_has_no_long_run_and_every_letter(text: str) -> None:
    kept = bounded(text)
    assert not has_too_many(kept)
    assert [c for c in kept if not unicodedata.combining(c)] == [c for c in text if not unicodedata.combining(c)]


def test_comparing_what_is_bounded_takes_time_by_its_length() -> None:
    def took(size: int) -> float:
        text = bounded(("a" + "\u0301\u0316" * 40) * size)
        began = time.process_time()
        fold(text)
        return time.process_time() - began

    assert min(took(8_000) for _ in range(3)) < 12 * min(took(2_000) for _ in range(3))
