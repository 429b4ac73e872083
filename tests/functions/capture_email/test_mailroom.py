from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.capture_email.mailroom import CONVERSATION, Mailroom
from functions.capture_email.mime import MailUnreadable
from shared.config.model import Config
from shared.customers.invitations import Invitations
from shared.customers.messages import Message, Messages, Purpose
from shared.customers.people import People, Silence
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.mail.received import MailOutcome, MailRecord, Mails
from shared.mail.reply_address import ReplyKind, ReplyTo, read_reply_address
from shared.model.feedback import MAX_COMMENT_BYTES, MAX_REVISIONS, Customer, Feedback, Flag
from shared.model.invitation import Invitation, InvitationStatus
from tests.functions.capture_email.test_envelope import PASSED, SES
from tests.kit.factories import an_answer
from tests.kit.samples import load_bytes

Addressed = Callable[..., bytes]
MAILBOX = "feedback@fernleaf.example"
ANA, OMAR = "ana@example.com", "omar.aziz@gmail.com"
INVITED = ReplyTo(ReplyKind.LINK, "abc123def456")


def a_mail(body: str, headers: str = "Subject: My parcel", sender: str = "ana@example.com") -> bytes:
    envelope = SES.format(results=PASSED, spam="PASS").replace("ana@example.com", sender)
    head = f"{envelope}From: Ana <{sender}>\r\nMessage-ID: <1@example.com>\r\n{headers}\r\n"
    return (head + "Content-Type: text/plain; charset=utf-8\r\n\r\n").encode() + body.encode()


@pytest.fixture
def invited(store: Store, now: datetime) -> Invitation:
    """Nadia was asked about paying in Leeds."""
    invitation = Invitation(
        id="invitation-1",
        status=InvitationStatus.SENDING,
        reason=None,
        touchpoint="checkout",
        place="leeds-3",
        channel=None,
        language="en",
        customer=Customer(ref="order-1234", name="Nadia", email="nadia.rahman@gmail.com"),
        requested_at=now,
        expires_at=now + timedelta(days=30),
    )
    invitations = Invitations(store.client, store.table)
    assert store.transact(invitations.saving(invitation, INVITED.id))
    return invitation


def an_answer_to(address: str, body: str) -> bytes:
    """Nadia's, to a signed address of ours."""
    raw = a_mail(body, "Subject: Re: How was paying today?", sender="nadia.rahman@gmail.com")
    return raw.replace(f"for {MAILBOX}".encode(), f"for {address}".encode()).replace(b"example.com", b"gmail.com")


def the_feedback(store: Store, record: MailRecord) -> Feedback:
    assert record.outcome is MailOutcome.FEEDBACK
    assert record.feedback_id is not None
    found = store.get(record.feedback_id)
    assert found is not None
    return found.feedback


def everything_said(store: Store) -> Iterator[Message]:
    for item in store.client.sync_scan(store.table):
        if item.get("kind") == "message":
            yield Message.model_validate(item)


def test_a_fresh_mail_is_feedback_with_its_subject(mailroom: Mailroom, store: Store, now: datetime) -> None:
    record = mailroom.take("m1", load_bytes("samples/mail/fresh_mail.eml"), now)
    feedback = the_feedback(store, record)
    assert feedback.comment.startswith("Broken trolley at Leeds\n\nThe third trolley by the door")
    assert (feedback.touchpoint, feedback.rating, feedback.channel) == ("delivery", None, "email")
    assert feedback.customer == Customer(name="Omar Aziz", email="omar.aziz@gmail.com")
    assert feedback.flags == ()


def test_the_same_mail_twice_is_one_feedback(mailroom: Mailroom, store: Store, now: datetime) -> None:
    raw = load_bytes("samples/mail/fresh_mail.eml")
    first, second = mailroom.take("m1", raw, now), mailroom.take("m1", raw, now + timedelta(days=13))
    assert second == first
    assert first.feedback_id is not None
    found = store.get(first.feedback_id)
    assert found is not None
    assert found.number == 1
    assert len(list(everything_said(store))) == 1


def test_two_mails_alike_are_two_feedbacks(mailroom: Mailroom, now: datetime) -> None:
    raw = load_bytes("samples/mail/fresh_mail.eml")
    assert mailroom.take("m1", raw, now).feedback_id != mailroom.take("m2", raw, now).feedback_id


