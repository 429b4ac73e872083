"""A mail's raw bytes, read under bounds: its headers, its parts, and of the parts only the text that is shown.

Python's own parser reads every line of every part, which takes minutes of one mail and gigabytes of another, and its
address parser recurses on what a stranger wrote. So the parts are found here by their boundaries, each bound is checked
before what it bounds is read, and an attachment of 30 MB costs one search for the line that ends it.
"""

import binascii
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from urllib.parse import unquote_to_bytes

from functions.capture_email.charsets import decode
from functions.capture_email.containers import Winmail, signed_content, winmail
from functions.capture_email.flowed import unflowed
from shared.languages.reading import clean

MAX_BYTES = 41_000_000  # SES takes 40 MB
MAX_HEADER_BYTES = 1_000_000  # of one part, or of the mail itself
MAX_HEADER_LENGTH = 64_000  # the rest of a longer one is not read
MAX_HEADERS = 1_000
MAX_SAME_HEADERS = 100  # of one name
MAX_PARTS = 500
MAX_DEPTH = 25
MAX_MESSAGES = 5  # within each other
MAX_TEXT_BYTES = 512_000  # as encoded; a comment holds a twentieth of it
MAX_WRAPPED_BYTES = 4_000_000  # of S/MIME, as encoded: words come before photos

_HEADERS_END = re.compile(rb"\r?\n\r{0,2}\n")
_BLANK_ABOVE = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]{0,100}(?=[!-9;-~]{1,100}:)")
_FOLD = re.compile(rb"\r{0,2}\n(?=[ \t])")
_WORD = re.compile(r"=\?([^?\s*]{1,80})(?:\*[^?\s]{0,80})?\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_LINE_END = re.compile(rb"\r{0,2}\n")
_NAME = re.compile(rb"[!-9;-~]{1,100}")
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,100}[ \t]*:|[ \t]+\S")
_BOUNDARY_LINE = re.compile(rb"^--([^\r\n]{1,1000})\r?\n(?=Content-[\w-]{1,30}:)", re.MULTILINE | re.IGNORECASE)
_COMMENT = re.compile(r"\([^()\"]*\)")
_TYPE = re.compile(r"\s*([\w.+-]*)\s*/?\s*([\w.+-]*)")
_PARAMETER = re.compile(
    r"[;,\s]([a-z][\w-]{0,40})(?:\*(\d{1,3}))?(\*?)\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^\s;]*)", re.IGNORECASE | re.DOTALL
)
_FILE_NAME = re.compile(r"[;\s](?:file)?name\s*=\s*([^\";]+)", re.IGNORECASE)
_ENCODING = re.compile(r"(base64|quoted-?printable|(?:x-)?uu(?:encode)?)\b")
_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_WORDS_IN_A_LINE = re.compile(rb"^[^\S\n]*\S+[ \t]+\S[^\n]*", re.MULTILINE)
_RULES = b" \t\r\n_=*-"


class MailUnreadable(Exception):
    """The mail is outside the bounds, or is no mail; `reason` is one word for the record and the metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Headers:
    """The headers of a part in their order, names in lower case, values unfolded but not decoded."""

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self.items = items
        self._first = dict(reversed(items))

    def get(self, name: str) -> str:
        """The first value, or nothing."""
        return self._first.get(name, "")

    def all(self, name: str) -> list[str]:
        """Every value, in order."""
        return [value for each, value in self.items if each == name]

    def text(self, name: str) -> str:
        """The first value as a person reads it: encoded words decoded, one line, nothing that steers a terminal."""
        return decode_words(self.get(name))

    def parameter(self, header: str, name: str) -> str:
        """A header's parameter, such as `charset`, also in numbered or encoded pieces (RFC 2231); or nothing."""
        written = self.get(header)
        if name not in written.lower():
            return ""
        pieces: dict[int, tuple[str, bool]] = {}
        for match in _PARAMETER.finditer(written):
            if match[1].lower() == name:
                value = match[4]
                if value.startswith('"'):
                    value = re.sub(r"\\(.)", r"\1", value.strip('"'))
                pieces.setdefault(int(match[2] or 0), (value, bool(match[3])))
        if not any(is_encoded for _, is_encoded in pieces.values()):
            return "".join(value for _, (value, _) in sorted(pieces.items()))
        whole = "".join(value for _, (value, _) in sorted(pieces.items()))
        charset, quote, rest = whole.partition("'")
        return decode_text(unquote_to_bytes(rest.partition("'")[2]), charset) if quote else whole


