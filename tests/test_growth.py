"""Every reader of what customers write takes time by its length, whatever a stranger makes of it.

By the square, the larger of the two inputs that are measured would take 16 times as long (see tests/kit/growth.py).
"""

import json
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote

import pytest

from functions.capture_email import bodies, charsets, mime
from functions.capture_email.containers import signed_content, winmail
from functions.capture_email.flowed import unflowed
from functions.capture_email.hypertext import to_lines
from functions.capture_email.line import plain_lines
from functions.capture_email.ours import Ours
from functions.capture_email.quoting import customers_words
from functions.capture_web import body
from functions.notify import mail, slack, teams
from functions.notify.cards import Beside, Card, make_card
from shared.addresses import contact
from shared.conditions.reader import parse
from shared.config.load import load
from shared.config.model import Route
from shared.languages import folding, reactions
from shared.languages.packs import LANGUAGES, language_of
from shared.languages.reading import clean, read
from shared.model.scales import Scale
from shared.text import gsm7, lines, marks, names, unseen
from shared.text.folding import fold
from shared.text.graphemes import cut, cut_to_fit, exceeds, split
from shared.web.http import Request
from tests.kit.factories import RECEIVED_AT, a_revision
from tests.kit.growth import assert_linear
from tests.kit.http_api import http_event

ROUTE = Route(team="tills", to=("email:tills@fernleaf.example",))

EXTENDED = {  # by what joins, follows or stands before it, one grapheme or very many
    "joiners": ("👩", "\u200d👩"),
    "bare joiners": ("a", "\u200d"),
    "variation selectors": ("a", "\ufe0f"),
    "jamo": ("", "\u1100"),
    "closing jamo": ("가", "\u11a8"),
    "prepended": ("", "\u0600"),
    "skin tones": ("👍", "🏽"),
    "flags": ("", "🇬"),
    "marks": ("a", "\u0301\u0316"),
    "marks by 30": ("", "a" + "\u0301\u0316" * 15),
    "spacing marks": ("क", "\u093f"),
    "conjuncts": ("", "क\u094d"),
    "breaks": ("", "\r\n"),
}
SIGNS = [
    "a",
    "1 ",
    "1, ",
    "1/",
    ",",
    "\n",
    " ",
    "😀",
    "⭐️",
    "> ",
    ">\n",
    "<",
    "<p ",
    "<b>",
    "</b>",
    "&",
    "&#x41;",
    "&amp",
]
QUOTING = [
    "> a\n",
    "a\n> ",
    "<blockquote>",
    "<!--",
    '<a b="',
    "<div>a",
    "On 1 wrote:\n",
    "On a,\n",
    "From: a\n",
    "-- \n",
]
MIME = [
    "--b\n",
    "\n--b",
    "--b\r\n\r\n",
    "--b\n\na\n",
    "--b \n",
    "A: b\n",
    " \n",
    "=\n",
    "= ",
    "=?a?q?b?= ",
    "(",
    ";a=",
    '"',
]
CONTAINED = ["--b\nContent-Type: multipart/mixed; boundary=b\n\n", "Content-Type: message/rfc822\n\n", "YWFh\n", "a b "]


def extended(kind: str) -> Callable[[int], str]:
    first, then = EXTENDED[kind]
    return lambda length: (first + then * length)[:length]


def repeated(piece: str) -> Callable[[int], str]:
    return lambda length: (piece * length)[:length]


ANY_TEXT = [pytest.param(extended(kind), id=kind) for kind in EXTENDED]
ANY_TEXT += [pytest.param(repeated(piece), id=repr(piece)) for piece in SIGNS]
ANY_MAIL = ANY_TEXT + [pytest.param(repeated(piece), id=repr(piece)) for piece in QUOTING]


