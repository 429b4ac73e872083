"""What mail programs write around the mail that is answered or passed on, in many languages.

The words stand in `shared/languages/<language>/mail.toml`: names of headers, what stands on the rule above an original,
the verbs of an introduction, and the lines that programs put below what was written.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from functions.capture_email.line import Line
from shared.languages.packs import mail_programs

DATE = re.compile(
    r"(?<!\d)(?:19|20|25|١٩|٢٠|۱۹|۲۰|१९|२०|๒๕)\d\d(?!\d)|(?<!\d)\d{1,2} ?[./-] ?\d{1,2} ?[./-] ?\d{2,4}(?!\d)"
)
"""A day with its year, in any script's digits."""
TIME = re.compile(r"(?<!\d)\d{1,2}[:.h٫時时시] ?\d{2}(?!\d)")
RULE = re.compile(r"[_\-=*‐-―─━]{4,}")

_MAX_INLINE = 4_000  # characters in front of an introduction on the line of what it introduces
_CLOSING = re.compile(r"[>)\]]*[^:：]{0,40}[:：](?=\s|$)")
_MAX_BLOCK = 16  # lines
_MAX_LABEL = 32  # characters
_LABEL = re.compile(r"[*_|\s]*([^\s*|:：][^*|:：\t]*?)[\s*_]*[:：|\t]")
_MAX_RULE = 120  # characters, and of what it says between its dashes:
_MAX_RULE_SAID = 60
_DASHES = "-_=*‐‑‒–—― :："
_DASHED = re.compile(r"[-‐-―]{3,}\s*(\S.{1,300}\S)\s*[-‐-―]{2,}")
_RULE_IN_FRONT = re.compile(r"[-_]{3,}\s*([^\s_-][^_]{1,50}?)\s*[-_]{3,}")
_URL = re.compile(r"[<(\[]\s*(?:https?://|mailto:)[^\s>)\]]+\s*[>)\]]|https?://\S+")
_SPLIT = re.compile(r"[.!]*[\s,;:/|()\[\]®™–—]+|[.!]+$")
_PUNCTUATED = re.compile(r"[，。？：、؟،,?:]")
_BRANDS = re.compile(
    r"iphone|ipad|ipod|imac|macbook|mac\b|galaxy|samsung|huawei|xiaomi|redmi|poco|oppo|vivo\b|oneplus|realme|honor|moto"
    r"|nokia|lumia|sony|xperia|lg\b|htc|pixel|nexus|android|ios\b|windows|blackberry|yahoo|ymail|aol|outlook|gmail|google"
    r"|hotmail|proton|gmx|web\.de|freenet|t-online|telekom|libero|orange|laposte|spark|mailspring|airmail|edison|bluemail"
    r"|blue\b|tutanota|tuta|fastmail|zoho|yandex|яндекс|mail\.ru|k-9|thunderbird|verizon|at&t|t-mobile|vodafone|o2\b"
    r"|fairphone|canary|newton|superhuman|nine\b|aqua|icloud|apple|onet|interia|\bwp\b|seznam|virgilio|tiscali|uol|bol\b"
    r"|terra|naver|daum|kakao|qq|foxmail|netease|163|126|docomo|softbank|zte|alcatel|wiko|asus|lenovo|acer|surface"
    r"|aquos|arrows|shortwave|missive|polymail|mimestream|betterbird|roundcube|zimbra"
    r"|thinkpad|chromebook|kindle|nothing|cat\b|doro|emporia|iphon|mailbird|em ?client|posteo|mailbox|hey\b",
    re.IGNORECASE,
)
_CASELESS = re.compile(r"[֐-ࣿऀ-໿ᄀ-ᇿ぀-ヿ㐀-鿿가-힯]")


class Label(StrEnum):
    """What a line of a block of headers names; the values are the keys of `mail.toml`."""

    FROM = "from"
    SENT = "sent"
    TO = "to"
    SUBJECT = "subject"
    OTHER = "other"


class Block(NamedTuple):
    """The headers of a mail as a program repeats them above it."""

    end: int
    """The first line behind it."""
    labels: frozenset[Label]
    text: str
    sender: str
    """What stands behind the name for From."""


def header_block(lines: Sequence[Line], at: int, *, without_colons: bool = False) -> Block | None:
    """The block that begins here, of two known headers or more. Folded and wrapped values, and blank lines between
    headers, belong to it.
    """
    if _label(lines[at].bare, without_colons=without_colons) is None:
        return None
    level, end, last = lines[at].level, at, min(len(lines), at + _MAX_BLOCK)
    labels: set[Label] = set()
    sender = ""
    reading = at
    while reading < last:
        line = lines[reading]
        if line.level != level and line.bare:
            break
        label = _label(line.bare, without_colons=without_colons)
        if label:
            if label in labels and label is not Label.OTHER:
                break  # another block
            labels.add(label)
            end = reading + 1
            if label is Label.FROM:
                sender = line.bare
        elif line.bare and reading == end and line.text[:1] in (" ", "\t") and not _ends_block(line.bare):
            end = reading + 1  # folded
        elif line.bare and not _has_label_soon(lines, reading, end, last, without_colons=without_colons):
            break
        reading += 1
    if len(labels) < 2:
        return None
    return Block(end, frozenset(labels), "\n".join(line.bare for line in lines[at:end]), sender)


def is_header(bare: str) -> bool:
    """Whether a line names a header that programs repeat above a mail."""
    return _label(bare, without_colons=False) is not None


def rule_says(bare: str) -> str | None:
    """`original` or `forwarded`, for a line that a program puts above such a mail; None for any other."""
    if len(bare) > (_MAX_RULE if bare[:1] in _DASHES else _MAX_RULE_SAID):
        return None
    said = bare.replace("&nbsp;", " ").strip(_DASHES)
    return _rules().get(_fold(said)) if 0 < len(said) <= _MAX_RULE_SAID else None


