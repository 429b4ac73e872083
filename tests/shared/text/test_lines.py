from hypothesis import given
from hypothesis import strategies as st

from shared.text.lines import fits_in_line, one_line


def test_one_line_keeps_the_words() -> None:
    assert one_line("a\r\nb\x00 c\u2028d  e") == "a b c d e"


def test_what_turns_the_text_around_it_goes_and_marks_that_names_need_stay() -> None:
    assert one_line("safe\u202ecod.exe\u2066") == "safecod.exe"
    assert one_line("Amal\u200f می\u200cخواهم") == "Amal\u200f می\u200cخواهم"


@given(st.text(st.characters(exclude_categories=[], exclude_characters="\ufffe\uffff")))
def test_whatever_was_written_fits_in_a_line_then(text: str) -> None:
    line = one_line(text)
    assert fits_in_line(line)
    assert one_line(line) == line
