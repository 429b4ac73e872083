"""The SMTP listener of the local stage plays SES: any mail program can write to the business.

It writes the headers that SES writes above a mail, and puts the whole in the bucket under a name like SES's. What is
true on loopback is checked as SES checks it: whether the domain in From is the envelope's. Nothing else can be.
"""

import contextlib
import re
import secrets
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from botocore.exceptions import BotoCoreError, ClientError

from cli.stage import Stage
from local.ministack import REGION, free_port

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope, Session

HOST = "127.0.0.1"
MAX_BYTES = 40 * 1024 * 1024  # what SES takes
_FROM = re.compile(rb"^from:(?:[^\n]|\n[ \t])*?([^\s<>\"(),:;@]+@[^\s<>\"(),:;@]+)", re.IGNORECASE | re.MULTILINE)
_SPAM = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
_VIRUS = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR"


class Arrived(NamedTuple):
    """A mail as it came, with what the sender's server said about it."""

    sender: str
    """The envelope's; empty for a bounce."""
    recipient: str
    host: str
    content: bytes

    def as_ses_stores_it(self, id: str, now: datetime) -> bytes:
        """The mail below the headers that SES prepends."""
        head = "\r\n".join(self._prepended(id, now)) + "\r\n"
        lines = self.content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return head.encode("utf-8", "surrogateescape") + lines

    def _prepended(self, id: str, now: datetime) -> Iterator[str]:
        domain = self.sender.rpartition("@")[2] or self.host
        author = _author(self.content).rpartition("@")[2].lower()
        aligned = author == domain.lower()
        about = f"client-ip={HOST}; envelope-from={self.sender or f'postmaster@{domain}'}; helo={self.host};"
        spf = f"pass (spfCheck: domain of {domain} designates {HOST} as permitted sender) {about}"
        yield f"Return-Path: <{self.sender}>"
        yield f"Received: from {self.host} ({self.host} [{HOST}])"
        yield f" by inbound-smtp.{REGION}.amazonaws.com with SMTP id {id}"
        yield f" for {self.recipient};"
        yield f" {format_datetime(now)}"
        yield f"X-SES-Spam-Verdict: {'FAIL' if _SPAM in self.content else 'PASS'}"
        yield f"X-SES-Virus-Verdict: {'FAIL' if _VIRUS in self.content else 'PASS'}"
        yield f"Received-SPF: {spf}"
        yield "Authentication-Results: amazonses.com;"
        yield f" spf={spf}"
        if aligned:
            yield f" dkim=pass header.i=@{author};"
        yield f" dmarc={'pass' if aligned else 'fail'} header.from={author or 'unknown'};"
        yield f"X-SES-RECEIPT: {id}"
        yield f"X-SES-DKIM-SIGNATURE: a=rsa-sha256; d=amazonses.com; t={int(now.timestamp())}; v=1; b={id}"


def _author(content: bytes) -> str:
    """The address in From, as far as there is one."""
    head = re.split(rb"\r?\n\r?\n", content[:100_000], maxsplit=1)[0]
    match = _FROM.search(head)
    return match[1].decode("utf-8", "replace") if match else ""


class Inbox:
    """Takes mail for the business and nobody else, as a receipt rule does."""

    def __init__(self, stage: Stage, address: str) -> None:
        self._s3 = stage.client("s3")
        self._bucket = stage.outputs["MailBucket"]
        self._prefix = stage.outputs["MailPrefix"]
        self._address = address

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: "Session", envelope: "Envelope", address: str, options: list[str]
    ) -> str:
        """Whether this recipient is ours, with or without something after a plus."""
        local, _, domain = address.lower().rpartition("@")
        if f"{local.partition('+')[0]}@{domain}" != self._address:
            return f"550 5.1.1 No mailbox here but {self._address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: "Session", envelope: "Envelope") -> str:  # noqa: N802
        """One object per mail, as SES does."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        host = re.sub(r"[^A-Za-z0-9.\-\[\]:]", "", str(session.host_name or "")) or "localhost"
        mail = Arrived(envelope.mail_from or "", envelope.rcpt_tos[0], host, content)
        id = secrets.token_hex(20)
        try:
            body = mail.as_ses_stores_it(id, datetime.now(UTC))
            self._s3.put_object(Bucket=self._bucket, Key=f"{self._prefix}{id}", Body=body)
        except (BotoCoreError, ClientError) as error:
            return f"451 4.3.0 Not taken: {type(error).__name__}"
        return f"250 OK {id}"


class _Smtp(SMTP):
    line_length_limit = MAX_BYTES  # mails that break the 1,000 characters of the standard arrive at SES too


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Smtp(self.handler, **self.SMTP_kwargs)


@contextlib.contextmanager
def listening(stage: Stage, address: str, port: int = 0) -> Iterator[str]:
    """Listen on loopback, on `port` or, where that is 0 or taken, on one that is free; gives `host:port`."""
    port = port if port and _is_free(port) else free_port()
    inbox = Inbox(stage, address.lower())
    controller = _Controller(inbox, hostname=HOST, port=port, data_size_limit=MAX_BYTES, ready_timeout=10)
    controller.start()
    try:
        yield f"{HOST}:{port}"
    finally:
        controller.stop()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True
