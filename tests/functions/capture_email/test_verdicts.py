"""What customers write back to whoever has answered them by mail."""

from datetime import datetime, timedelta

import pytest

from functions.capture_email.mailroom import Mailroom
from shared.cases.answers import Answers
from shared.cases.cases import Cases
from shared.cases.work import Action, Work
from shared.config.model import Config
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.mail.received import Mails
from shared.mail.reply_address import ReplyKind, ReplyTo
from shared.model.case import CaseState, Found, Move
from shared.model.feedback import Flag
from tests.functions.capture_email.test_mailroom import MAILBOX, a_mail

MAREK = "marek@fernleaf.example"
ID = answer_id("email", "m1")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store.client, store.table)


@pytest.fixture
def resolved(mailroom: Mailroom, store: Store, keys: Keys, cases: Cases, config: Config, now: datetime) -> None:
    mailroom.take("m1", a_mail("It never came."), now)
    work = Work(config, cases, Answers(store.client, store.table, keys, config))
    work.act(ID, "delivery", MAREK, Action.RESOLVE, {"text": "It is on its way."}, "page", now + MINUTE)


def answers(keys: Keys, body: str, sender: str = "ana@example.com") -> bytes:
    address = ReplyTo(ReplyKind.FEEDBACK, ID).address(MAILBOX, keys)
    raw = a_mail(body, "Subject: Re: My parcel\r\nIn-Reply-To: <sent@eu-west-1.amazonses.com>", sender)
    return raw.replace(f"for {MAILBOX}".encode(), f"for {address}".encode())


def the(cases: Cases) -> Found:
    found = cases.get(ID)
    assert found is not None
    return found


@pytest.mark.usefixtures("resolved")
@pytest.mark.parametrize(
    ("body", "state", "move", "words"),
    [
        ("Yes, all good now\r\n\r\nSent from my iPhone", CaseState.CONFIRMED, Move.CONFIRM, "Yes, all good now"),
        (
            "Not yet\r\n\r\nOn Sat, 14 Mar 2026 at 09:27, Fernleaf Market <feedback@fernleaf.example> wrote:\r\n"
            "> Is it fixed?\r\n> Yes: https://feedback.fernleaf.example/f/abc?verdict=yes",
            *(CaseState.TAKEN, Move.REOPEN, "Not yet"),
        ),
        ("Vielen Dank!", CaseState.RESOLVED, Move.SAY, "Vielen Dank!"),
    ],
)
def test_one_word_says_whether_it_is_fixed(
    mailroom: Mailroom,
    keys: Keys,
    cases: Cases,
    store: Store,
    now: datetime,
    body: str,
    state: CaseState,
    move: Move,
    words: str,
) -> None:
    for _ in range(2):
        record = mailroom.take("m2", answers(keys, body), now + timedelta(days=1))
        assert record.feedback_id == ID
    found = the(cases)
    assert (found.case.state, found.case.owner) == (state, MAREK)
    last = found.timeline[-1]
    assert (last.what, last.text, last.way) == (move, words, "email")
    assert [entry.what for entry in found.timeline].count(move) == 1
    assert found.feedback.comment == "My parcel\n\nIt never came."
    assert [each.id for each in Mails(store.client, store.table).of_feedback(ID)] == ["m1", "m2"]


@pytest.mark.usefixtures("resolved")
def test_a_new_complaint_joins_the_case_and_opens_it_again(
    mailroom: Mailroom, keys: Keys, cases: Cases, now: datetime
) -> None:
    mailroom.take("m2", answers(keys, "Yes it came, but it is soaked and the cake is ruined"), now + timedelta(days=1))
    found = the(cases)
    assert (found.case.state, found.case.owner) == (CaseState.TAKEN, MAREK)
    mailroom.take("m3", answers(keys, "Where is the refund that you promised me"), now + timedelta(days=2))
    assert the(cases).feedback.comment.endswith("Where is the refund that you promised me")


@pytest.mark.usefixtures("resolved")
def test_nobody_else_says_for_the_customer_that_it_is_fixed(
    mailroom: Mailroom, keys: Keys, cases: Cases, now: datetime
) -> None:
    mailroom.take("m2", answers(keys, "Yes", sender="bob@example.com"), now + timedelta(days=1))
    forged = answers(keys, "Yes").replace(b"=pass", b"=fail")
    mailroom.take("m3", forged, now + timedelta(days=1))
    auto = answers(keys, "Yes").replace(b"Subject: Re:", b"Auto-Submitted: auto-replied\r\nSubject: Re:")
    mailroom.take("m4", auto, now + timedelta(days=1))
    assert the(cases).case.state is CaseState.RESOLVED
    assert [entry.what for entry in the(cases).timeline] == [Move.RESOLVE]


@pytest.mark.usefixtures("resolved")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"X-SES-Spam-Verdict: PASS", b"X-SES-Spam-Verdict: FAIL"),
        (b"Message-ID: <1@example.com>", b"Message-ID: <1@example.com>\r\nList-Id: <club.example.com>"),
    ],
    ids=["spam", "a machine perhaps"],
)
def test_what_may_be_no_persons_mail_confirms_nothing(
    mailroom: Mailroom, keys: Keys, cases: Cases, now: datetime, before: bytes, after: bytes
) -> None:
    raw = answers(keys, "Yes")
    assert before in raw
    mailroom.take("m2", raw.replace(before, after), now + timedelta(days=1))
    assert Move.CONFIRM not in [entry.what for entry in the(cases).timeline]


@pytest.mark.usefixtures("resolved")
def test_a_stop_alone_opens_nothing_again(mailroom: Mailroom, keys: Keys, cases: Cases, now: datetime) -> None:
    mailroom.take("m2", answers(keys, "Unsubscribe"), now + timedelta(days=1))
    found = the(cases)
    assert found.case.state is CaseState.RESOLVED
    assert (found.feedback.flags, found.feedback.comment) == ((Flag.OPTED_OUT,), "My parcel\n\nIt never came.")