@dataclass(frozen=True, eq=False)
class Part:
    """One part: its headers, and where its body stands in `raw`."""

    raw: bytes
    headers: Headers
    start: int
    end: int
    parts: tuple["Part", ...] = ()

    @cached_property
    def content_type(self) -> str:
        """Such as `text/plain`; what cannot be read counts as `text/plain`, as RFC 2045 has it."""
        match = _TYPE.match(_COMMENT.sub("", self.headers.get("content-type")[:2_000]).lower())
        kind, subtype = match.groups() if match else ("", "")
        if not kind or (kind == "text" and not subtype) or (kind, subtype) == ("plain", "text"):
            return "text/plain"
        return "text/html" if (kind, subtype) == ("html", "text") else f"{kind}/{subtype}"

    @property
    def is_message(self) -> bool:
        """Whether it is a mail that is passed on."""
        return self.content_type in ("message/rfc822", "message/global", "message/partial", "message/news")

    @property
    def charset(self) -> str:
        """As labelled, or nothing."""
        return self.headers.parameter("content-type", "charset")

    @property
    def is_attachment(self) -> bool:
        """Whether the sender meant it as a file."""
        disposition = self.headers.get("content-disposition").strip().lower()
        return disposition.startswith("attachment") or "filename" in disposition

    @property
    def is_flowed(self) -> bool:
        """Whether its lines were broken by the program, not by whoever wrote it (RFC 3676)."""
        return self.headers.parameter("content-type", "format").lower() == "flowed"

    @property
    def file_name(self) -> str:
        """As a person reads it, or nothing."""
        for header, name in (("content-disposition", "filename"), ("content-type", "name")):
            unquoted = _FILE_NAME.search(self.headers.get(header)[:2_000])
            value = unquoted[1] if unquoted else self.headers.parameter(header, name)
            if value.strip():
                return decode_words(value)[:100]
        return ""

    @cached_property
    def text(self) -> str:
        """The decoded text, of at most `MAX_TEXT_BYTES` as encoded; whatever the bytes are, some reading of them."""
        text = decode(self.content(MAX_TEXT_BYTES), self.charset, html=self.content_type == "text/html")
        if self.end - self.start > MAX_TEXT_BYTES:
            text = text.removesuffix("\ufffd")
        if self.is_flowed and self.content_type == "text/plain":
            text = unflowed(text, joins_words=self.headers.parameter("content-type", "delsp").lower() == "yes")
        return clean(text)

    def content(self, limit: int) -> bytes:
        """The decoded body, of at most so many bytes as encoded."""
        body = self.raw[self.start : min(self.end, self.start + limit)]
        return _decode_transfer(body, self.headers.get("content-transfer-encoding"))

    @cached_property
    def winmail(self) -> Winmail | None:
        """What Outlook wrote for its own kin; None where this is something else."""
        is_one = self.content_type in ("application/ms-tnef", "application/vnd.ms-tnef")
        return winmail(self.content(MAX_TEXT_BYTES)) if is_one or self.file_name.lower() == "winmail.dat" else None


def read(raw: bytes) -> Part:
    """The mail as a tree of parts; raises `MailUnreadable` before reading what lies outside the bounds."""
    if not raw or raw.isspace():
        raise MailUnreadable("empty")
    if len(raw) > MAX_BYTES:
        raise MailUnreadable("too-large")
    if b"\n" not in raw[:MAX_HEADER_BYTES] and b"\r" in raw[:MAX_HEADER_BYTES]:
        raw = raw.replace(b"\r", b"\n")
    blank = _BLANK_ABOVE.match(raw)
    return _read_part(raw, blank.end() if blank else 0, len(raw), _Budget(), 0)


