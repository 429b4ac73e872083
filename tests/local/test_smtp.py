import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import boto3
import pytest

from cli.stage import Stage
from functions.capture_email.envelope import read_envelope
from functions.capture_email.incoming import read_mail
from functions.capture_email.mime import read
from local import smtp
from local.smtp import Arrived, listening
from shared.config.model import Config
from tests.kit.samples import load_bytes

MAILBOX = "feedback@fernleaf.example"
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


class ALocalStage:
    """A bucket on moto, and nothing else."""

    outputs = {"MailBucket": "mails", "MailPrefix": "mail/"}  # noqa: RUF012

    def client(self, service: str) -> Any:
        return boto3.client(cast(Any, service))


@pytest.fixture
def host(aws: str) -> Iterator[tuple[str, int]]:
    boto3.client("s3").create_bucket(Bucket="mails", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with listening(cast(Stage, ALocalStage()), MAILBOX) as address:
        name, _, port = address.partition(":")
        yield name, int(port)


def stored() -> dict[str, bytes]:
    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket="mails").get("Contents", ())
    return {each["Key"]: s3.get_object(Bucket="mails", Key=each["Key"])["Body"].read() for each in found}


def test_a_mail_is_stored_below_the_headers_of_ses(host: tuple[str, int], config: Config) -> None:
    with smtplib.SMTP(*host) as client:
        client.sendmail(
            "ana@example.com",
            "feedback+abc@fernleaf.example",
            "From: Ana <ana@example.com>\r\nTo: x\r\nSubject: Hi\r\n\r\n.late\r\n",
        )
    [(key, raw)] = stored().items()
    letter = read_mail(raw, config)
    assert key.startswith("mail/")
    assert (letter.sender, [line.text for line in letter.lines if line.bare]) == ("ana@example.com", [".late"])
    assert letter.envelope.recipient == "feedback+abc@fernleaf.example"
    assert letter.envelope.return_path == "ana@example.com"
    assert letter.envelope.flags(letter.sender) == ()


@pytest.mark.parametrize("recipient", ["other@fernleaf.example", "feedback@elsewhere.example"])
def test_mail_for_others_is_refused(host: tuple[str, int], recipient: str) -> None:
    with smtplib.SMTP(*host) as client, pytest.raises(smtplib.SMTPRecipientsRefused):
        client.sendmail("ana@example.com", recipient, "Subject: Hi\r\n\r\nlate")
    assert stored() == {}


def test_a_line_of_any_length_arrives(host: tuple[str, int]) -> None:
    with smtplib.SMTP(*host) as client:
        client.sendmail("ana@example.com", MAILBOX, f"From: ana@example.com\r\n\r\n{'x' * 100_000}\r\n")
    [raw] = stored().values()
    assert raw.count(b"x") >= 100_000


def test_a_port_that_is_taken_is_no_obstacle(host: tuple[str, int]) -> None:
    with listening(cast(Stage, ALocalStage()), MAILBOX, host[1]) as address:
        assert int(address.partition(":")[2]) != host[1]


def envelope_of(sender: str, content: bytes) -> Any:
    raw = Arrived(sender, MAILBOX, "mx.example.com", content).as_ses_stores_it("abc", NOW)
    return read_envelope(read(raw).headers)


def test_a_sender_of_another_domain_than_the_envelope_is_a_forgery() -> None:
    envelope = envelope_of("eve@attacker.example", b"From: ana@example.com\n\nhello")
    assert envelope.flags("ana@example.com") == ("sender-unverified",)


def test_headers_of_ses_that_the_sender_wrote_stay_below() -> None:
    envelope = envelope_of("eve@attacker.example", load_bytes("samples/mail/gmail_reply.eml"))
    assert envelope.return_path == "eve@attacker.example"
    assert envelope.flags("nadia.rahman@gmail.com") == ("sender-unverified",)


def test_a_bounce_has_an_empty_return_path() -> None:
    assert envelope_of("", b"From: mailer-daemon@example.com\n\nhello").return_path == ""


def test_spam_and_viruses_are_named_as_by_ses() -> None:
    envelope = envelope_of("ana@example.com", b"From: ana@example.com\n\n" + smtp._SPAM + smtp._VIRUS)
    assert (envelope.spam, envelope.virus) == ("FAIL", "FAIL")
