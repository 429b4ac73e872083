"""The whole path of a mail, deployed: from a mail program to the team's card."""

import json
import smtplib
import uuid
from typing import Any

import pytest

from shared.mail.received import MailOutcome, MailRecord, Mails
from shared.values import utc_now
from tests.end_to_end.world import World, eventually
from tests.kit.samples import load_bytes


def hand_in(world: World, raw: bytes, sender: str, to: str | None = None) -> str:
    """Send by SMTP; returns the id that the listener answers, as SES would."""
    host, _, port = world.description["smtp"].partition(":")
    with smtplib.SMTP(host, int(port), timeout=30) as client:
        client.ehlo()
        client.mail(sender)
        client.rcpt(to or world.description["mail_address"])
        code, answer = client.data(raw)
    assert code == 250, answer
    return answer.decode().rpartition(" ")[2]


def left_for(world: World, address: str) -> list[dict[str, Any]]:
    return [left for left in world.outbox() if left["to"] == address]


def header(mail: dict[str, Any], name: str) -> str:
    headers: dict[str, str] = mail["headers"]
    return next(value for key, value in headers.items() if key.lower() == name.lower())


def where_it_is_noon() -> str:
    """A time zone in which nobody sleeps, whenever the tests run."""
    return f"Etc/GMT{utc_now().hour - 12:+}"


def record_of(world: World, id: str) -> MailRecord:
    mails = Mails(world.stage.dynamodb, world.stage.outputs["Table"])
    record = eventually(lambda: mails.get(id))
    assert record is not None
    return record


def card_of(world: World, id: str) -> dict[str, Any]:
    record = record_of(world, id)
    assert record.feedback_id is not None
    cards = eventually(lambda: [left for left in world.left(record.feedback_id or "") if left["kind"] == "email"])
    return next(card for card in cards if card.get("team"))


@pytest.mark.parametrize(
    ("sample", "sender", "words"),
    [
        ("fresh_mail", "omar.aziz@gmail.com", "The third trolley by the door has a loose wheel."),
        ("gmail_reply_arabic", "salma.khoury@gmail.com", "الطابور كان طويلاً جدًا والدفع الذاتي لا يعمل."),
        ("outlook_reply", "j.okafor@outlook.com", "The cake “survived”, the card didn’t."),
    ],
)
def test_a_mail_reaches_the_team_in_the_customers_own_words(world: World, sample: str, sender: str, words: str) -> None:
    card = card_of(world, hand_in(world, load_bytes(f"samples/mail/{sample}.eml"), sender))
    assert words in card["text"]
    assert sender in card["text"]
    assert "Tap a" not in card["text"]


def test_an_invitation_by_mail_is_answered_by_a_reply_and_thanked_once(world: World) -> None:
    customer = f"nadia-{uuid.uuid4().hex[:8]}@example.com"
    asked = {"ref": "order-77", "name": "Nadia", "email": customer}
    about = {"touchpoint": "checkout", "place": "leeds-3", "language": "en", "channel": "email"}
    detail = {**about, "customer": asked, "time_zone": where_it_is_noon(), "version": 1}
    entry = {"EventBusName": world.description["bus"], "Source": "shop", "DetailType": "InvitationRequested"}
    world.stage.client("events").put_events(Entries=[entry | {"Detail": json.dumps(detail)}])
    invitation = next(iter(eventually(lambda: left_for(world, customer))))
    assert "How was paying today?" in invitation["subject"]
    assert "?r=4" in invitation["html"]

    signed = header(invitation, "Reply-To")
    raw = f"From: Nadia <{customer}>\r\nSubject: Re: How was paying today?\r\n\r\n2 - one till, twenty people\r\n"
    id = hand_in(world, raw.encode(), customer, signed)
    card = card_of(world, id)
    assert "one till, twenty people" in card["text"]
    assert "leeds-3" in card["text"]
    stored = world.feedback(record_of(world, id).feedback_id or "")
    assert stored is not None
    assert (stored.feedback.rating, stored.feedback.customer.ref) == (2, "order-77")

    thanks = eventually(lambda: left_for(world, customer)[1:])
    assert [header(mail, "Auto-Submitted") for mail in thanks] == ["auto-replied"]
    again = f"From: {customer}\r\nSubject: Re: thanks\r\n\r\nAnd the card reader was broken.\r\n"
    second = record_of(world, hand_in(world, again.encode(), customer, header(thanks[0], "Reply-To")))
    assert second.feedback_id == record_of(world, id).feedback_id
    eventually(lambda: "card reader" in "".join(card["text"] for card in world.left(second.feedback_id or "")))
    assert len(left_for(world, customer)) == 2


def test_two_auto_responders_exchange_one_mail(world: World) -> None:
    """Theirs says nothing that gives it away, and answers whatever comes, to From and with a new subject."""
    theirs = f"responder-{uuid.uuid4().hex[:8]}@example.com"
    raw = f"From: {theirs}\r\nSubject: Parcels\r\n\r\nThe parcel stands in the hall.\r\n".encode()
    began = utc_now().date()
    hand_in(world, raw, theirs)
    eventually(lambda: left_for(world, theirs))
    last = [hand_in(world, raw, theirs) for _ in range(3)][-1]
    card_of(world, last)
    assert len(left_for(world, theirs)) <= 1 + (utc_now().date() - began).days  # it is one a day


def test_a_forged_sender_is_on_the_card_as_one(world: World) -> None:
    card = card_of(world, hand_in(world, load_bytes("samples/mail/fresh_mail.eml"), "eve@attacker.example"))
    assert "could not be verified" in card["text"]
    assert "omar.aziz" not in card["text"]


def test_a_machines_mail_reaches_nobody(world: World) -> None:
    record = record_of(world, hand_in(world, load_bytes("samples/mail/gmail_vacation.eml"), "nadia.rahman@gmail.com"))
    assert record.outcome is MailOutcome.AUTOMATIC


def test_what_cannot_be_read_is_kept_whole(world: World) -> None:
    parts = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(40))
    raw = b"From: ana@example.com\r\n" + parts + b"\r\nhello\r\n"  # each part within another
    id = hand_in(world, raw, "ana@example.com")
    assert record_of(world, id).outcome is MailOutcome.QUARANTINED
    kept = world.stage.client("s3").get_object(Bucket=world.description["mail_bucket"], Key=f"quarantine/{id}")
    assert kept["Body"].read().endswith(raw)
