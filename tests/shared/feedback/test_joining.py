import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.feedback.joining import bounded, flagged, joined
from shared.model.feedback import MAX_COMMENT_BYTES, MAX_COMMENT_GRAPHEMES, MAX_REVISIONS, Flag
from shared.text.graphemes import exceeds
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