class _Budget:
    """What is left of the bounds that hold for a mail as a whole."""

    def __init__(self) -> None:
        self.parts = MAX_PARTS
        self.messages = MAX_MESSAGES

    def take_part(self) -> bool:
        self.parts -= 1
        return self.parts >= 0

    def take_message(self) -> bool:
        self.messages -= 1
        return self.messages >= 0


def _read_part(raw: bytes, start: int, end: int, budget: _Budget, depth: int) -> Part:
    if depth > MAX_DEPTH:
        raise MailUnreadable("too-deep")
    headers, body = _read_headers(raw, start, end, is_part=depth > 0)
    part = Part(raw, headers, body, end)
    if part.content_type.startswith("multipart/"):
        return _read_parts(part, budget, depth)
    if part.is_message and budget.take_message():
        return replace(part, parts=(_read_part(raw, body, end, budget, depth + 1),))
    signed = _signed(part) if budget.messages > 0 else None
    if signed is not None:
        budget.messages -= 1
        return replace(part, parts=(_read_part(signed, 0, len(signed), budget, depth + 1),))
    return part


def _read_parts(part: Part, budget: _Budget, depth: int) -> Part:
    """A multipart with its parts. Where its boundary never comes, another that does is taken, or all is one text."""
    raw, start, end = part.raw, part.start, part.end
    boundary = part.headers.parameter("content-type", "boundary").encode("utf-8", "surrogateescape")
    spans, behind = _spans(raw, start, end, boundary, budget) if boundary else ([], start)
    if not spans and behind == start:
        other = _BOUNDARY_LINE.search(raw, start, min(end, start + MAX_TEXT_BYTES))
        spans, behind = _spans(raw, start, end, other[1].rstrip(), budget) if other else ([], start)
    if not spans:
        marker = raw.find(b"--" + boundary, start, end) if boundary else -1
        return replace(part, parts=(_text_part(raw, start, end if marker == -1 else marker),))
    parts = tuple(_read_part(raw, *span, budget, depth + 1) for span in spans)
    whole = replace(part, parts=parts)
    if raw[behind : behind + MAX_TEXT_BYTES].isspace() or behind >= end:
        return whole
    mixed = [(name, "multipart/mixed" if name == "content-type" else value) for name, value in part.headers.items]
    return replace(part, headers=Headers(mixed), parts=(whole, _text_part(raw, behind, end)))


def _text_part(raw: bytes, start: int, end: int) -> Part:
    """Text without headers of its own."""
    kind = "html" if re.match(rb"\s*<(?:!doctype|html|head|body|p|div)\b", raw[start : start + 200], re.I) else "plain"
    return Part(raw, Headers([("content-type", f"text/{kind}")]), start, end)


def _signed(part: Part) -> bytes | None:
    """The content of an opaque S/MIME part."""
    kind, name = part.content_type, part.file_name.lower()
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime") or (
        kind == "application/octet-stream" and name.endswith(".p7m")
    ):
        return signed_content(part.content(MAX_WRAPPED_BYTES))
    return None


def _read_headers(raw: bytes, start: int, end: int, *, is_part: bool) -> tuple[Headers, int]:
    """The headers from `start`, and where the body begins; in a part, at the first line that is none."""
    if raw[start : start + 1] == b"\n":
        return Headers([]), start + 1
    if raw[start : start + 2] == b"\r\n":
        return Headers([]), start + 2
    limit = min(end, start + MAX_HEADER_BYTES)
    blank = _HEADERS_END.search(raw, start, limit)
    if blank is None and limit < end:
        raise MailUnreadable("headers-too-long")
    block, body = (raw[start : blank.start()], blank.end()) if blank else (raw[start:limit], end)
    if is_part:
        length = _headers_length(block)
        block, body = (block[:length], start + length) if length is not None else (block, body)
    items: list[tuple[str, str]] = []
    names: dict[bytes, int] = {}
    for line in _LINE_END.split(_FOLD.sub(b"", block)):
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name := name.rstrip().lower()):
            continue
        names[name] = names.get(name, 0) + 1
        if names[name] <= MAX_SAME_HEADERS:
            items.append((name.decode("ascii"), decode_text(value[:MAX_HEADER_LENGTH].strip(), "")))
        if len(items) > MAX_HEADERS:
            break
    return Headers(items), body