@pytest.mark.parametrize("kind", EXTENDED)
def test_graphemes(kind: str) -> None:
    def cuts(text: str) -> None:
        exceeds(text, len(text) - 1)
        cut(text, len(text) // 2)
        cut_to_fit(text, lambda part: len(part) < len(text) // 2)
        split(text, len, 500)

    assert_linear(cuts, extended(kind), 2_000)


def test_a_grapheme_as_long_as_a_mail() -> None:
    assert_linear(lambda text: exceeds(text, 5), extended("jamo"), 100_000)  # below, copying it costs next to nothing


@pytest.mark.parametrize("make", ANY_TEXT)
def test_text(make: Callable[[int], str]) -> None:
    def look(text: str) -> None:
        gsm7.measure(gsm7.plain(text))
        lines.fits_in_line(lines.one_line(text))
        unseen.before(text, len(unseen.plain(text)))
        names.as_name(text)
        fold(marks.bounded(text))

    assert_linear(look, make, 4_000)


@pytest.mark.parametrize("make", ANY_TEXT)
def test_what_is_posted(make: Callable[[int], str]) -> None:
    touchpoint = load().touchpoints["checkout"]

    def post(text: str) -> None:
        as_form = "application/x-www-form-urlencoded"
        bodies = [("application/json", json.dumps({field: text})) for field in body.FIELDS]
        bodies += [("application/json", text), (as_form, text)]
        bodies += [(as_form, f"{field}={quote(text)}") for field in body.FIELDS]
        for kind, content in bodies:
            with suppress(Exception):  # what comes of it is for the tests of the body
                body.read(Request(http_event("POST", "/f/link", {"content-type": kind}, content)), touchpoint)

    assert_linear(post, make, 3_000)  # a form has at most 64 kB, and a sign is 12 characters of it


@pytest.mark.parametrize("make", ANY_TEXT)
@pytest.mark.parametrize("address", [contact.email, contact.phone])
def test_addresses(address: Callable[[str], str], make: Callable[[int], str]) -> None:
    def look(text: str) -> None:
        with suppress(ValueError):
            address(text)

    assert_linear(look, make, 4_000)


@pytest.mark.parametrize("make", ANY_TEXT)
def test_words_and_texts(make: Callable[[int], str]) -> None:
    def understand(text: str) -> None:
        words = clean(text)
        read(words, Scale.SMILE5, LANGUAGES)
        reactions.find(words, unseen.plain(words))
        folding.tokens(words)
        folding.fold_same_length(words)
        language_of(words, LANGUAGES)

    assert_linear(understand, make, 2_000)


@pytest.mark.parametrize("make", ANY_TEXT)
def test_conditions(make: Callable[[int], str]) -> None:
    def look(text: str) -> None:
        with suppress(ValueError):
            parse(f"words ~ {json.dumps(text)}")
        with suppress(ValueError):
            parse(text)

    assert_linear(look, make, 4_000)


@pytest.mark.parametrize("make", ANY_MAIL)
def test_mails_words(make: Callable[[int], str]) -> None:
    ours = Ours.of(load())

    def understand(text: str) -> None:
        text = clean(text)
        customers_words(plain_lines(text), ours, answers_us=True)
        customers_words(to_lines(text), ours, answers_us=True)
        unflowed(text, joins_words=True)

    assert_linear(understand, make, 2_000)


@pytest.mark.parametrize("make", ANY_TEXT)
def test_charsets(make: Callable[[int], str]) -> None:
    def decode(text: str) -> None:
        for label in ("utf-8", "iso-8859-1", "iso-2022-jp", "utf-7", "utf-16", "made up"):
            charsets.decode(text.encode(), label)

    assert_linear(decode, make, 4_000)


@pytest.mark.parametrize("piece", MIME + CONTAINED)
@pytest.mark.parametrize(
    "head",
    [
        "",
        "Subject: ",
        "Content-Type: multipart/mixed; boundary=b\n\n",
        "Content-Type: text/plain; charset=",
        "Content-Transfer-Encoding: base64\n\n",
        "Content-Transfer-Encoding: quoted-printable\n\n",
        "Content-Transfer-Encoding: uuencode\n\nbegin 1 a\n",
    ],
)
def test_parts_of_mails(head: str, piece: str) -> None:
    def unpack(raw: str) -> None:
        with suppress(mime.MailUnreadable):
            found = mime.read(raw.encode())
            for part in (*bodies.bodies(found), *bodies.last_resort(found)):
                bodies.shows(part.text)
            mime.decode_words(raw)

    assert_linear(unpack, lambda length: head + repeated(piece)(length), 8_000)


_NESTED = b"\x24\x80" * 16 + b"\0\0" * 16


@pytest.mark.parametrize(
    "piece", [_NESTED, b"\x30\x80", b"\x24\x80", b"\x04\0", b"\0", b"\x02\x0c\x80\x02\0" + b"\0" * 6]
)
def test_containers(piece: bytes) -> None:
    signed = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80"

    def unpack(data: bytes) -> None:
        signed_content(signed + data)
        signed_content(signed + b"\x30\x80\xa0\x80\x24\x80" + data)
        winmail(b"\x78\x9f\x3e\x22\0\0" + data)

    assert_linear(unpack, lambda length: (piece * length)[:length], 2_000)


def test_containers_in_containers() -> None:
    signed = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80"
    assert_linear(signed_content, lambda depth: signed + (b"\x24\x80" * depth + b"\0\0" * depth) * 20, 4)


@pytest.mark.parametrize("make", ANY_TEXT)
def test_cards(make: Callable[[int], str]) -> None:
    config = load()

    def show(card: Card) -> None:
        slack.render(card)
        teams.render(card)
        mail.render(card, "#00704a")

    def card(length: int) -> Card:
        return make_card(config, "tills", ROUTE, a_revision(comment=make(length)), Beside(RECEIVED_AT))

    assert_linear(show, card, 3_000)
