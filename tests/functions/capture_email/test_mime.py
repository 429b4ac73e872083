import base64
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.capture_email.mime import MailUnreadable, Part, decode_text, decode_words, read
from shared.languages.reading import clean
from tests.kit.samples import load_bytes


def leaves(part: Part) -> Iterator[Part]:
    if not part.parts:
        yield part
    for each in part.parts:
        yield from leaves(each)


def multipart(*parts: bytes, boundary: bytes = b"b") -> bytes:
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n\r\n' + body + b"--" + boundary + b"--\r\n"


def test_parts_are_found_in_their_order() -> None:
    mail = read(load_bytes("samples/mail/gmail_reply.eml"))
    assert [part.content_type for part in leaves(mail)] == ["text/plain", "text/html"]


def test_headers_are_unfolded_and_decoded() -> None:
    mail = read(b"Subject: =?utf-8?B?2LTZg9ix2Kc=?=\r\n =?iso-8859-1?q?_caf=E9?=\r\n\r\n")
    assert mail.headers.text("subject") == "شكرا café"


def test_lines_that_are_no_headers_are_passed_over() -> None:
    mail = read(b"From mbox 2026\nnot a header\nSubject: hello\n: empty\n\nbody")
    assert mail.headers.items == [("subject", "hello")]
    assert mail.text == "body"


@pytest.mark.parametrize("cut", range(1, 50, 7))
def test_a_mail_cut_short_is_read_as_far_as_it_goes(cut: int) -> None:
    raw = multipart(b"\r\nfirst", b"Content-Type: text/html\r\n\r\n<p>second")
    mail = read(raw[:-cut])
    assert next(leaves(mail)).text.startswith("f")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", base64.encodebytes("größe".encode())),
        ("BASE64", base64.b64encode("größe".encode()).rstrip(b"=")),
        ("base64", b"Z3LDtsOfZQ==\r\n\r\nThis list is no base64."),
        ("quoted-printable", b"gr=C3=B6=C3=\r\n=9Fe"),
        ("8bit", "größe".encode()),
        ("x-unknown", "größe".encode()),
    ],
)
def test_transfer_encodings(encoding: str, body: bytes) -> None:
    raw = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n".encode() + body
    assert read(raw).text == "größe"


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("utf-8", "نعم".encode(), "نعم"),
        ("windows-1256", "نعم".encode("cp1256"), "نعم"),
        ("iso-2022-jp", "遅い".encode("iso-2022-jp"), "遅い"),
        ("iso-8859-1", b"it\x92s", "it’s"),
        ("gb2312", "鎔".encode("gb18030"), "鎔"),
        ("x-klingon", "café".encode("latin-1"), "café"),
        ("us-ascii", "café".encode(), "café"),
        ("utf-8", "café".encode("latin-1"), "caf\ufffd"),
        ("punycode", b"abc-", "abc-"),
        ("rot13", b"abc", "abc"),
        ("", b"abc\x00\x1bdef", "abcdef"),
        ("", b"too slow\rno staff\x0bno till", "too slow\nno staff\nno till"),
        ("\x00", b"abc", "abc"),
        ("utf-16", b"\xff\xfe\x00\xd8a\x00", "\ufffda"),
    ],
)
def test_text_in_any_charset_gives_words(charset: str, data: bytes, text: str) -> None:
    assert decode_text(data, charset) == text


def test_a_name_with_line_breaks_stays_on_one_line() -> None:
    assert decode_words("=?utf-8?q?Eve=0D=0ABcc:_all=00?=") == "Eve Bcc: all"


