"""`earshot mail`: play the customer who writes, on the local stage."""

import json
import re
import smtplib
from email.utils import formatdate, make_msgid
from typing import BinaryIO

import click

from cli.stage import LOCAL_FILE, Stage, with_stage

_OK = 250
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_HEADERS = re.compile(rb"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)+")
_TELLING = re.compile(rb"^(from|to|subject|date|message-id|mime-version|received|return-path):", re.I | re.M)
_FROM = re.compile(rb"^from:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--from", "sender", required=True, metavar="ADDRESS", help="Who writes.")
@click.option("--to", "recipient", metavar="ADDRESS", help="Such as an invitation's Reply-To. [default: the business]")
@click.option("--envelope-from", metavar="ADDRESS", help="Forge: hand the mail in as somebody else.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def mail(
    stage: Stage, file: BinaryIO, sender: str, recipient: str | None, envelope_from: str | None, as_json: bool
) -> None:
    """Hand in FILE (`-` reads standard input) by SMTP: a whole mail, or just its words."""
    if not stage.is_local:
        raise click.ClickException("this plays the customer on the local stage; start it with `make run`")
    local = json.loads(LOCAL_FILE.read_text())
    message = _compose(file.read(), sender, recipient or local["mail_address"])
    host, _, port = local["smtp"].partition(":")
    to = recipient or _addressed(message, local["mail_address"])
    try:
        with smtplib.SMTP(host, int(port), timeout=30) as smtp:
            smtp.ehlo()
            smtp.mail(envelope_from or sender)
            code, answer = smtp.rcpt(to)
            if code == _OK:
                code, answer = smtp.data(message)
    except (OSError, smtplib.SMTPException) as error:
        raise click.ClickException(f"the mail was not taken: {error}") from None
    said = answer.decode(errors="replace")
    if code != _OK:
        raise click.ClickException(f"the mail was refused: {said}")
    id = said.rpartition(" ")[2]
    click.echo(json.dumps({"id": id, "from": sender, "to": to}) if as_json else f"Handed in as {id}, to {to}.")


def _compose(content: bytes, sender: str, recipient: str) -> bytes:
    """A whole mail from `sender`, made of a whole mail or of words alone."""
    content = re.sub(rb"\r?\n", b"\r\n", content)
    head, body = b"", content
    headers = _HEADERS.match(content)
    if headers and _TELLING.search(headers[0]):
        head, body = _FROM.sub(b"", headers[0]), content[headers.end() :].removeprefix(b"\r\n")
    ours = {
        "From": sender,
        "To": recipient,
        "Date": formatdate(),
        "Message-ID": make_msgid(domain=sender.partition("@")[2]),
        "Content-Type": "text/plain; charset=utf-8",
    }
    for name, value in ours.items():
        if not re.search(rf"^{name}:".encode(), head, re.IGNORECASE | re.MULTILINE):
            head += f"{name}: {value}\r\n".encode()
    return head + b"\r\n" + body


def _addressed(message: bytes, mailbox: str) -> str:
    """Our address in the headers, with what stands after its plus; else our address."""
    local, _, domain = mailbox.partition("@")
    head = _BLANK_LINE.split(message, maxsplit=1)[0]
    match = re.search(rf"{re.escape(local)}\+[^\s@<>]+@{re.escape(domain)}".encode(), head, re.IGNORECASE)
    return match[0].decode() if match else mailbox
