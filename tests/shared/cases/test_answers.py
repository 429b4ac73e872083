"""How an answer reaches a customer, or why it cannot, and what it says."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cases.answers import MAX_SEGMENTS, Answers, Reach, Telling, Unreachable
from shared.cases.cases import Cases
from shared.cases.work import Action, Work
from shared.config.load import load
from shared.config.model import Config
from shared.customers.messages import Purpose
from shared.customers.people import People, Silence
from shared.errors import InvalidInput, Unavailable
from shared.feedback.store import Store
from shared.keys.follow_links import FollowLink
from shared.keys.signing import Keys
from shared.languages.packs import LANGUAGES, texts
from shared.mail.reply_address import ReplyKind, read_reply_address
from shared.model.case import Case, Entry, Found, Move, Verdict
from shared.model.feedback import Channel, Customer, Feedback, Flag, Revision
from shared.text import gsm7
from tests.kit.factories import a_feedback, an_answer

PHONE, MAIL, MAILBOX = "+447400123456", "ana@example.com", "feedback@fernleaf.example"
LANDLINE, FRENCH = "+442079460000", "+33612345678"
PRIYA = "priya@fernleaf.example"


PURE = Answers(None, "", None, load())  # type: ignore[arg-type]  # what it is asked for reads no table


def whose(channel: Channel, *flags: Flag, **customer: str) -> Feedback:
    return a_feedback(channel=channel, customer=Customer(**customer), flags=flags)


def found(now: datetime, **changes: Any) -> Found:
    feedback = a_feedback(**({"customer": Customer(name="Ana", email=MAIL)} | changes))
    return Found(Revision(1, now, feedback), Case(opened_at=now))


@pytest.mark.parametrize(
    ("feedback", "channel", "to"),
    [
        (whose(Channel.SMS, phone=PHONE), Channel.SMS, PHONE),
        (whose(Channel.SMS, phone=PHONE, email=MAIL), Channel.SMS, PHONE),
        (whose(Channel.EMAIL, phone=PHONE, email=MAIL), Channel.EMAIL, MAIL),
        (whose(Channel.WEB, phone=PHONE, email=MAIL), Channel.EMAIL, MAIL),
        (whose(Channel.WEB, phone=PHONE), Channel.SMS, PHONE),
        (whose(Channel.SMS, phone=LANDLINE, email=MAIL), Channel.EMAIL, MAIL),
        (whose(Channel.SMS, phone=FRENCH, email=MAIL), Channel.EMAIL, MAIL),
        (whose(Channel.EMAIL, Flag.OTHER_SENDER, email=MAIL), Channel.EMAIL, MAIL),
    ],
)
def test_a_customer_is_answered_where_they_can_be_expected_to_read_it(
    answers: Answers, feedback: Feedback, channel: Channel, to: str
) -> None:
    assert answers.reach(feedback) == Reach(channel, to, "")


@pytest.mark.parametrize(
    ("feedback", "why"),
    [
        (whose(Channel.WEB), "no-address"),
        (whose(Channel.SMS, phone=LANDLINE), "no-mobile"),
        (whose(Channel.SMS, phone="Amazon"), "no-mobile"),
        (whose(Channel.SMS, phone=FRENCH), "country"),
        *((whose(Channel.EMAIL, flag, email=MAIL), flag.value) for flag in Flag if not flag.startswith("other")),
    ],
)
def test_who_cannot_be_answered_is_known_before_anybody_types(answers: Answers, feedback: Feedback, why: str) -> None:
    reach = answers.reach(feedback)
    assert (reach.channel, reach.why_not) == (None, f"answer.{why}")
    for language in LANGUAGES:
        assert texts(language)[reach.why_not]


@pytest.mark.parametrize("silence", Silence)
def test_silence_holds_and_only_an_address_that_does_not_work_gives_way_to_another(
    answers: Answers, store: Store, now: datetime, silence: Silence
) -> None:
    People(store.client, store.table).change(PHONE, lambda person: person.silenced(silence, now), now)
    alone = answers.reach(whose(Channel.SMS, phone=PHONE))
    assert (alone.channel, alone.why_not) == (None, f"answer.{silence}")
    assert texts("en")[alone.why_not]
    other = answers.reach(whose(Channel.SMS, phone=PHONE, email=MAIL))
    assert other.channel == (Channel.EMAIL if silence is Silence.BOUNCED else None)


def test_a_business_without_a_number_texts_nobody(store: Store, keys: Keys, config: Config, now: datetime) -> None:
    mute = Answers(store.client, store.table, keys, config.model_copy(update={"sms": None}))
    assert mute.reach(whose(Channel.SMS, phone=PHONE)).why_not == "answer.no-number"
    with pytest.raises(Unreachable, match="sends no texts") as refused:
        mute.reply(found(now, customer=Customer(phone=PHONE)), "Sorry.", now)
    assert refused.value.field == "text"


def test_a_mail_says_the_teams_words_in_the_customers_language_and_is_answered_to_the_case(
    answers: Answers, keys: Keys, now: datetime
) -> None:
    words = "We were wrong.\nTwo tills more.\n\nCome again <b>soon</b>"
    message = answers.reply(found(now, language="ar"), words, now).message
    assert (message.to, message.purpose, message.zones) == (MAIL, Purpose.REPLY, ())
    for part in ("We were wrong.\nTwo tills more.", "Come again <b>soon</b>", "Ana"):
        assert part in message.text
    assert 'dir="rtl"' in message.html
    assert "&lt;b&gt;soon&lt;/b&gt;" in message.html
    about = read_reply_address(message.headers["Reply-To"], MAILBOX, keys)
    assert about
    assert (about.kind, about.id) == (ReplyKind.FEEDBACK, a_feedback().id)
    assert "Auto-Submitted" not in message.headers, "a person wrote it"


def test_a_resolution_asks_in_one_tap_whether_it_is_fixed(answers: Answers, keys: Keys, now: datetime) -> None:
    telling = answers.resolved(found(now), "Two tills more.", now)
    assert telling is not None
    links = re.findall(
        r'href="(https://feedback\.fernleaf\.example/f/([a-z0-9]+)\?verdict=([a-z-]+))"', telling.message.html
    )
    assert [verdict for _, _, verdict in links] == list(Verdict)
    assert {FollowLink.read(token, keys) for _, token, _ in links} == {FollowLink(a_feedback().id)}
    assert all(link in telling.message.text for link, _, _ in links)
    assert answers.resolved(found(now, customer=Customer()), "Done.", now) is None


def test_a_text_in_quiet_hours_waits_unless_its_customer_has_just_said_something(
    answers: Answers, now: datetime
) -> None:
    night = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)
    told = answers.reply(found(now, customer=Customer(phone=PHONE)), "Sorry.", night).message
    assert "Europe/London" in told.zones
    awake = answers.reply(found(night - timedelta(minutes=20), customer=Customer(phone=PHONE)), "Sorry.", night)
    assert awake.message.zones == ()


@given(st.text(alphabet="aé€ 😀", min_size=1, max_size=1_300).map(str.strip).filter(bool))
def test_no_text_is_longer_than_phones_join(text: str) -> None:
    now = datetime(2026, 3, 14, 12, tzinfo=UTC)
    about = found(now, customer=Customer(phone=PHONE))
    whole = f"{text}\nTills and queues, Fernleaf Market"
    if gsm7.measure(whole).segments > MAX_SEGMENTS:
        with pytest.raises(InvalidInput, match="text messages in a row") as refused:
            PURE._text("id", about, PHONE, Purpose.REPLY, text, now)
        assert refused.value.field == "text"
    else:
        assert PURE._text("id", about, PHONE, Purpose.REPLY, text, now).text == whole


def test_only_what_is_carried_out_is_told_in_the_customers_language(answers: Answers, now: datetime) -> None:
    def said(remedy: str, amount: int, currency: str | None = None, language: str = "en") -> str:
        entry = Entry(at=now, who="shop", what=Move.CARRIED_OUT, remedy=remedy, amount=amount, currency=currency)
        telling = answers.carried_out(found(now, language=language), entry, now)
        return telling.message.text if telling else ""

    assert "For you: a refund, 12.50 GBP." in said("refund", 1250, "GBP")
    assert "For you: a coffee." in said("coffee", 1)
    assert "قهوة" in said("coffee", 1, language="ar")
    assert "For you: free parking." in said("free-parking", 1), "it is no longer in the file"


def test_a_script_or_an_override_in_a_name_greets_nobody(answers: Answers, now: datetime) -> None:
    for name in ("<script>alert(1)</script>", "\u202eanA", "Ana\r\nBcc: x@y.example"):
        message = answers.reply(found(now, customer=Customer(name=name, email=MAIL)), "Sorry.", now).message
        assert message.text.startswith("Hello,\n")
        assert name not in message.html


def test_no_more_texts_leave_than_a_day_has_room_for(
    store: Store, keys: Keys, config: Config, cases: Cases, now: datetime
) -> None:
    assert config.sms
    tight = config.model_copy(update={"sms": config.sms.model_copy(update={"sent_per_day": 1})})
    work = Work(tight, cases, Answers(store.client, store.table, keys, tight))
    for name in ("a", "b"):
        customer = Customer(phone=PHONE)
        store.capture(an_answer(name, channel=Channel.SMS, comment="Cold.", customer=customer), tight, now)
    form = {"text": "Sorry."}
    work.act(an_answer("a").id, "tills", PRIYA, Action.REPLY, form, "page", now)
    with pytest.raises(Unavailable, match="no more texts today") as refused:
        work.act(an_answer("b").id, "tills", PRIYA, Action.REPLY, form, "page", now)
    assert refused.value.field == "text"


def test_what_is_texted_next_is_about_this_case(answers: Answers, store: Store, now: datetime) -> None:
    telling: Telling = answers.reply(found(now, customer=Customer(phone=PHONE)), "Sorry.", now)
    assert store.transact(telling.operations)
    person = People(store.client, store.table).get(PHONE)
    assert person.told == 1
    assert person.conversation
    assert (person.conversation.feedback_id, person.conversation.told_at) == (a_feedback().id, now)