def nested(depth: int) -> bytes:
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=x%dx\n\n--x%dx\n" % (i, i) for i in range(depth))
    return opened + b"\nhello"


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty"),
    "blank lines": (lambda: b"\n" * 40_000_000, "empty"),
    "41 MB": (lambda: b"Subject: a\n\n" + b"x" * 41_000_000, "too-large"),
    "two million headers": (lambda: b"X: y\n" * 2_000_000 + b"\nx", "headers-too-long"),
    "a header of 40 MB": (lambda: b"Subject: " + b"x" * 40_000_000, "headers-too-long"),
    "folds": (lambda: b"A: b\n" + b" \n" * 20_000_000, "headers-too-long"),
    "1,000 deep": (lambda: nested(1_000), "too-deep"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_lies_outside_the_bounds_is_refused_before_it_is_read(name: str) -> None:
    build, reason = HOSTILE[name]
    raw = build()
    started = time.process_time()
    with pytest.raises(MailUnreadable) as refusal:
        read(raw)
    assert refusal.value.reason == reason
    assert time.process_time() - started < 5


SURVIVED: dict[str, Callable[[], bytes]] = {
    "10,000 recipients": lambda: b"To: " + b", ".join(b"u%d@e.com" % i for i in range(10_000)) + b"\n\nhello",
    "many short recipients": lambda: b"To: a@b\nCc: " + b"a@b," * 5_000 + b"\n\nhello",
    "2,000 headers": lambda: b"X: y\n" * 2_000 + b"\nhello",
    "2,000 names of headers": lambda: b"".join(b"X%d: y\n" % i for i in range(2_000)) + b"\nhello",
    "a header of blanks": lambda: b"Content-Type: text/plain;" + b" " * 500_000 + b"x\n\nhello",
    "a header of carriage returns": lambda: b"X: y" + b"\r" * 500_000 + b"\n\nhello",
    "100,000 parts": lambda: multipart(*[b"\r\nhello"] * 100_000),
    "look-alike boundaries": lambda: multipart(b"\r\nhello", b"\n--bx" * 8_000_000),
    "half a megabyte of dashes without a boundary": lambda: (
        b"Content-Type: multipart/mixed; boundary=x\n\nhello" + (b"\n--" + b"- " * 400) * 600
    ),
    "2,000 brackets in From": lambda: b"From: " + b"(" * 2_000 + b"\n\nhello",
    "encoded words without end": lambda: b"From: " + b"=?" * 30_000 + b"\n\nhello",
    "a parameter of semicolons": lambda: b'Content-Type: text/plain; a="' + b";" * 60_000 + b"\n\nhello",
    "24 deep": lambda: nested(24),
    "a boundary that nests itself": lambda: multipart(multipart(b"\r\nhello")),
    "30 MB attached": lambda: multipart(
        b"\r\nhello", b"Content-Type: image/png\r\n\r\n" + base64.encodebytes(bytes(22_000_000))
    ),
}


@pytest.mark.parametrize("name", SURVIVED)
def test_what_breaks_other_parsers_is_read(name: str) -> None:
    raw = SURVIVED[name]()
    started = time.process_time()
    mail = read(raw)
    assert any(leaf.text.strip().startswith("hello") for leaf in leaves(mail))
    mail.headers.text("from")
    assert time.process_time() - started < 5


def text_of_all(raw: bytes) -> list[str]:
    try:
        mail = read(raw)
    except MailUnreadable:
        return []
    return [mail.headers.text(name) for name, _ in mail.headers.items] + [leaf.text for leaf in leaves(mail)]


_LINES = (
    b"Content-Type: multipart/mixed; boundary=b\n",
    b"--b\n",
    b"--b--\n",
    b"\n",
    b"\r\n",
    b"\r",
    b" ",
    b"\x00",
    b"\xff",
)
_SCRAPS = (b"Content-Type: text/html; charset=", b"utf-7", b"Content-Transfer-Encoding: base64\n", b"=?utf-8?q?", b"?=")
_pieces = st.sampled_from(_LINES + _SCRAPS)


@given(st.one_of(st.binary(max_size=500), st.lists(_pieces, max_size=40).map(b"".join)))
def test_no_bytes_break_the_reader_and_no_text_of_it_is_unfit_to_store(raw: bytes) -> None:
    for text in text_of_all(raw):
        text.encode()  # no lone surrogate
        assert "\x00" not in text
        assert "\r" not in text


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=50), min_size=1, max_size=5))
def test_every_part_comes_back_as_it_was_written(texts: list[str]) -> None:
    parts = [
        b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(text.encode())
        for text in texts
    ]
    raw = multipart(*parts)
    assert [leaf.text for leaf in leaves(read(raw))] == [clean(text) for text in texts]