def begins_with_rule(bare: str) -> bool:
    """Whether such a rule has what follows it on the same line."""
    match = _RULE_IN_FRONT.match(bare) if bare.startswith(("---", "___")) else None
    return match is not None and _fold(match[1]) in _rules()


def undashed(bare: str) -> str | None:
    """What stands between the dashes of a line such as `---- On …, Ana wrote ----`."""
    match = _DASHED.fullmatch(bare) if bare.startswith(("---", "‐‐‐", "–––", "———")) else None
    return match[1] if match else None


def has_verb(text: str) -> bool:
    """Whether a program's word for writing stands in it."""
    folded = text.casefold()
    verbs = _verbs()
    return any(verbs[word].search(folded) for word in filter(folded.__contains__, verbs))


def inline_introduction(bare: str, ours: re.Pattern[str]) -> tuple[int, int] | None:
    """Where an introduction with our address begins and ends, in a line that goes on with what was quoted."""
    address = ours.search(bare[:_MAX_INLINE])
    closing = _CLOSING.match(bare, address.end()) if address else None
    if address is None or closing is None:
        return None
    dates = [date.start() for date in DATE.finditer(bare, 0, address.start())]
    openings = [each.start() for each in _openings().finditer(bare, 0, dates[-1])] if dates else []
    return (openings[-1], closing.end()) if openings else None


def is_sent_from(bare: str) -> bool:
    """Whether a line is what a program or a phone puts below what was written, such as `Sent from my iPhone`."""
    if not bare or len(bare) > 160 or not _is_hinted(bare.casefold()):
        return False
    line = _URL.sub(" ", bare).strip(" .!。")
    for pattern in _sent_from():
        match = pattern.fullmatch(line)
        if match and all(_is_product(thing) for thing in match.groupdict().values() if thing):
            return True
    return False


def _is_product(thing: str) -> bool:
    """Whether words name a device or a program, and nothing else."""
    devices, beside = _devices()
    folded = _fold(thing)
    if _CASELESS.search(thing):
        return (
            len(thing) <= 50
            and not _PUNCTUATED.search(thing)
            and bool(_BRANDS.search(thing) or any(device in folded for device in devices))
        )
    tokens = [token for token in _SPLIT.split(thing) if token]
    known = [bool(_BRANDS.match(token) or _fold(token) in devices) for token in tokens]
    return any(known) and all(
        is_known or not token[0].islower() or any(char.isdigit() for char in token) or _fold(token) in beside
        for token, is_known in zip(tokens, known, strict=True)
    )


def _label(bare: str, *, without_colons: bool) -> Label | None:
    head = bare[: _MAX_LABEL + 4]
    match = _LABEL.match(head) if ":" in head or "：" in head or "|" in head or "\t" in head else None
    if match:
        return _labels().get(_fold(match[1]))
    if without_colons:
        return _labels().get(_fold(head.partition(" ")[0]))
    return None


def _has_label_soon(lines: Sequence[Line], at: int, end: int, last: int, *, without_colons: bool) -> bool:
    """Whether a line that names no known header is wrapped, or names another, within a block that goes on."""
    if at > end or _ends_block(lines[at].bare):
        return False
    following = (line.bare for line in lines[at + 1 : min(last, at + 3)])
    return any(_label(bare, without_colons=without_colons) for bare in following if bare)


def _ends_block(bare: str) -> bool:
    return len(bare) > 2_000 or bool(RULE.fullmatch(bare))


def _fold(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())


def _words(*keys: str) -> Iterable[str]:
    return (word for pack in mail_programs() for key in keys for word in pack.get(key, ()))


@cache
def _labels() -> dict[str, Label]:
    found: dict[str, Label] = {}
    for pack in mail_programs():
        for label in Label:
            for name in pack["labels"].get(label.value, ()):
                found.setdefault(_fold(name), label)
    return found


@cache
def _rules() -> dict[str, str]:
    return {_fold(word): key for key in ("original", "forwarded") for word in _words(key)}


@cache
def _verbs() -> dict[str, re.Pattern[str]]:
    words = {word.casefold() for word in _words("wrote")}
    return {
        word: re.compile(re.escape(word) if _CASELESS.search(word) else rf"(?<!\w){re.escape(word)}(?!\w)")
        for word in words
    }


@cache
def _openings() -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in sorted(set(_words("on")), key=len, reverse=True) if word)
    return re.compile(rf"(?:^|(?<=\s))(?:{words})\s")


@cache
def _devices() -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(map(_fold, _words("devices"))), frozenset(map(_fold, _words("beside")))


def _is_hinted(folded: str) -> bool:
    """Whether a word stands in a line that stands in every such line, of whatever language."""
    return any(map(folded.__contains__, _hints()))


@cache
def _hints() -> tuple[str, ...]:
    # Each brand as plain letters: its pattern without boundaries of words, and without what may stand before a blank.
    brands = re.sub(r"\\b|\w+ \?", "", _BRANDS.pattern).replace("\\", "").split("|")
    words = {*brands, "virus-free", "avast", "avg.", *(device.casefold() for device in _words("devices"))}
    return tuple(word for word in words if not any(other != word and other in word for other in words))


@cache
def _sent_from() -> tuple[re.Pattern[str], ...]:
    patterns = []
    for template in dict.fromkeys(_words("sent_from")):
        first = template.replace("{thing}", "(?P<one>.{2,90}?)", 1)
        patterns.append(re.compile(first.replace("{thing}", "(?P<two>.{2,40})"), re.IGNORECASE))
    return tuple(patterns)
