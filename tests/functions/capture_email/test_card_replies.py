"""What people of a team answer to a card's mail."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.capture_email.mailroom import Mailroom
from shared.cases.cases import Cases
from shared.cases.work import Action
from shared.config.model import Config
from shared.customers.messages import Message, Purpose
from shared.customers.people import People, Silence
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.mail.received import MailOutcome
from shared.mail.reply_address import ReplyKind, ReplyTo
from shared.model.case import CaseState, Found, Move
from shared.model.feedback import Channel, Customer
from tests.kit.factories import RECEIVED_AT, an_answer
from tests.kit.samples import load_bytes, load_rows

MAILBOX, PRIYA, PHONE = "feedback@fernleaf.example", "priya@fernleaf.example", "+447400123456"
ID, OTHER = answer_id("a tap"), answer_id("another")
MINUTE = timedelta(minutes=1)

Replies = Callable[[str], bytes]


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


@pytest.fixture(autouse=True)
def _complaints(store: Store, config: Config, now: datetime) -> None:
    ana = Customer(name="Ana", phone=PHONE)
    for name in ("a tap", "another"):
        store.capture(an_answer(name, channel=Channel.SMS, comment="The room is cold", customer=ana), config, now)


@pytest.fixture
def reply(keys: Keys) -> Replies:
    """A recorded reply, to the card that the tills got."""
    card = ReplyTo(ReplyKind.CARD, ID, "tills").address(MAILBOX, keys)
    other = ReplyTo(ReplyKind.CARD, OTHER, "tills").address(MAILBOX, keys)
    last = card.partition("@")[0][-1]
    broken = card.replace(f"{last}@", f"{'a' if last != 'a' else 'b'}@")
    filled = {
        b"{card_reply_address}": card,
        b"{card_reply_address_2}": other,
        b"{card_reply_address_broken}": broken,
        b"{card_reply_address_upper}": card.upper(),
        b"{member}": PRIYA,
        b"team.example": "fernleaf.example",
    }

    def load(name: str) -> bytes:
        raw = load_bytes(f"samples/loop/card_replies/{name}.eml")
        for place, value in filled.items():
            raw = raw.replace(place, value.encode())
        return raw

    return load


def the(cases: Cases, id: str = ID) -> Found:
    found = cases.get(id)
    assert found is not None
    return found


def messages(store: Store) -> list[Message]:
    found = (each for each in store.client.sync_scan(store.table) if each.get("kind") == "message")
    return [Message.model_validate(each) for each in found]


def to_customers(store: Store) -> list[Message]:
    return [each for each in messages(store) if each.purpose.is_answer]


def to_team(store: Store) -> list[Message]:
    return [each for each in messages(store) if each.purpose is Purpose.SENT_ANSWER]


@pytest.mark.parametrize("row", load_rows("samples/loop/card_replies.jsonl", "sent"))
def test_it_reaches_the_customer_once_as_it_was_written_and_its_writer_hears_so(
    row: dict[str, Any], mailroom: Mailroom, store: Store, cases: Cases, reply: Replies, now: datetime
) -> None:
    raw = reply(row["file"])
    records = [mailroom.take("m1", raw, now + delay) for delay in (MINUTE, 2 * MINUTE, 3 * MINUTE)]
    found = the(cases)
    if found.case.state is CaseState.OPEN and not row["sure"]:
        return
    assert {each.outcome for each in records} == {MailOutcome.ANSWER}
    [entry] = found.timeline
    assert (entry.what, entry.who, entry.way, entry.text) == (Move.REPLY, PRIYA, "mail", row["text"])
    [message] = to_customers(store)
    assert (message.to, message.text.rpartition("\n")[0]) == (PHONE, row["text"])
    [told] = to_team(store)
    assert (told.to, told.subject.startswith("Sent to Ana by text, 09:27.")) == (PRIYA, True)
    assert "+" not in message.text, "nothing of the card goes to the customer"


@pytest.mark.parametrize(
    "row", [each for each in load_rows("samples/loop/card_replies.jsonl") if each.values[0]["part"] != "sent"]
)
def test_what_cannot_be_answered_with_changes_nothing_and_says_so_to_whom_it_may(
    row: dict[str, Any], mailroom: Mailroom, store: Store, config: Config, cases: Cases, reply: Replies, now: datetime
) -> None:
    mailroom = arranged(row.get("setup", ""), mailroom, store, config, now)
    before = cases.get(ID)
    if row["part"] == "duplicate":
        mailroom.take("m0", reply("62-same-message-id-a"), now)
        before = the(cases)
    record = mailroom.take("m1", reply(row["file"]), now + MINUTE)
    assert record.outcome is not MailOutcome.FEEDBACK, "nobody of a team is taken for a customer"
    if record.outcome is MailOutcome.ANSWER and not row["sure"]:
        return
    assert cases.get(ID) == before
    assert len(to_customers(store)) == (1 if row["part"] == "duplicate" else 0)
    told = [each for each in to_team(store) if each.subject == "Not sent"]
    assert all("othing was sent to the customer" in each.text for each in told)
    if row["part"] == "ignored:machine" or (record.outcome is MailOutcome.AUTOMATIC and not row["sure"]):
        assert (record.outcome, messages(store)) == (MailOutcome.AUTOMATIC, [])
    elif row["part"] != "duplicate":
        assert record.outcome is MailOutcome.REFUSED
        assert {each.to for each in told} >= {record.sender}


def arranged(setup: str, mailroom: Mailroom, store: Store, config: Config, now: datetime) -> Mailroom:
    """What has happened before the reply comes."""
    people = People(store.client, store.table)
    if "erased" in setup:
        store.client.sync_delete_item(store.table, {"pk": f"F#{ID}", "sk": "F"})
    if "STOP" in setup:
        people.change(PHONE, lambda person: person.silenced(Silence.STOPPED, now), now)
    if "bounced" in setup:
        people.change(PHONE, lambda person: person.silenced(Silence.BOUNCED, now), now)
    if "passed" in setup:
        mailroom._card_replies._work.act(
            ID, "tills", PRIYA, action=Action.PASS, form={"to": "care", "text": "Yours"}, way="page", now=now
        )
    if "left" in setup:
        tills = config.teams["tills"].model_copy(update={"people": config.teams["care"].people})
        left = config.model_copy(update={"teams": {**config.teams, "tills": tills}})
        return Mailroom(store, mailroom._keys, left)
    return mailroom


def test_an_answer_to_what_its_writer_is_told_is_one_to_the_customer(
    mailroom: Mailroom, store: Store, keys: Keys, reply: Replies, now: datetime
) -> None:
    mailroom.take("m1", reply("48-empty"), now)
    [told] = to_team(store)
    assert told.headers["Reply-To"] == ReplyTo(ReplyKind.CARD, ID, "tills").address(MAILBOX, keys)
    assert told.headers["In-Reply-To"] == "<card-48@mail.fernleaf.example>"


def test_a_card_of_another_team_opens_nothing(mailroom: Mailroom, cases: Cases, keys: Keys, reply: Replies) -> None:
    ours, theirs = (ReplyTo(ReplyKind.CARD, ID, team).address(MAILBOX, keys) for team in ("tills", "care"))
    raw = reply("01-gmail-en").replace(ours.encode(), theirs.encode())
    record = mailroom.take("m1", raw, RECEIVED_AT + MINUTE)
    assert record.outcome is MailOutcome.REFUSED
    assert the(cases).timeline == ()


@pytest.mark.parametrize("name", ["33-forged-both-fail", "35-forged-pass-unaligned"])
def test_nobody_is_written_to_in_whose_name_a_stranger_wrote(
    mailroom: Mailroom, store: Store, reply: Replies, now: datetime, name: str
) -> None:
    mailroom.take("m1", reply(name).replace(PRIYA.encode(), b"victim@elsewhere.example"), now)
    assert messages(store) == []


def test_the_team_hears_once_a_day_that_somebody_else_tried_to_answer(
    mailroom: Mailroom, store: Store, reply: Replies, now: datetime
) -> None:
    for number in range(3):
        mailroom.take(f"m{number}", reply("31-unlisted"), now + number * MINUTE)
    [warned] = [each for each in to_team(store) if each.to == PRIYA]
    assert "is not listed for your team" in warned.text
    assert "The room is cold" not in warned.text


def test_a_mail_that_comes_again_later_is_not_sent_again_whatever_was_said_since(
    mailroom: Mailroom, store: Store, cases: Cases, reply: Replies, now: datetime
) -> None:
    mailroom.take("m1", reply("62-same-message-id-a"), now)
    mailroom._card_replies._work.act(ID, "tills", PRIYA, Action.REPLY, {"text": "It is there."}, "page", now + MINUTE)
    again = mailroom.take("m2", reply("63-same-message-id-b"), now + 2 * MINUTE)
    assert (again.outcome, again.reason) == (MailOutcome.ANSWER, "repeated")
    assert len(to_customers(store)) == len(the(cases).timeline) == 2
    assert len(to_team(store)) == 1


@pytest.mark.parametrize("name", ["47-forward-by-member", "60-reply-all-two-cards", "41-spam", "39-spf-gray"])
def test_in_doubt_nothing_is_sent_and_its_writer_is_asked_to_answer_again(
    mailroom: Mailroom, store: Store, cases: Cases, reply: Replies, now: datetime, name: str
) -> None:
    assert mailroom.take("m1", reply(name), now).outcome is MailOutcome.REFUSED
    assert the(cases).timeline == ()
    assert [(each.to, each.subject) for each in to_team(store)] == [(PRIYA, "Not sent")]
