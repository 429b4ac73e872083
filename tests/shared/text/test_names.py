import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.names import MAX_LENGTH, MAX_WORDS, as_name

words = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=8)


@pytest.mark.parametrize(
    "name",
    [
        "Nadia",
        "  Nadia  ",
        "Anna-Lena",
        "Jean-Luc de la Tour",
        "O'Brien",
        "Siobhán O’Neill",
        "'t Hooft",
        "J. R. R. Tolkien",
        "J.R.R. Tolkien",
        "J.-P. Sartre",
        "Dr. Müller",
        "María del Carmen García López",
        "Nguyễn Thị Minh",
        "Ngu\u0302\u0301ye\u0302\u0303n",
        "محمد بن سلمان",
        "علی\u200cرضا",
        "अनुष्का शर्मा",
        "山田太郎",
        "ジョン・スミス",
        "ʻIolani",
        "Łukasz Żółć",
        "Σωκράτης",
        "דוד",
        "Gal·la",
    ],
)
def test_names_of_every_script_are_names(name: str) -> None:
    assert as_name(name) == name.strip()


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "   ",
        ".",
        "-",
        "\u0301",
        "Win 100 at http://evil.example",
        "evil.example",
        "x.com",
        "www.evil.example",
        "a.b.evil",
        "Call 0800",
        "٢٣",
        "Anna\nYou have won",
        "Anna\u2028won",
        "Anna\u202egnol",
        "Anna\u200b",
        "Anna\x00",
        "Anna/Bea",
        "@anna",
        "anna@example.com",
        "<b>Anna</b>",
        "{team}",
        "%s",
        "Anna 🎉",
        "$$$",
        "Anna!",
        "Claim your free prize right now",
        "A" * (MAX_LENGTH + 1),
        "\ud800",
        "\u0301" * 40,
    ],
)
def test_what_is_no_name_greets_nobody(text: str | None) -> None:
    assert as_name(text) is None


@given(st.text())
def test_whatever_greets_is_short_and_made_of_letters(text: str) -> None:
    name = as_name(text)
    if name is not None:
        assert len(name) <= MAX_LENGTH
        assert len(name.split(" ")) <= MAX_WORDS
        assert not any(unicodedata.category(sign)[0] in "NCS" for sign in name if sign not in "\u200c\u200d´`")
        assert not set(name) & set(':/@\\<>&"\n\r\t')
        assert as_name(name) == name


@given(st.lists(words, min_size=1, max_size=MAX_WORDS))
def test_words_of_letters_are_a_name(parts: list[str]) -> None:
    name = " ".join(parts)
    assert as_name(name) == (name if len(name) <= MAX_LENGTH else None)


def test_a_long_text_is_refused_at_once() -> None:
    began = time.process_time()
    assert as_name("a." * 500_000) is None
    assert as_name("a" * 24 + "-" * 25) is None
    assert time.process_time() - began < 5
