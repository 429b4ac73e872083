import time

import pytest

from functions.capture_email.automatic import automatic
from functions.capture_email.bodies import bodies
from functions.capture_email.envelope import read_envelope
from functions.capture_email.incoming import read_mail
from functions.capture_email.mime import read
from shared.config.model import Config
from tests.kit.samples import load_bytes

OURS = ("feedback@fernleaf.example", "hello@fernleaf.example")


def why(raw: bytes, sender: str = "ana@example.com") -> str | None:
    mail = read(raw)
    return automatic(mail, bodies(mail), read_envelope(mail.headers), sender, OURS)


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        ("outlook_out_of_office", "bounce"),
        ("gmail_vacation", "auto-reply"),
        ("delivery_report", "report"),
        ("read_receipt", "report"),
        ("mailing_list", "list"),
    ],
)
def test_recorded_mail_of_machines_is_recognised(sample: str, reason: str) -> None:
    assert why(load_bytes(f"samples/mail/{sample}.eml")) == reason


@pytest.mark.parametrize(
    "sample", ["gmail_reply", "gmail_reply_arabic", "outlook_reply", "apple_mail_reply_german", "yahoo_reply_french"]
)
def test_recorded_mail_of_people_is_theirs(sample: str) -> None:
    assert why(load_bytes(f"samples/mail/{sample}.eml")) is None


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "auto-submitted: Auto-Generated (rejected)",
        "Precedence: auto_reply",
        "Precedence: BULK",
        "X-Autoreply: yes",
        "X-Autorespond: Re: hello",
        "List-Id: <news.example>",
        "List-Unsubscribe: <https://example.com>",
        "Return-Path: <>",
    ],
)
def test_each_sign_of_a_machine_is_enough(header: str) -> None:
    assert why(f"{header}\nFrom: ana@example.com\n\nhello".encode()) is not None


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: no", "Precedence: normal", "X-Autoreply: no", "X-Auto-Response-Suppress: All", "X-Listing: 1"],
)
def test_what_people_send_too_proves_nothing(header: str) -> None:
    assert why(f"{header}\nFrom: ana@example.com\n\nhello".encode()) is None


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("feedback@fernleaf.example", "own"),
        ("Feedback+abc@Fernleaf.example", "own"),
        ("hello@fernleaf.example", "own"),
        ("mailer-daemon@example.com", "bounce"),
        ("post_master@example.com", "bounce"),
        ("postmaster@example.com", None),
        ("owner-news@example.com", None),
        ("no.reply+1@example.com", "no-reply"),
        ("bitte-nicht-antworten@example.com", "no-reply"),
        ("noreen.reply@example.com", None),
        ("amalia@fernleaf.example", None),
        ("ana-owner@example.com", None),
    ],
)
def test_some_addresses_are_no_persons(sender: str, reason: str | None) -> None:
    assert why(b"Subject: hi\n\nhello", sender) == reason


def test_a_long_name_takes_no_longer(config: Config) -> None:
    began = time.process_time()
    read_mail(b"From: " + b"a " * 1_000 + b"<ana@example.com>\r\n\r\nLate.", config)
    assert time.process_time() - began < 0.5
