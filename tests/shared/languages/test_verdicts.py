"""What customers say to "Is it fixed?"."""

import tomllib
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.languages.packs import FOLDER
from shared.languages.verdicts import Said, read
from tests.kit.samples import load_rows

VERDICTS = [each for each in load_rows("samples/loop/verdicts.jsonl") if each.values[0]["part"] not in ("stop", "help")]
KINDS = {"filler", "but", "yes", "partly", "no", "not_yet", "still", "thanks", "ok", "unclear"}


@pytest.mark.parametrize("row", VERDICTS)
def test_what_people_answer_is_understood(row: dict[str, Any]) -> None:
    said = (read(row["text"]) or "words").replace("-", "_")
    right = {row["part"], *row.get("or", ())}
    if row["part"] == "new_complaint":  # the words are read by somebody, and confirm nothing
        right = {"words", "partly", "not_yet"}
    if row["part"] == "unclear":  # in doubt they are words, which somebody reads
        right = {"unclear", "words"}
    assert said in right


@given(
    st.sampled_from(["yes", "all good now", "Danke!", "merci", "شكرا"]), st.from_regex(r"[b-d]{4,9}x", fullmatch=True)
)
def test_a_word_that_nobody_knows_makes_neither_a_yes_nor_mere_thanks(known: str, unknown: str) -> None:
    assert read(f"{known} {unknown}") not in (Said.YES, Said.THANKS)
    assert read(f"{unknown}, {known}") not in (Said.YES, Said.THANKS)


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert read(text) in (*Said, None)


def test_what_is_long_is_read_by_a_person() -> None:
    assert read("yes " * 100) is None


def test_no_phrase_says_two_things_and_no_kind_is_misspelt() -> None:
    said: dict[str, set[str]] = defaultdict(set)
    for path in FOLDER.glob("*/verdicts.toml"):
        pack = tomllib.loads(path.read_text(encoding="utf-8"))
        assert pack.keys() <= KINDS
        assert pack.keys() >= {"yes", "partly", "no", "not_yet", "thanks"}
        for kind in pack.keys() - {"filler"}:
            for phrase in pack[kind]:
                said[phrase].add(kind)
    assert [phrase for phrase, kinds in said.items() if len(kinds) > 1] == []