@pytest.mark.parametrize(
    ("sample", "rating", "comment"),
    [
        ("gmail_reply", None, "Twenty minutes in the queue, and only one till was open – with a toddler."),
        ("gmail_reply_arabic", None, "الطابور كان طويلاً جدًا والدفع الذاتي لا يعمل."),
        ("gmail_reply_japanese", None, "レジで二十分も待ちました。"),
        ("apple_mail_reply_german", None, "Die Kasse war kaputt und niemand kam."),
        ("yahoo_reply_french", None, "Le livreur était très aimable, merci à lui !"),
        ("thunderbird_inline_reply_spanish", None, "Llegó tarde, a las once."),
        ("outlook_reply", None, "The driver left it in the rain. The cake “survived”, the card didn’t."),
        ("outlook_mobile_one_line", 3, "slow"),
    ],
)
def test_a_reply_answers_the_invitation(
    sample: str,
    rating: int | None,
    comment: str,
    mailroom: Mailroom,
    store: Store,
    invited: Invitation,
    addressed: Addressed,
    now: datetime,
) -> None:
    mail = addressed(sample, INVITED, sender=invited.customer.email)
    feedback = the_feedback(store, mailroom.take("m1", mail, now))
    assert feedback.comment.split("\n")[0] == comment
    assert (feedback.touchpoint, feedback.place, feedback.rating) == ("checkout", "leeds-3", rating)
    assert feedback.customer == invited.customer


def test_whoever_answers_in_anothers_place_speaks_for_themselves(
    mailroom: Mailroom, store: Store, config: Config, invited: Invitation, addressed: Addressed, now: datetime
) -> None:
    link = Invitations(store.client, store.table).follow(INVITED.id, now).link
    store.capture(an_answer(rating=5)._replace(id=link.answer_id(None)), config, now)
    passed_on = addressed("outlook_mobile_one_line", INVITED, sender="bob@gmail.com")
    feedback = the_feedback(store, mailroom.take("m1", passed_on, now))
    assert feedback.id != link.answer_id(None)
    assert (feedback.flags, feedback.rating) == ((Flag.OTHER_SENDER,), None)
    assert (feedback.customer.ref, feedback.customer.email) == ("order-1234", "bob@gmail.com")
    assert (feedback.touchpoint, feedback.place) == ("checkout", "leeds-3")
    own = store.get(link.answer_id(None))
    assert own is not None
    assert (own.feedback.rating, own.feedback.comment) == (5, "")


def test_a_customer_may_answer_with_a_tag_behind_a_plus(
    mailroom: Mailroom, store: Store, invited: Invitation, addressed: Addressed, now: datetime
) -> None:
    mail = addressed("gmail_reply", INVITED, sender="Nadia.Rahman+shops@gmail.com")
    assert the_feedback(store, mailroom.take("m1", mail, now)).customer == invited.customer


def test_a_tap_and_a_reply_are_one_feedback(
    mailroom: Mailroom, store: Store, config: Config, invited: Invitation, addressed: Addressed, now: datetime
) -> None:
    link = Invitations(store.client, store.table).follow(INVITED.id, now).link
    store.capture(an_answer(rating=2, comment="Slow.")._replace(id=link.answer_id(None)), config, now)
    feedback = the_feedback(store, mailroom.take("m1", addressed("gmail_reply", INVITED), now))
    assert feedback.id == link.answer_id(None)
    assert feedback.rating == 2
    assert feedback.comment.startswith("Slow.\n\nTwenty minutes")


def test_a_reply_to_the_thanks_joins_the_feedback_and_is_not_thanked_again(
    mailroom: Mailroom, store: Store, keys: Keys, addressed: Addressed, now: datetime
) -> None:
    first = mailroom.take("m1", load_bytes("samples/mail/fresh_mail.eml"), now)
    thanks = next(everything_said(store))
    about = read_reply_address(thanks.headers["Reply-To"], MAILBOX, keys)
    assert about == ReplyTo(ReplyKind.FEEDBACK, first.feedback_id or "")
    second = mailroom.take("m2", addressed("gmail_reply", about, OMAR), now + timedelta(minutes=5))
    assert second.feedback_id == first.feedback_id
    assert "Twenty minutes" in the_feedback(store, second).comment
    assert Mails(store.client, store.table).of_feedback(first.feedback_id or "") == [first, second]
    assert len(list(everything_said(store))) == 1