def _headers_length(block: bytes) -> int | None:
    """Where a part's headers stop without a blank line; None where they do not."""
    at = 0
    goes_on = False
    for line in block.split(b"\n"):
        if not goes_on and not _HEADER_LINE.match(line):
            return at
        goes_on = line.rstrip().endswith(b";")
        at += len(line) + 1
    return None


def _spans(raw: bytes, start: int, end: int, boundary: bytes, budget: _Budget) -> tuple[list[tuple[int, int]], int]:
    """Where the parts between the boundary's lines stand, and where what is behind the last line begins. Past the
    bound, no more lines are looked for.
    """
    marker = b"--" + boundary
    spans: list[tuple[int, int]] = []
    opened: int | None = None
    at = start if raw.startswith(marker, start) else _next_marker(raw, start, end, marker)
    while at != -1 and budget.take_part():  # look-alikes count too: they cost as much as parts
        after = at + len(marker)
        line_end = raw.find(b"\n", after, end)
        rest = raw[after : end if line_end == -1 else line_end].strip() if line_end - after < 80 else b"?"
        if rest in (b"", b"--"):
            if opened is not None:
                spans.append((opened, max(opened, at - 2 if raw[at - 2 : at] == b"\r\n" else at - 1)))
            behind = end if line_end == -1 else line_end + 1
            opened = None if rest or line_end == -1 else behind
            if rest:
                return spans, behind
        at = _next_marker(raw, after, end, marker)
    if opened is not None:
        spans.append((opened, end))
    return spans, end if spans else start


def _next_marker(raw: bytes, start: int, end: int, marker: bytes) -> int:
    found = raw.find(b"\n" + marker, start, end)
    return found + 1 if found != -1 else -1


def _decode_transfer(body: bytes, encoding: str) -> bytes:
    named = _ENCODING.match(_COMMENT.sub("", encoding[:200]).strip(" \t\"'").lower())
    match named[1][0] if named else "":
        case "b":
            return _decode_base64_body(body)
        case "q":
            return binascii.a2b_qp(_SOFT_BREAK.sub(b"=", body))
        case "u" | "x":
            return _decode_uu(body)
        case _:
            return body


def _decode_base64_body(body: bytes) -> bytes:
    """A body in Base64, of which gateways add to the end, and which some do not encode at all."""
    words = _WORDS_IN_A_LINE.search(body)
    if words:
        if not body[: words.start()].strip() and not all(len(each) % 4 == 0 for each in words[0].split()[:-1]):
            return body
        if body[: words.start()].strip():  # a footer, below a rule
            encoded = body[: words.start()].rstrip(_RULES)
            body = encoded + body[len(encoded) : words.start()].partition(b"\n")[0]
    return _decode_base64(body)


def _decode_base64(body: bytes) -> bytes:
    """Base64 as mail has it: cut short, with stray characters, with or without padding, in several blocks."""
    if b"+" not in body and b"/" not in body:
        body = body.translate(_URL_SAFE)
    blocks = (re.sub(rb"[^A-Za-z0-9+/]", b"", block) for block in re.split(rb"=[=\s]*", body, maxsplit=100))
    return b"".join(_decode_block(block) for block in blocks)


def _decode_block(letters: bytes) -> bytes:
    letters = letters[: -1 if len(letters) % 4 == 1 else None]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def _decode_uu(body: bytes) -> bytes:
    _, begin, rest = body.partition(b"begin ")
    lines = (rest if begin else body).split(b"\n")[bool(begin) :]
    decoded = []
    for line in lines:
        if line.strip() in (b"end", b"`", b""):
            break
        try:
            decoded.append(binascii.a2b_uu(line.rstrip(b"\r")))
        except binascii.Error:
            return body
    return b"".join(decoded)


def decode_text(data: bytes, charset: str) -> str:
    """Text of bytes in a charset, which may be wrong or made up. Control characters but tab and newline are gone."""
    return clean(decode(data, charset))


@lru_cache(maxsize=16)
def decode_words(value: str) -> str:
    """A header's value with its RFC 2047 words decoded, on one line. A letter may be spread over two words."""
    if "=?" not in value:
        return " ".join(clean(value).split())
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
