import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import answer_id
from shared.keys import links
from shared.keys.follow_links import FollowLink
from shared.keys.signing import Keys
from shared.mail.reply_address import ReplyKind, ReplyTo

LINK = FollowLink(answer_id("a test"))


def test_it_leads_to_its_feedback_whatever_case_and_punctuation_it_comes_in(keys: Keys) -> None:
    token = LINK.token(keys)
    assert len(token) == links.FOLLOW
    assert FollowLink.read(links.written(token), keys) == LINK
    assert FollowLink.read(links.written(f" {token.upper()}."), keys) == LINK


@pytest.mark.parametrize("place", [0, 25, 26, 41])
def test_a_changed_one_leads_nowhere(keys: Keys, place: int) -> None:
    token = LINK.token(keys)
    changed = "a" if token[place] != "a" else "b"
    assert FollowLink.read(token[:place] + changed + token[place + 1 :], keys) is None


def test_the_signature_of_a_reply_address_opens_nothing(keys: Keys) -> None:
    local = ReplyTo(ReplyKind.FEEDBACK, LINK.feedback_id).address("feedback@fernleaf.example", keys).partition("@")[0]
    assert FollowLink.read(LINK.feedback_id + local[-16:], keys) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    class NoKeys:
        def has_tagged(self, *_: str) -> bool:
            return False

    assert FollowLink.read(links.written(text), NoKeys()) is None  # type: ignore[arg-type]