def test_a_reply_without_the_signed_address_is_found_by_the_mail_it_answers(
    mailroom: Mailroom, store: Store, keys: Keys, mails: Mails, invited: Invitation, now: datetime
) -> None:
    mails.sent("0102018e3c1f-invitation", INVITED.address(MAILBOX, keys), now)
    raw = load_bytes("samples/mail/gmail_reply.eml")  # its address is signed by nobody
    assert the_feedback(store, mailroom.take("m1", raw, now)).customer == invited.customer


def test_a_forged_sender_is_kept_flagged_and_takes_nobodys_name(
    mailroom: Mailroom, store: Store, config: Config, invited: Invitation, addressed: Addressed, now: datetime
) -> None:
    link = Invitations(store.client, store.table).follow(INVITED.id, now).link
    store.capture(an_answer(rating=5)._replace(id=link.answer_id(None)), config, now)
    feedback = the_feedback(store, mailroom.take("m1", addressed("spoofed_reply", INVITED), now))
    assert feedback.id != link.answer_id(None)
    assert feedback.customer == Customer()
    assert feedback.flags == (Flag.SENDER_UNVERIFIED,)
    assert (feedback.touchpoint, feedback.place) == ("checkout", "leeds-3")
    assert list(everything_said(store)) == []


@pytest.mark.parametrize(
    "sample", ["outlook_out_of_office", "gmail_vacation", "delivery_report", "read_receipt", "mailing_list"]
)
def test_a_machines_mail_is_no_feedback_and_gets_no_answer(
    sample: str,
    mailroom: Mailroom,
    store: Store,
    mails: Mails,
    invited: Invitation,
    addressed: Addressed,
    now: datetime,
) -> None:
    record = mailroom.take("m1", addressed(sample, INVITED), now)
    assert record.outcome is MailOutcome.AUTOMATIC
    assert mails.get("m1") == record
    assert [item["kind"] for item in store.client.sync_scan(store.table) if item.get("kind") == "feedback"] == []
    assert list(everything_said(store)) == []


@pytest.mark.parametrize(
    ("sample", "comment"),
    [
        ("html_only", "Prices\n\nThe shelf said £2, the till said £3 & nobody cared.\n\n- milk\n- bread"),
        ("no_body", "The car park barrier is stuck again"),
        ("attachment_only", "📎 complaint.pdf"),
        ("unknown_charset", "The café was cold."),
        ("broken_mime", "Cold soup\n\nThe soup was cold and the spoon was dirty"),
    ],
)
def test_odd_mails_give_their_words(sample: str, comment: str, mailroom: Mailroom, store: Store, now: datetime) -> None:
    record = mailroom.take("m1", load_bytes(f"samples/mail/{sample}.eml"), now)
    assert the_feedback(store, record).comment == comment


def test_all_of_a_mail_is_kept_beside_what_is_shown_of_it(
    mailroom: Mailroom, mails: Mails, store: Store, invited: Invitation, addressed: Addressed, now: datetime
) -> None:
    record = mailroom.take("m1", addressed("gmail_reply", INVITED), now)
    comment = the_feedback(store, record).comment
    assert record.whole is not None
    assert record.whole.startswith(comment)
    assert "wrote:\n\n> How was paying today?" in record.whole
    assert mails.get("m1") == record
    assert mailroom.take("m2", load_bytes("samples/mail/fresh_mail.eml"), now).whole is None


def test_a_quotation_of_any_length_is_kept_as_far_as_a_record_holds(
    mailroom: Mailroom, keys: Keys, invited: Invitation, now: datetime
) -> None:
    quoted = "On 14 March 2026 Fernleaf Market wrote:\n" + f"> {'ب' * 70}\n" * 3_000
    record = mailroom.take("m1", an_answer_to(INVITED.address(MAILBOX, keys), f"Late.\n\n{quoted}"), now)
    assert record.whole is not None
    assert record.whole.endswith("ب…")
    assert len(record.whole.encode()) < 61_000


def test_what_is_only_a_quotation_is_shown_and_is_nobodys_rating_or_stop(
    mailroom: Mailroom, store: Store, keys: Keys, invited: Invitation, now: datetime
) -> None:
    quoted = "On 14 March 2026 Fernleaf Market wrote:\n> STOP\n> 1"
    feedback = the_feedback(store, mailroom.take("m1", an_answer_to(INVITED.address(MAILBOX, keys), quoted), now))
    assert (feedback.comment, feedback.rating) == (quoted, None)


