"""Conditions on words as people write both, and how much of a rule EventBridge takes."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditions.language import Condition, ConditionError
from shared.conditions.pattern import compile_pattern, pattern_text, wildcards
from shared.conditions.reader import parse
from shared.conditions.weight import MAX_COMPLEXITY, complexity
from shared.model.feedback import Channel
from shared.model.life import Transition
from shared.model.scales import Mood, Scale
from shared.text.folding import fold
from tests.kit.eventbridge import event, ministack_verdict
from tests.kit.factories import a_feedback
from tests.kit.samples import load_rows

TABLE = "samples/edges/conditions.jsonl"


@pytest.mark.parametrize("row", load_rows(TABLE, "match"))
def test_words_are_found_by_the_condition_and_by_its_pattern_alike(row: dict[str, Any]) -> None:
    said = row["feedback"]
    about = a_feedback(
        rating=said["rating"],
        scale=Scale(said["scale"]),
        mood=Mood(said["mood"]),
        channel=Channel(said["channel"]),
        comment=said["comment"] or "",
        reasons=tuple(said["reasons"]),
    )
    condition = parse(row["when"])
    assert condition.matches(Transition.CAPTURED, about) is row["match"]
    if weight(condition) <= MAX_COMPLEXITY:
        pattern = pattern_text(compile_pattern(condition))
        assert ministack_verdict(pattern, event(Transition.CAPTURED, about)) is row["match"]


@pytest.mark.parametrize("row", load_rows(TABLE, "refused"))
def test_what_says_nothing_is_refused_in_one_line_that_says_where(row: dict[str, Any]) -> None:
    with pytest.raises(ConditionError) as refusal:
        parse(row["when"])
    assert refusal.value.message.endswith(f"(column {refusal.value.column})")
    assert "\n" not in refusal.value.message


@pytest.mark.parametrize("row", load_rows(TABLE, "complexity"))
def test_a_rule_weighs_what_its_words_weigh_in_each_alternative_again(row: dict[str, Any]) -> None:
    condition = parse(row["when"])
    assert weight(condition) == row["count"]
    if row["count"] > MAX_COMPLEXITY:
        with pytest.raises(ConditionError, match="too complex for one rule"):
            compile_pattern(condition)
    else:
        compile_pattern(condition)


def weight(condition: Condition) -> int:
    """How complex a rule is to EventBridge, whether it takes it or not."""
    return max(complexity(elements, most=99) for elements in wildcards(condition).values())


@given(st.text())
def test_words_that_are_folded_stay_as_they_are(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(
    st.text(max_size=20),
    st.sampled_from("\u200b\u00ad\u200f\u2060\ufeff\ufe0f"),
)
def test_what_cannot_be_seen_between_letters_changes_no_comparison(text: str, unseen: str) -> None:
    assert fold(unseen.join(text)) == fold(text) or any(map(unicodedata.combining, unicodedata.normalize("NFD", text)))


@given(
    words=st.lists(st.sampled_from(["charged", "twice", "İade", "ﬂour", "didn’t"]), min_size=1, max_size=4),
    blank=st.text("\n\t \u00a0\u2028\u3000", min_size=1),
)
def test_any_blank_between_words_is_a_space(words: list[str], blank: str) -> None:
    assert fold(blank.join(words)) == " ".join(map(fold, words))
