from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.mail.reply_address import ReplyKind, ReplyTo, read_reply_address

MAILBOX = "feedback@fernleaf.example"
ABOUT = ReplyTo(ReplyKind.FEEDBACK, answer_id("a test"))


def test_an_address_says_what_it_is_about(keys: Keys) -> None:
    address = ABOUT.address(MAILBOX, keys)
    assert read_reply_address(address, MAILBOX, keys) == ABOUT


def test_it_fits_where_addresses_are_cut_and_survives_capitals(keys: Keys) -> None:
    address = ABOUT.address(f"{'m' * 20}@fernleaf.example", keys)
    assert len(address.partition("@")[0]) <= 64
    assert read_reply_address(address.upper(), f"{'m' * 20}@fernleaf.example", keys) == ABOUT


@pytest.mark.parametrize("change", [lambda a: a.replace("+f", "+l"), lambda a: a[:10] + "0" + a[11:]])
def test_a_changed_address_is_about_nothing(keys: Keys, change: object) -> None:
    assert callable(change)
    assert read_reply_address(change(ABOUT.address(MAILBOX, keys)), MAILBOX, keys) is None


def test_a_signature_holds_for_our_mailbox_only(keys: Keys) -> None:
    address = ABOUT.address("feedback@other.example", keys)
    assert read_reply_address(address, MAILBOX, keys) is None


def test_it_outlives_a_rotation_within_the_overlap(keys: Keys) -> None:
    address = ABOUT.address(MAILBOX, keys)
    keys.rotate(timedelta(days=30))
    assert read_reply_address(address, MAILBOX, keys) == ABOUT
    keys.rotate(timedelta(0))
    assert read_reply_address(address, MAILBOX, keys) is None


@given(st.text(max_size=80))
def test_no_address_breaks_the_reader(text: str) -> None:
    class NoKeys:
        def has_tagged(self, *_: str) -> bool:
            return False

    assert read_reply_address(f"feedback+{text}@fernleaf.example", MAILBOX, NoKeys()) is None  # type: ignore[arg-type]


CARD = ReplyTo(ReplyKind.CARD, answer_id("a test"), "tills")


def test_a_cards_address_says_whose_card_it_was_without_naming_the_team(keys: Keys) -> None:
    address = CARD.address(f"{'m' * 20}@fernleaf.example", keys)
    assert len(address.partition("@")[0]) <= 64
    assert "tills" not in address
    mailbox = f"{'m' * 20}@fernleaf.example"
    assert read_reply_address(address.upper(), mailbox, keys, ("care", "tills")) == CARD
    assert read_reply_address(address, mailbox, keys, ("care",)) is None
    assert read_reply_address(address, mailbox, keys) is None


def test_a_customers_address_is_no_cards(keys: Keys) -> None:
    theirs = ReplyTo(ReplyKind.FEEDBACK, CARD.id).address(MAILBOX, keys)
    assert read_reply_address(theirs.replace("+f", "+c"), MAILBOX, keys, ("tills", "")) is None