def test_a_fresh_mail_that_begins_with_a_number_rates_nothing(mailroom: Mailroom, store: Store, now: datetime) -> None:
    feedback = the_feedback(store, mailroom.take("m1", a_mail("3 - slow"), now))
    assert (feedback.rating, feedback.comment) == (None, "My parcel\n\n3 - slow")


def test_words_beyond_what_a_feedback_holds_end_in_an_ellipsis(mailroom: Mailroom, store: Store, now: datetime) -> None:
    comment = the_feedback(store, mailroom.take("m1", a_mail("ب" * 200_000), now)).comment
    assert comment.endswith("…")
    assert len(comment.encode()) <= MAX_COMMENT_BYTES


@pytest.mark.parametrize("words", ["x " * 2_000, "ب" * 6_000])
def test_words_that_no_longer_fit_open_the_next_feedback(
    words: str, mailroom: Mailroom, store: Store, addressed: Addressed, now: datetime
) -> None:
    first = mailroom.take("m1", a_mail(words * 2), now)
    before = the_feedback(store, first)
    raw = addressed("gmail_reply", ReplyTo(ReplyKind.FEEDBACK, before.id), ANA)
    second = the_feedback(store, mailroom.take("m2", raw, now))
    assert second.id == answer_id("email", "m2")
    assert second.comment.startswith("Twenty minutes in the queue")
    assert (second.touchpoint, second.customer) == (before.touchpoint, before.customer)
    assert the_feedback(store, first) == before


def test_a_reply_that_is_only_a_picture_names_it(
    mailroom: Mailroom, store: Store, keys: Keys, mails: Mails, invited: Invitation, now: datetime
) -> None:
    mails.sent("invitation-1", INVITED.address(MAILBOX, keys), now)
    headers = "Subject: Re: How was paying today?\r\nIn-Reply-To: <invitation-1@x.amazonses.com>\r\n"
    raw = a_mail("...", headers + 'Content-Disposition: attachment; filename="queue.jpg"')
    feedback = the_feedback(store, mailroom.take("m1", raw, now))
    assert (feedback.touchpoint, feedback.comment) == ("checkout", "📎 queue.jpg")


def test_arabic_words_are_in_arabic(mailroom: Mailroom, store: Store, now: datetime) -> None:
    feedback = the_feedback(store, mailroom.take("m1", a_mail("تأخر الطرد", "Subject: الطرد"), now))
    assert feedback.language == "ar"
    assert "شكرًا" in next(everything_said(store)).text


def test_a_conversation_that_is_long_over_starts_a_new_feedback(
    mailroom: Mailroom, store: Store, addressed: Addressed, now: datetime
) -> None:
    first = mailroom.take("m1", a_mail("late"), now)
    about = ReplyTo(ReplyKind.FEEDBACK, first.feedback_id or "")
    later = mailroom.take("m2", addressed("gmail_reply", about, ANA), now + CONVERSATION)
    assert later.feedback_id != first.feedback_id
    assert the_feedback(store, later).customer.email == "ana@example.com"


def test_words_beyond_the_last_amendment_are_a_feedback_of_their_own(
    mailroom: Mailroom, store: Store, addressed: Addressed, now: datetime
) -> None:
    first = mailroom.take("m0", a_mail("late"), now)
    about = ReplyTo(ReplyKind.FEEDBACK, first.feedback_id or "")
    for number in range(1, MAX_REVISIONS):
        assert mailroom.take(f"m{number}", addressed("gmail_reply", about, ANA), now).feedback_id == first.feedback_id
    last = mailroom.take("last", addressed("gmail_reply", about, ANA), now)
    assert "Twenty minutes" in the_feedback(store, last).comment
    assert last.feedback_id != first.feedback_id


def test_thanks_say_who_reads_it_and_cannot_be_answered_by_a_machine(
    mailroom: Mailroom, store: Store, now: datetime
) -> None:
    mailroom.take("m1", a_mail("late", "Subject: Hello\r\n\tthere"), now)
    thanks = next(everything_said(store))
    assert (thanks.to, thanks.purpose, thanks.subject) == ("ana@example.com", Purpose.THANKS, "Re: Hello there")
    assert "Home delivery" in thanks.text
    assert thanks.headers["Auto-Submitted"] == "auto-replied"
    assert thanks.headers["In-Reply-To"] == "<1@example.com>"


