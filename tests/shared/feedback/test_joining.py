import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.feedback.joining import bounded, flagged, joined
from shared.model.feedback import MAX_COMMENT_BYTES, MAX_COMMENT_GRAPHEMES, MAX_REVISIONS, Flag
from shared.text.graphemes import cut, cut_to_fit, exceeds
from tests.kit.factories import a_revision


def test_words_follow_those_before_them() -> None:
    assert joined(None, "Late.", "\n") == "Late."
    assert joined(a_revision(comment=""), "Late.", "\n") == "Late."
    assert joined(a_revision(comment="Late."), "Cold.", "\n\n") == "Late.\n\nCold."
    assert joined(a_revision(comment="Late."), "", "\n") == "Late."


@pytest.mark.parametrize(
    ("number", "comment"),
    [(MAX_REVISIONS, ""), (1, "x" * (MAX_COMMENT_GRAPHEMES - 2)), (1, "ب" * (MAX_COMMENT_BYTES // 2 - 2))],
)
def test_words_that_one_feedback_cannot_hold_are_for_the_next(number: int, comment: str) -> None:
    assert joined(a_revision(number, comment=comment), "Late.", "\n") is None
    assert joined(a_revision(number, comment=comment), "", "\n") == comment, "no words need no room"


def test_a_flag_says_whether_the_customer_can_be_answered_now() -> None:
    spam, silent = Flag.SPAM_SUSPECTED, Flag.OPTED_OUT
    assert flagged(None, silent=False) == ()
    assert flagged(a_revision(flags=(spam,)), silent=True) == (silent, spam)
    assert flagged(a_revision(flags=(silent, spam)), silent=False) == (spam,)
    assert flagged(a_revision(flags=(silent,)), spam, silent=True) == (silent, spam)


@given(st.text(max_size=50), st.integers(1, 2_000))
def test_too_many_words_are_kept_as_far_as_they_fit(words: str, times: int) -> None:
    kept = bounded(words * times)
    assert kept == words * times or kept.endswith("…")
    assert len(kept.encode()) <= MAX_COMMENT_BYTES
    assert not exceeds(kept, MAX_COMMENT_GRAPHEMES)


@pytest.mark.parametrize(
    "sign", ["\U0001f468\u200d", "\u1100", "\ufe0f", "\U0001f3fd", "\u0600", "\U0001f1ec\U0001f1e7", "\u0301"]
)
def test_what_is_far_too_long_is_bounded_without_looking_at_all_of_it(sign: str) -> None:
    began = time.process_time()
    kept = bounded(sign * 250_000)
    assert time.process_time() - began < 1  # it was seconds: one grapheme took time by the square of its length
    assert kept.endswith("…")
    assert len(kept.encode()) <= MAX_COMMENT_BYTES


def test_cutting_before_the_graphemes_are_looked_at_keeps_just_as_much() -> None:
    for words in ("a" * 30_000, "ب" * 30_000, "👨‍👩‍👧‍👦" * 2_000, "word " * 9_000):
        assert bounded(words) == cut_to_fit(
            cut(words, MAX_COMMENT_GRAPHEMES), lambda text: len(text.encode()) <= MAX_COMMENT_BYTES
        )
