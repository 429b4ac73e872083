"""One mail, read: who wrote it, what they say, and whether a person wrote it at all. Pure."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

from functions.capture_email.automatic import automatic, may_be_automatic
from functions.capture_email.bodies import MAX_PARTS_SHOWN, bodies, last_resort, shows
from functions.capture_email.envelope import Envelope, read_envelope
from functions.capture_email.hypertext import to_lines
from functions.capture_email.line import Line, plain_lines
from functions.capture_email.mime import MailUnreadable, Part, decode_words, read
from functions.capture_email.ours import Ours
from functions.capture_email.quoting import Words, customers_words
from shared.config.model import Config
from shared.languages.packs import texts

TIME_LIMIT_SECONDS = 1.5  # of CPU, so that a busy machine refuses no mail that an idle one takes
_MAX_HTML = 256_000  # characters
_ADDRESS = re.compile(r"(?:\"(?:[^\"\\]|\\.){1,64}\"|[^\s<>()\[\],;:\\\"@]{1,64})@[^\W_](?:[\w.-]{0,250}[^\W_])?")
_REST_OF_ADDRESS = re.compile(r"\s+(?!\()[^\s<>][^<>]{0,250}>")
_QUOTED_NAME = re.compile(r'"(?:[^"\\]|\\.)*"(?!@)')
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[bq]\?[^?\s]*\?=", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([^<>\s]{3,250})>")
_BARE_ID = re.compile(r"[^<>\s]{1,125}@[^<>\s]{1,125}")
_BEFORE_OURS = re.compile(r"[^\w\[【{*]{0,4}(?:[\[【{*][^\]】}]{0,30}[\]】}*]{1,3}\s*|[^:：]{1,24}?\s?[:：]\s*){1,6}")
"""What programs put before the subject that is answered or passed on: names in brackets, and words before a colon."""


class IncomingMail(NamedTuple):
    """What a mail says. `sender` is who it claims to be from: see `envelope.flags`."""

    envelope: Envelope
    automatic: str | None
    """Why a machine wrote it, in one word."""
    may_be_automatic: bool
    """Whether a machine may have written it: then nobody is thanked."""
    sender: str
    name: str | None
    subject: str
    message_id: str
    answers: tuple[str, ...]
    """Message ids that it answers, the nearest first, without angle brackets."""
    lines: tuple[Line, ...]
    """All of its text."""
    attachments: tuple[str, ...]

    is_answer: bool
    """Whether it answers another mail, or passes one of ours on; its subject is then not the customer's own."""

    to: tuple[str, ...] = ()
    """The addresses in To, as its sender wrote them."""
    cc: tuple[str, ...] = ()
    """Those in Cc."""
    has_other_senders: bool = False
    """Whether From names more than `sender`."""


def read_mail(raw: bytes, config: Config) -> IncomingMail:
    """Read a mail in bounded time; raises `MailUnreadable` for whatever keeps it from being read."""
    with _bounded():
        return _read(raw, config)


def words_of(mail: IncomingMail, ours: Ours, *, answers_us: bool) -> Words:
    """What its sender wrote, in bounded time; raises `MailUnreadable` as reading it does."""
    with _bounded():
        return customers_words(mail.lines, ours, answers_us=answers_us)


def _read(raw: bytes, config: Config) -> IncomingMail:
    mail = read(raw)
    headers = mail.headers
    envelope = read_envelope(headers)
    sender, name = _sender(headers.get("from"))
    subject = headers.text("subject")[:200]
    references = _MESSAGE_ID.findall(headers.get("in-reply-to")) + _MESSAGE_ID.findall(headers.get("references"))[::-1]
    references = references or _BARE_ID.findall(headers.get("in-reply-to")[:2_000])
    parts, shown = list(_leaves(mail)), bodies(mail)
    return IncomingMail(
        envelope=envelope,
        automatic=automatic(mail, shown, envelope, sender, {config.mail.address, config.business.sender}),
        may_be_automatic=may_be_automatic(mail, shown, sender),
        sender=sender,
        name=name,
        subject=subject,
        message_id=headers.get("message-id").strip()[:250],
        answers=tuple(dict.fromkeys(references[:20])),
        lines=tuple(_lines(mail, shown)),
        attachments=tuple(name for part in parts[:MAX_PARTS_SHOWN] if (name := _file_name(part))),
        is_answer=bool(references) or _answers_ours(subject, config),
        to=_recipients(headers.all("to")),
        cc=_recipients(headers.all("cc")),
        has_other_senders=len(_recipients(headers.all("from"))) > 1,
    )


