"""Texts as people and their phones send them, each with what it says, written down before the code."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.languages.commands import Command
from shared.languages.packs import LANGUAGES, vocabulary
from shared.languages.reading import read
from shared.model.scales import Scale
from shared.text.unseen import plain
from tests.kit.samples import load_rows

READINGS = load_rows("samples/texts/readings.jsonl")
COMMANDS = load_rows("samples/texts/commands.jsonl")
TEXTS = [row.values[0]["text"] for row in (*READINGS, *COMMANDS)]


def shown(text: str) -> str:
    """What is seen of a text, its blanks folded."""
    return " ".join(plain(text).split())


@pytest.mark.parametrize("row", READINGS)
def test_a_text_rates_what_it_says_and_keeps_its_words(row: dict[str, Any]) -> None:
    reading = read(row["text"], Scale(row["scale"]), ("en", "ar"))
    assert reading.rating in (row["rating"], *row.get("rating_ok", ()))
    comment = shown(reading.comment)
    if row.get("comment_ok", ()) is not None:
        accepted = {shown(each) for each in (row["comment"], *row.get("comment_ok", ()))}
        contains = row.get("comment_ok_contains")
        assert comment in accepted or (contains is not None and shown(contains) in comment)
    assert not any(shown(each) in comment for each in row.get("comment_must_not", ()))
    assert all(shown(each) in comment for each in row.get("comment_must", ()))
    if "comment_must_not" in row:  # it quotes a text of ours, which ends with STOP
        assert reading.command is None


@pytest.mark.parametrize("row", COMMANDS)
def test_a_text_asks_what_it_says_and_keeps_its_words(row: dict[str, Any]) -> None:
    reading = read(row["text"], Scale.SMILE5, ("en", "ar"))
    assert (reading.command or "none") == row["kind"]
    if row["words_kept"] is not None:
        assert shown(reading.comment) == (shown(row["text"]) if row["words_kept"] else "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_knows_stop_in_peoples_words(language: str) -> None:
    said = {"en": "Please remove me from your list, thanks", "ar": "من فضلكم لا ترسلوا لي رسائل"}
    assert vocabulary(language)["stop_sentences"]["cores"]
    assert read(said[language], Scale.SMILE5, ()).command is Command.STOP


@pytest.mark.parametrize("text", ["remove me from your list", "Do not text me again. The milk was open."])
def test_a_stop_in_a_language_of_no_use_to_the_business_is_heard(text: str) -> None:
    assert read(text, Scale.SMILE5, ("ar",)).command is Command.STOP


@given(
    st.sampled_from([text for text in TEXTS if text.isascii() and text.strip()]),
    st.sampled_from("\u200b\u200e\u200f\u2060\u2066\u202b\ufeff\xad"),
    st.data(),
)
def test_what_cannot_be_seen_changes_nothing(text: str, mark: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    marked = read(text[:place] + mark + text[place:], Scale.SMILE5, ("en", "ar"))
    seen = read(text, Scale.SMILE5, ("en", "ar"))
    assert (marked.rating, shown(marked.comment), marked.command) == (seen.rating, shown(seen.comment), seen.command)


@pytest.mark.parametrize(
    "often",
    ["“", "Liked “", "please ", "ok no ", "1. a ", "dont ", "👍 to ", "\u200f", "rating ", "1/ 2/ ", "a. ", "a,"],
)
def test_no_text_takes_long(often: str) -> None:
    began = time.process_time()
    read((often * 64_000)[:64_000], Scale.SMILE5, ("en", "ar"))
    assert time.process_time() - began < 5


def test_a_face_behind_a_rating_stays_whatever_stands_unseen_before_it() -> None:
    assert read("5 \u200b:)", Scale.SMILE5, ("en",)).comment == ":)"
