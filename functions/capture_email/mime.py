"""A mail's raw bytes, read under bounds: its headers, its parts, and of the parts only the text that is shown.

Python's own parser reads every line of every part, which takes minutes of one mail and gigabytes of another, and its
address parser recurses on what a stranger wrote. So the parts are found here by their boundaries, each bound is checked
before what it bounds is read, and an attachment of 30 MB costs one search for the line that ends it.
"""

import binascii
import re
from collections.abc import Iterator
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import NamedTuple

from functions.capture_email.charsets import decode
from shared.languages.reading import clean

MAX_BYTES = 41_000_000  # SES takes 40 MB
MAX_HEADER_BYTES = 256_000  # of one part, or of the mail itself
MAX_HEADER_LENGTH = 64_000
MAX_HEADERS = 1_000
MAX_ADDRESSES = 1_000
MAX_PARTS = 500
MAX_DEPTH = 25
MAX_TEXT_BYTES = 512_000  # as encoded; a comment holds a twentieth of it

_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_WORD = re.compile(r"=\?([^?\s*]{1,80})(?:\*[^?\s]{0,80})?\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_LINE_END = re.compile(rb"\r?\n")
_NAME = re.compile(rb"[!-9;-~]{1,100}")
_ADDRESS_HEADERS = frozenset({"to", "cc", "bcc", "from", "sender", "reply-to"})


class MailUnreadable(Exception):
    """The mail is outside the bounds, or is no mail; `reason` is one word for the record and the metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Headers:
    """The headers of a part in their order, names in lower case, values unfolded but not decoded."""

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self.items = items

    def get(self, name: str) -> str:
        """The first value, or nothing."""
        return next((value for each, value in self.items if each == name), "")

    def all(self, name: str) -> list[str]:
        """Every value, in order."""
        return [value for each, value in self.items if each == name]

    def text(self, name: str) -> str:
        """The first value as a person reads it: encoded words decoded, one line, nothing that steers a terminal."""
        return decode_words(self.get(name))


class Part(NamedTuple):
    """One part: its headers and where its body stands in the raw mail."""

    headers: Headers
    start: int
    end: int
    parts: tuple["Part", ...] = ()

    @property
    def content_type(self) -> str:
        """Such as `text/plain`; what cannot be read counts as `text/plain`, as RFC 2045 has it."""
        return self._header("content-type").get_content_type()

    @property
    def charset(self) -> str:
        """As labelled, or nothing."""
        return self._header("content-type").get_content_charset("") or ""

    @property
    def is_attachment(self) -> bool:
        """Whether the sender meant it as a file."""
        disposition = self.headers.get("content-disposition").strip().lower()
        return disposition.startswith("attachment") or "filename" in disposition

    @property
    def boundary(self) -> str:
        """What separates the parts, or nothing."""
        return self._parameter("content-type", "boundary")

    @property
    def file_name(self) -> str:
        """As a person reads it, or nothing."""
        name = self._parameter("content-disposition", "filename") or self._parameter("content-type", "name")
        return decode_words(name)[:100]

    def text(self, raw: bytes) -> str:
        """The decoded text, of at most `MAX_TEXT_BYTES` as encoded; whatever the bytes are, some reading of them."""
        body = raw[self.start : min(self.end, self.start + MAX_TEXT_BYTES)]
        data = _decode_transfer(body, self.headers.get("content-transfer-encoding"))
        text = decode(data, self.charset, html=self.content_type == "text/html")
        return clean(text.removesuffix("\ufffd") if self.end - self.start > MAX_TEXT_BYTES else text)

    def _parameter(self, header: str, name: str) -> str:
        try:
            return collapse_rfc2231_value(self._header(header).get_param(name, "", header))
        except (ValueError, TypeError, LookupError):  # parameters in numbered pieces, of which some are no numbers
            return ""

    def _header(self, name: str) -> Message:
        message = Message()
        message[name] = self.headers.get(name)[:2_000]
        return message


def read(raw: bytes) -> Part:
    """The mail as a tree of parts; raises `MailUnreadable` before reading what lies outside the bounds."""
    if not raw or raw.isspace():
        raise MailUnreadable("empty")
    if len(raw) > MAX_BYTES:
        raise MailUnreadable("too-large")
    budget = _Budget()
    return _read_part(raw, 0, len(raw), budget, 0)


class _Budget:
    """What is left of the bounds that hold for a mail as a whole."""

    def __init__(self) -> None:
        self.parts = MAX_PARTS

    def take_part(self) -> None:
        self.parts -= 1
        if self.parts < 0:
            raise MailUnreadable("too-many-parts")


def _read_part(raw: bytes, start: int, end: int, budget: _Budget, depth: int) -> Part:
    if depth > MAX_DEPTH:
        raise MailUnreadable("too-deep")
    headers, body = _read_headers(raw, start, end)
    part = Part(headers, body, end)
    if not part.content_type.startswith("multipart/"):
        return part
    boundary = part.boundary.encode("utf-8", "surrogateescape")
    if not boundary:
        return part
    spans = _spans(raw, body, end, boundary, budget)
    return part._replace(parts=tuple(_read_part(raw, *span, budget, depth + 1) for span in spans))


def _read_headers(raw: bytes, start: int, end: int) -> tuple[Headers, int]:
    """The headers from `start`, and where the body begins."""
    if raw[start : start + 1] == b"\n":
        return Headers([]), start + 1
    if raw[start : start + 2] == b"\r\n":
        return Headers([]), start + 2
    limit = min(end, start + MAX_HEADER_BYTES)
    blank = _HEADERS_END.search(raw, start, limit)
    if blank is None and limit < end:
        raise MailUnreadable("headers-too-long")
    block, body = (raw[start : blank.start()], blank.end()) if blank else (raw[start:limit], end)
    items = []
    for line in _LINE_END.split(_FOLD.sub(b"", block)):
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name := name.rstrip()):
            continue
        if len(value) > MAX_HEADER_LENGTH:
            raise MailUnreadable("header-too-long")
        items.append((name.decode("ascii").lower(), decode_text(value.strip(), "")))
        if len(items) > MAX_HEADERS:
            raise MailUnreadable("too-many-headers")
    if sum(value.count("@") for name, value in items if name in _ADDRESS_HEADERS) > MAX_ADDRESSES:
        raise MailUnreadable("too-many-addresses")
    return Headers(items), body


def _spans(raw: bytes, start: int, end: int, boundary: bytes, budget: _Budget) -> Iterator[tuple[int, int]]:
    """Where the parts between the boundary's lines stand."""
    marker = b"--" + boundary
    opened: int | None = None
    at = start if raw.startswith(marker, start) else _next_marker(raw, start, end, marker)
    while at != -1:
        budget.take_part()  # look-alikes count too: they cost as much as parts
        after = at + len(marker)
        line_end = raw.find(b"\n", after, end)
        rest = raw[after : end if line_end == -1 else line_end].strip() if line_end - after < 80 else b"?"
        if rest in (b"", b"--"):
            if opened is not None:
                yield opened, max(opened, at - 2 if raw[at - 2 : at] == b"\r\n" else at - 1)
            opened = None if rest or line_end == -1 else line_end + 1
            if rest:
                return
        at = _next_marker(raw, after, end, marker)
    if opened is not None:
        yield opened, end


def _next_marker(raw: bytes, start: int, end: int, marker: bytes) -> int:
    found = raw.find(b"\n" + marker, start, end)
    return found + 1 if found != -1 else -1


def _decode_transfer(body: bytes, encoding: str) -> bytes:
    match encoding.strip().lower():
        case "base64":
            return _decode_base64(body)
        case "quoted-printable":
            return binascii.a2b_qp(body)
        case _:
            return body


def _decode_base64(body: bytes) -> bytes:
    """Base64 as mail has it: cut short, with stray characters, with or without padding."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", body.split(b"=", 1)[0])
    letters = letters[: -1 if len(letters) % 4 == 1 else None]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def decode_text(data: bytes, charset: str) -> str:
    """Text of bytes in a charset, which may be wrong or made up. Control characters but tab and newline are gone."""
    return clean(decode(data, charset))


def decode_words(value: str) -> str:
    """A header's value with its RFC 2047 words decoded, on one line. A letter may be spread over two words."""
    pieces: list[str] = []
    charset, data, end = "", b"", 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        if between.strip() or word[1].lower() != charset:
            pieces += [decode(data, charset), between if between.strip() or not end else ""]
            charset, data = word[1].lower(), b""
        data += _decode_base64(_bytes(word[3])) if word[2] in "Bb" else binascii.a2b_qp(_bytes(word[3]), header=True)
        end = word.end()
    pieces += [decode(data, charset), value[end:]]
    return " ".join(clean("".join(pieces)).split())


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