def _recipients(values: list[str]) -> tuple[str, ...]:
    """The addresses in some headers, but not those in names."""
    shown = (_QUOTED_NAME.sub(" ", _ENCODED_WORD.sub(" ", value[:4_000])) for value in values[:5])
    return tuple(dict.fromkeys(address.lower() for value in shown for address in _ADDRESS.findall(value)))


def _answers_ours(subject: str, config: Config) -> bool:
    """Whether a subject is one of ours, behind what programs in any language put before it."""
    whole = subject.casefold()
    business = config.business
    questions = {text for each in config.touchpoints.values() for text in each.question.values()}
    ours = ("mail.thanks_subject", "answer.subject")
    thanks = {texts(each)[key].format(business=business.name) for each in business.languages for key in ours}
    return any(
        whole.endswith(each) and _BEFORE_OURS.fullmatch(whole[: -len(each)])
        for each in map(str.casefold, questions | thanks)
    )


def _sender(header: str) -> tuple[str, str | None]:
    """The address in From, of several the first, and the name that stands beside it."""
    shown = decode_words(header[:2_000])
    plain = " ".join(header[:2_000].split())  # an address inside an encoded word is a name that looks like one
    plain = _QUOTED_NAME.sub(" ", _ENCODED_WORD.sub(" ", plain))
    found = next((each for piece in plain.split(",") if (each := list(_ADDRESS.finditer(piece)))), [])
    bracketed = [each for each in found if each.string[each.start() - 1 : each.start()] == "<"]
    address = "" if not found or any(map(_goes_on, bracketed)) else (bracketed or found)[-1][0]
    name = shown.replace(address, "").strip(" <>\"'()") if address else shown
    return _deliverable(address.lower()), name[:100] or None


def _goes_on(found: re.Match[str]) -> bool:
    """Whether the brackets hold more than the address that was found in them: it is then a part of one."""
    return _REST_OF_ADDRESS.match(found.string, found.end()) is not None


def _deliverable(address: str) -> str:
    """An address with its domain as mail servers write it; nothing where that cannot be."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return ""


def _lines(mail: Part, shown: list[Part]) -> list[Line]:
    """The text that a mail shows; where it shows none, whatever else in it is text."""
    return _read_bodies(shown) or _read_bodies(last_resort(mail))


def _read_bodies(parts: list[Part]) -> list[Line]:
    texts = [_lines_of(part) for part in parts]
    return [line for text in texts if any(shows(line.text) for line in text) for line in (*text, Line("", "", 0))]


def _lines_of(part: Part) -> list[Line]:
    if part.content_type == "text/html":
        return to_lines(part.text[:_MAX_HTML])
    return plain_lines(part.text, is_flowed=part.is_flowed)


def _leaves(part: Part) -> Iterator[Part]:
    if not part.parts or part.is_message:
        yield part
        return
    for each in part.parts:
        yield from _leaves(each)


def _file_name(part: Part) -> str:
    """The name of an attached file; of one without a name, its type."""
    if not part.is_attachment and part.content_type.startswith(("text/", "multipart/")):
        return ""
    return part.file_name or part.content_type


@contextmanager
def _bounded() -> Iterator[None]:
    try:
        with _time_limit(TIME_LIMIT_SECONDS):
            yield
    except MailUnreadable:
        raise
    except Exception as error:  # what nobody thought of: the mail is kept whole, and a person is told
        raise MailUnreadable(type(error).__name__) from error


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Stop what runs too long. Python delivers signals to the main thread only; elsewhere the bounds alone hold."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise MailUnreadable("too-slow")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