def test_thanks_name_the_team_that_owns_the_feedback(
    mailroom: Mailroom, store: Store, config: Config, invited: Invitation, addressed: Addressed, now: datetime
) -> None:
    link = Invitations(store.client, store.table).follow(INVITED.id, now).link
    store.capture(an_answer(reasons=("price",))._replace(id=link.answer_id(None)), config, now)
    mailroom.take("m1", addressed("gmail_reply", INVITED), now)
    assert "Customer care" in next(everything_said(store)).text


@pytest.mark.parametrize("sender", ["postmaster@example.com", "pet-owner@example.com", "ana+noreply@example.com"])
def test_who_may_be_a_machine_is_heard_and_not_thanked(
    sender: str, mailroom: Mailroom, store: Store, now: datetime
) -> None:
    feedback = the_feedback(store, mailroom.take("m1", a_mail("The milk was open.", sender=sender), now))
    assert feedback.comment == "My parcel\n\nThe milk was open."
    assert list(everything_said(store)) == []


@pytest.mark.parametrize("why", Silence)
def test_whoever_asked_for_silence_is_heard_and_not_thanked(
    why: Silence, mailroom: Mailroom, store: Store, now: datetime
) -> None:
    People(store.client, store.table).change("ana@example.com", lambda person: person.silenced(why, now), now)
    assert the_feedback(store, mailroom.take("m1", a_mail("late"), now)).comment == "My parcel\n\nlate"
    assert list(everything_said(store)) == []


def test_two_auto_responders_exchange_one_mail(mailroom: Mailroom, store: Store, now: datetime) -> None:
    """Theirs does not say that it is one, answers to From, and starts a new thread each time."""
    for number in range(10):
        mailroom.take(f"m{number}", a_mail("I am away.", "Subject: Away"), now + timedelta(minutes=number))
    assert len(list(everything_said(store))) == 1


def test_one_sender_is_answered_so_often_a_day(
    mailroom: Mailroom, store: Store, config: Config, addressed: Addressed, now: datetime
) -> None:
    for number in range(10):
        feedback = an_answer(f"tap {number}")
        store.capture(feedback, config, now)
        mailroom.take(f"m{number}", addressed("gmail_reply", ReplyTo(ReplyKind.FEEDBACK, feedback.id)), now)
    assert len(list(everything_said(store))) == config.mail.answers_per_day


@pytest.mark.parametrize("word", ["STOP", "Unsubscribe.", "stop!"])
def test_a_wish_for_silence_is_honoured(
    word: str, mailroom: Mailroom, store: Store, invited: Invitation, addressed: Addressed, now: datetime
) -> None:
    raw = a_mail(word, "Subject: Re: How was paying today?")
    assert mailroom.take("m1", raw, now).outcome is MailOutcome.UNSUBSCRIBED
    assert People(store.client, store.table).get("ana@example.com").silence is Silence.UNSUBSCRIBED
    assert list(everything_said(store)) == []


@pytest.mark.parametrize(
    ("subject", "body", "rating", "comment"),
    [
        ("Re: How was paying today?", "Stop emailing me!", None, "Stop emailing me!"),
        ("Re: How was paying today?", "2 stop", 2, ""),
        ("Unsubscribe", "Five mails a day.", None, "Unsubscribe\n\nFive mails a day."),
        ("My parcel", "STOP", None, "My parcel\n\nSTOP"),
        ("Your mails", f"Stop. {'I have asked so often. ' * 20}", None, None),
    ],
)
def test_a_stop_with_more_than_that_is_a_stop_and_feedback(
    subject: str, body: str, rating: int | None, comment: str | None, mailroom: Mailroom, store: Store, now: datetime
) -> None:
    feedback = the_feedback(store, mailroom.take("m1", a_mail(body, f"Subject: {subject}"), now))
    assert (feedback.rating, feedback.flags) == (rating, (Flag.OPTED_OUT,))
    assert feedback.comment == (f"{subject}\n\n{body.strip()}" if comment is None else comment)
    assert People(store.client, store.table).get("ana@example.com").silence is Silence.UNSUBSCRIBED
    assert list(everything_said(store)) == []


@pytest.mark.parametrize("body", ["Please unsubscribe me", "STOP. Thank you", ""])
def test_a_subject_and_a_body_that_both_ask_for_silence_ask_for_nothing_else(
    body: str, mailroom: Mailroom, store: Store, now: datetime
) -> None:
    assert mailroom.take("m1", a_mail(body, "Subject: Unsubscribe"), now).outcome is MailOutcome.UNSUBSCRIBED
    assert People(store.client, store.table).get("ana@example.com").silence is Silence.UNSUBSCRIBED
    assert [item["kind"] for item in store.client.sync_scan(store.table) if item.get("kind") == "feedback"] == []


