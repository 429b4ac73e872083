"""The whole path of a mail, deployed: from a mail program to the team's card."""

import smtplib
from typing import Any

import pytest

from shared.mails import MailOutcome, MailRecord, Mails
from tests.end_to_end.world import World, eventually
from tests.samples import load_bytes


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


def test_a_forged_sender_is_on_the_card_as_one(world: World) -> None:
    card = card_of(world, hand_in(world, load_bytes("samples/mail/fresh_mail.eml"), "eve@attacker.example"))
    assert "could not be verified" in card["text"]
    assert "omar.aziz" not in card["text"]


def test_a_machines_mail_reaches_nobody(world: World) -> None:
    record = record_of(world, hand_in(world, load_bytes("samples/mail/gmail_vacation.eml"), "nadia.rahman@gmail.com"))
    assert record.outcome is MailOutcome.AUTOMATIC


def test_what_cannot_be_read_is_kept_whole(world: World) -> None:
    raw = b"From: ana@example.com\r\n" + b"X: y\r\n" * 2_000 + b"\r\nhello\r\n"
    id = hand_in(world, raw, "ana@example.com")
    assert record_of(world, id).outcome is MailOutcome.QUARANTINED
    kept = world.stage.client("s3").get_object(Bucket=world.description["mail_bucket"], Key=f"quarantine/{id}")
    assert kept["Body"].read().endswith(raw)
