import pytest

from functions.capture_email.envelope import Envelope, _aligned, read_envelope
from functions.capture_email.mime import read
from shared.model.feedback import Flag
from tests.kit.samples import load_bytes

SES = (
    "Return-Path: <ana@example.com>\r\n"
    "Received: from mx.example.com (mx.example.com [192.0.2.1])\r\n"
    " by inbound-smtp.eu-west-1.amazonaws.com with SMTP id abc123\r\n"
    " for feedback@fernleaf.example;\r\n"
    " Sat, 14 Mar 2026 09:26:53 +0000 (UTC)\r\n"
    "X-SES-Spam-Verdict: {spam}\r\n"
    "X-SES-Virus-Verdict: PASS\r\n"
    "Authentication-Results: amazonses.com;\r\n {results}\r\n"
    "X-SES-DKIM-SIGNATURE: a=rsa-sha256; b=x\r\n"
)
PASSED = (
    "spf=pass client-ip=192.0.2.1; envelope-from=ana@example.com;"
    " dkim=pass header.i=@example.com; dmarc=pass header.from=example.com;"
)


def an_envelope(results: str = PASSED, spam: str = "PASS", below: str = "") -> Envelope:
    return read_envelope(read((SES.format(results=results, spam=spam) + below + "\r\nhello").encode()).headers)


def test_a_real_mail_names_its_recipient_and_passes() -> None:
    envelope = read_envelope(read(load_bytes("samples/mail/gmail_reply.eml")).headers)
    assert envelope.return_path == "nadia.rahman@gmail.com"
    assert envelope.recipient == "feedback+TOKEN@fernleaf.example"
    assert (envelope.spam, envelope.virus) == ("PASS", "PASS")
    assert envelope.flags("nadia.rahman@gmail.com") == ()


def test_a_delivery_report_has_an_empty_return_path() -> None:
    assert read_envelope(read(load_bytes("samples/mail/delivery_report.eml")).headers).return_path == ""


def test_what_the_sender_wrote_below_counts_for_nothing() -> None:
    envelope = read_envelope(read(load_bytes("samples/mail/spoofed_reply.eml")).headers)
    assert envelope.recipient == "feedback+TOKEN@fernleaf.example"
    assert envelope.flags("nadia.rahman@gmail.com") == (Flag.SENDER_UNVERIFIED,)


@pytest.mark.parametrize(
    "results",
    [
        "spf=pass envelope-from=ana@example.com; dkim=pass header.i=@example.com; dmarc=fail header.from=example.com;",
        "spf=fail envelope-from=ana@example.com; dkim=pass header.i=@example.com; dmarc=pass header.from=example.com;",
        "spf=pass envelope-from=ana@example.com; dkim=fail header.i=@example.com; dmarc=pass header.from=example.com;",
        "spf=softfail envelope-from=ana@example.com; dmarc=none header.from=example.com;",
        "spf=pass envelope-from=eve@attacker.example; dmarc=none header.from=example.com;",
        "dkim=pass header.i=@attacker.example; dmarc=none header.from=example.com;",
        "dmarc=temperror header.from=example.com;",
        "",
        # What an attacker can put into the quoted parts and comments of their own address.
        'spf=pass (of "a) dmarc=pass (b"@x) envelope-from="a;dmarc=pass header.from=example.com;"@x; dmarc=fail',
        "spf=none (note (x); dmarc=pass header.from=example.com;) ; dmarc=fail header.from=example.com;",
        "dmarc=pass header.from=example.com; dmarc=fail header.from=example.com;",
        "dkim=pass header.i=@notexample.com; dmarc=none",
        # Of each check the worst result counts, in whatever order they stand.
        "dkim=pass header.i=@example.com; dkim=fail header.i=@list.example; dmarc=none header.from=example.com;",
        "dkim=neutral header.i=@example.com; dkim=pass header.i=@example.com; dmarc=none header.from=example.com;",
        "spf=pass envelope-from=ana@example.com; dkim=neutral header.i=@x.example; dkim=fail header.i=@example.com;",
        "dkim=pass header.i=@attacker.example; dkim=pass header.i=@sender.example; dmarc=none header.from=example.com;",
    ],
)
def test_what_did_not_pass_is_flagged(results: str) -> None:
    assert an_envelope(results).flags("ana@example.com") == (Flag.SENDER_UNVERIFIED,)


@pytest.mark.parametrize(
    "results",
    [
        PASSED,
        "spf=softfail envelope-from=x@forwarder.example; dmarc=pass header.from=example.com;",
        "spf=pass client-ip=192.0.2.1; envelope-from=bounces@mail.example.com; dmarc=none header.from=example.com;",
        "dkim=pass header.i=@example.com; dmarc=none header.from=example.com;",
        "dkim=pass header.i=ana@example.com",
        "dkim=pass header.i=@example.com; dkim=pass header.i=@amazonses.com; dmarc=none header.from=example.com;",
        "dkim=pass header.i=@amazonses.com; dkim=pass header.i=@example.com; dmarc=none header.from=example.com;",
    ],
)
def test_what_passed_for_the_senders_own_domain_is_believed(results: str) -> None:
    assert an_envelope(results).flags("ana@example.com") == ()


def test_results_of_another_server_are_not_read() -> None:
    forged = SES.format(results=PASSED, spam="PASS").replace("amazonses.com;", "mx.attacker.example;")
    assert read_envelope(read(forged.encode()).headers).authentication == {}


def test_suspected_spam_is_flagged() -> None:
    [flag] = an_envelope(spam="FAIL").flags("ana@example.com")
    assert flag is Flag.SPAM_SUSPECTED


def test_the_block_ends_with_the_signature_of_ses() -> None:
    envelope = an_envelope("", below="Received-SPF: pass\r\nReturn-Path: <eve@attacker.example>\r\n")
    assert envelope.return_path == "ana@example.com"


def test_verdicts_above_received_leave_none_below_it() -> None:
    headers = (
        b"X-SES-Spam-Verdict: PASS\r\n"
        b"Received: from x by inbound-smtp.eu-west-1.amazonaws.com with SMTP id a for a@b.example; now\r\n"
        b"Authentication-Results: amazonses.com; dmarc=pass header.from=example.com\r\n\r\n"
    )
    assert read_envelope(read(headers).headers).authentication == {}


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@b.example\r\n\r\nhello",
        b"X-SES-Spam-Verdict: PASS\r\nAuthentication-Results: amazonses.com; dmarc=pass\r\nFrom: a@b.example\r\n\r\n",
        b"Received: from x by mx.attacker.example for feedback@fernleaf.example;\r\nX-SES-Spam-Verdict: PASS\r\n\r\n",
    ],
)
def test_without_the_block_of_ses_nothing_is_known(raw: bytes) -> None:
    assert read_envelope(read(raw).headers) == Envelope(None, None, "", "", {})


@pytest.mark.parametrize(
    ("domain", "sender", "aligned"),
    [
        ("example.com", "example.com", True),
        ("mail.example.com", "example.com", True),
        ("example.com", "news.example.com", True),
        ("a.example.co.uk", "b.example.co.uk", True),
        ("co.uk", "example.co.uk", False),
        ("other.co.uk", "example.co.uk", False),
        ("evil.github.io", "victim.github.io", False),
        ("github.io", "victim.github.io", False),
        ("evil.com.au", "victim.com.au", False),
        ("com", "example.com", False),
        ("", "example.com", False),
        ("example.com", "", False),
        ("localhost", "localhost", False),
    ],
)
def test_domains_are_aligned_below_the_same_registered_name(domain: str, sender: str, aligned: bool) -> None:
    assert _aligned(domain, sender) is aligned