def test_an_order_to_cancel_is_no_wish_for_silence(mailroom: Mailroom, store: Store, now: datetime) -> None:
    record = mailroom.take("m1", a_mail("My order 12, please.", "Subject: Cancel"), now)
    assert the_feedback(store, record).flags == ()
    assert People(store.client, store.table).get("ana@example.com").silence is None


def test_a_stop_after_the_words_tells_the_team(
    mailroom: Mailroom, store: Store, keys: Keys, mails: Mails, now: datetime
) -> None:
    first = mailroom.take("m1", a_mail("late"), now)
    about = ReplyTo(ReplyKind.FEEDBACK, first.feedback_id or "")
    mails.sent("thanks-1", about.address(MAILBOX, keys), now)
    raw = a_mail("STOP", "Subject: Re: thanks\r\nIn-Reply-To: <thanks-1@eu-west-1.amazonses.com>")
    record = mailroom.take("m2", raw, now)
    assert (record.outcome, record.feedback_id) == (MailOutcome.UNSUBSCRIBED, first.feedback_id)
    feedback = the_feedback(store, first)
    assert (feedback.comment, feedback.flags) == ("My parcel\n\nlate", (Flag.OPTED_OUT,))


@pytest.mark.parametrize("word", ["Help", "Start", "مساعدة"])
def test_commands_of_texts_are_words_in_a_mail(word: str, mailroom: Mailroom, store: Store, now: datetime) -> None:
    assert (
        the_feedback(store, mailroom.take("m1", a_mail(word, "Subject: Re: How was paying today?"), now)).comment
        == word
    )


def test_nobody_can_silence_another_by_a_forged_mail(mailroom: Mailroom, store: Store, now: datetime) -> None:
    raw = a_mail("STOP", "Subject: Re: How was paying today?").replace(b"dmarc=pass", b"dmarc=fail")
    assert the_feedback(store, mailroom.take("m1", raw, now)).comment == "STOP"
    assert People(store.client, store.table).get("ana@example.com").silence is None


def test_line_breaks_in_names_reach_no_header(mailroom: Mailroom, store: Store, now: datetime) -> None:
    raw = a_mail("late", "Subject: =?utf-8?q?a=0D=0ABcc:_x@y.example?=").replace(
        b"From: Ana ", b"From: =?utf-8?q?Eve=0D=0ABcc=3A_all?= "
    )
    feedback = the_feedback(store, mailroom.take("m1", raw, now))
    assert feedback.customer.name == "Eve Bcc: all"
    thanks = next(everything_said(store))
    assert "\n" not in thanks.subject + "".join(thanks.headers.values())


def test_mails_at_once_into_one_conversation_all_count(
    mailroom: Mailroom,
    store: Store,
    addressed: Addressed,
    now: datetime,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = mailroom.take("m1", a_mail("late"), now)
    about = ReplyTo(ReplyKind.FEEDBACK, first.feedback_id or "")
    transact, other = store.transact, Mailroom(store, Keys(store.client, "earshot-test-keys"), config)

    def interrupted(operations: Any) -> bool:
        monkeypatch.setattr(store, "transact", transact)
        other.take("m2", addressed("outlook_reply", about, ANA), now)  # while the first of the two is about to write
        return transact(operations)

    monkeypatch.setattr(store, "transact", interrupted)
    comment = the_feedback(store, mailroom.take("m3", addressed("gmail_reply", about, ANA), now)).comment
    assert "late" in comment
    assert "Twenty minutes" in comment
    assert "left it in the rain" in comment


def test_what_cannot_be_read_is_refused_and_leaves_no_record(mailroom: Mailroom, mails: Mails, now: datetime) -> None:
    with pytest.raises(MailUnreadable):
        mailroom.take("m1", b"", now)
    assert mails.get("m1") is None


def test_ids_follow_from_the_providers(mailroom: Mailroom, now: datetime) -> None:
    assert mailroom.take("m1", a_mail("late"), now).feedback_id == answer_id("email", "m1")


def test_messages_are_stored_for_sending(mailroom: Mailroom, store: Store, now: datetime) -> None:
    record = mailroom.take("m1", a_mail("late"), now)
    id = answer_id("thanks", record.feedback_id or "")
    assert Messages(store.client, store.table).start(id, now)
