"""What a customer wrote, out of a mail that also holds what they answered to, a signature and a footer.

mail-parser-reply knows how clients in many languages introduce a quotation, and only that knowledge of it is used here:
its signatures and disclaimers take customers' words with them ("Data: ..." on a line of its own is a header to it), and
its patterns take seconds on a line of 5,000 characters. In doubt words are kept.
"""

import re
from collections.abc import Iterator
from functools import cache

from mailparser_reply.constants import MAIL_LANGUAGES

from functions.capture_email.hypertext import ORIGINAL_FOLLOWS

MAX_LINES = 4_000
_MAX_INTRODUCTION = 400  # characters, over up to three lines
_MAX_INTRODUCTIONS = 20  # looked at in one mail

_DASHED = re.compile(r"[-_]{3,}\s?\S.{1,50}\S\s?[-_]{3,}")
_RULE = re.compile(r"[_\-=*]{5,}")
_LABELLED = re.compile(r"\*?[^\s:>][^:>]{0,30}:\*?(\s|$)")
_CUT_OFF = re.compile(r"\d.*[,،<(]$")
"""A first line with a date, that goes on below."""
_INLINE = re.compile(r"(^|\s)(On|Am|Le|El|Il|Op|Em|Den|Dnia)\s[^<>]{5,120}<[^<>]{3,200}>[^:]{0,40}[:：]")
"""An introduction with the quotation on the same line."""
_TIME = re.compile(r"\d{1,2}[:.h٫]\d{2}")  # in any script's digits
_SIGNS_OF_A_CLIENT = re.compile(rf"\S+@\S+\.\S+|{_TIME.pattern}")
_SENT_FROM = re.compile(
    r"(?=.{0,100}$)"
    r"(?=.*(?<![a-z])(iphone|ipad|ipod|android|samsung|galaxy|outlook|yahoo|gmail|huawei|xiaomi|blackberry|nokia|windows|proton"
    r"|gmx|web\.de|mobile|handy|smartphone|téléphone|telefono?|teléfono|aol|fastmail|الآيفون|هاتفي)(?![a-z]))"
    r".*(?<![a-z])(sent|get|gesendet|holen|envoyé|télécharge[zr]|obtenir|enviado|obtener|obtén|inviato|scarica|verzonden|skickat"
    r"|hämta|sendt|wysłan[eoy]|odesláno|отправлено|gönderildi|أ[ُ]?رسل\w*|مرسل\w*|تم الإرسال|发自|送信|보냄|organize)",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"virus-free|checked for viruses|scanned (by|for)|confidential|privileged|intended (only|solely|recipient)"
    r"|vertraulich|confidentiel|confidencial|riservat|vertrouwelijk|سري[ةّ]?",
    re.IGNORECASE,
)
_STEERING = dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
_ABOUT_THE_MAIL = re.compile(
    r"e-?mail|message|nachricht|mensaje|messaggio|bericht|رسالة|البريد|avast|avg", re.IGNORECASE
)


def customers_words(text: str, ours: str, business: str) -> str:
    """The words without quotations, signature and footer. `ours` is our address, `business` our name on it."""
    lines = [line.rstrip() for line in text.split("\n", MAX_LINES)]
    kept = _without_quotations(lines, _names(ours, business))
    kept = _without_signature(_without_footer(_trim(kept)))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _names(ours: str, business: str) -> re.Pattern[str]:
    """Matches what names us in a client's line about the mail answered to."""
    local, _, domain = ours.partition("@")
    return re.compile(rf"{re.escape(local)}(\+\S*)?@{re.escape(domain)}|{re.escape(business)}", re.IGNORECASE)


def _bare(line: str) -> str:
    """A line without the characters that steer its direction, which clients put around addresses."""
    return line.translate(_STEERING).strip()


def _without_quotations(lines: list[str], us: re.Pattern[str]) -> list[str]:
    kept: list[str] = []
    at, looked_at = 0, 0
    while at < len(lines):
        line = _bare(lines[at])
        if line.startswith(">"):
            at += 1
            continue
        if _starts_original(lines, at, us):
            break
        # A quotation's introduction ends in a colon, on this line or on one of the next two.
        length = _introduction(lines, at, us) if line and looked_at < _MAX_INTRODUCTIONS else 0
        looked_at += ":" in line or "：" in line
        if length:
            rest = _skip_blank(lines, at + length)
            if not (rest < len(lines) and lines[rest].startswith(">")) and _trim(kept):
                break  # quoted without marks, so where it ends is unknown
            at = rest
            continue
        inline = _INLINE.search(line) if len(line) <= _MAX_INTRODUCTION else None
        if inline and us.search(inline[0]):
            kept.append(line[: inline.start()])
            break
        kept.append(lines[at])
        at += 1
    return kept


def _introduction(lines: list[str], at: int, us: re.Pattern[str]) -> int:
    """How many lines from here on introduce a quotation, such as `On …, Fernleaf Market <…> wrote:`; 0 for none."""
    for length in (1, 2, 3):
        window = [_bare(line) for line in lines[at : at + length]]
        joined = " ".join(window)
        if len(window) < length or not window[-1] or len(joined) > _MAX_INTRODUCTION:
            return 0
        if joined.endswith((":", "：")):
            rest = _skip_blank(lines, at + length)
            quoted = rest < len(lines) and lines[rest].startswith(">")
            return length if _is_one(window, us) and _introduces(joined, us, quoted=quoted) else 0
    return 0


def _is_one(window: list[str], us: re.Pattern[str]) -> bool:
    """Whether a first line belongs to those below, which then lack the time, and is not the customer's last."""
    first, *below = window
    if not below:
        return True
    return not _TIME.search(" ".join(below)) and bool(us.search(first) or _CUT_OFF.search(first))


def _introduces(line: str, us: re.Pattern[str], *, quoted: bool) -> bool:
    """Whether a line that ends in a colon is a client's, not the customer's own."""
    by_client, about_us = bool(_SIGNS_OF_A_CLIENT.search(line)), bool(us.search(line))
    if (quoted and (by_client or about_us)) or (by_client and about_us):
        return True
    return (quoted or by_client) and bool(_known_introductions().fullmatch(line))


@cache
def _known_introductions() -> re.Pattern[str]:
    """mail-parser-reply's patterns of `On … wrote:` in all its languages."""
    patterns = [entry["wrote_header"] for entry in MAIL_LANGUAGES.values() if "wrote_header" in entry]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.MULTILINE | re.IGNORECASE)


def _starts_original(lines: list[str], at: int, us: re.Pattern[str]) -> bool:
    """Whether the rest is the mail answered to, as Outlook and its kin put it: a rule or none, then its headers."""
    line = _bare(lines[at])
    if line == ORIGINAL_FOLLOWS or (_DASHED.match(line) and us.search(line)):
        return True
    start = _skip_blank(lines, at + 1) if _RULE.fullmatch(line) or _DASHED.fullmatch(line) else at
    block = list(_labelled(lines, start))
    return len(block) >= 3 and bool(us.search("\n".join(block)))


def _labelled(lines: list[str], start: int) -> Iterator[str]:
    """The `Label: value` lines that follow each other from here, of at most eight."""
    for line in lines[start : start + 8]:
        if not _LABELLED.match(line.strip()):
            return
        yield line


def _skip_blank(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _trim(lines: list[str]) -> list[str]:
    """Without blank lines and rules at both ends."""
    start, end = 0, len(lines)
    while start < end and _is_blank(lines[start]):
        start += 1
    while end > start and _is_blank(lines[end - 1]):
        end -= 1
    return lines[start:end]


def _is_blank(line: str) -> bool:
    return not line.strip() or bool(_RULE.fullmatch(line.strip()))


def _without_signature(lines: list[str]) -> list[str]:
    """Without what stands below `-- `, and without a phone's last line."""
    for at, line in enumerate(lines):
        if line.strip() in ("--", "—") and at and len(lines) - at <= 15:
            lines = _trim(lines[:at])
            break
    while len(lines) > 1 and _SENT_FROM.match(lines[-1].strip()):
        lines = _trim(lines[:-1])
    return [] if len(lines) == 1 and _SENT_FROM.match(lines[0].strip()) else lines


def _without_footer(lines: list[str]) -> list[str]:
    """Without last paragraphs that speak of the mail itself: disclaimers, and advertisements of virus scanners."""
    while lines:
        start = max((at + 1 for at, line in enumerate(lines) if not line.strip()), default=0)
        paragraph = " ".join(lines[start:])
        if not start or not (_FOOTER.search(paragraph) and _ABOUT_THE_MAIL.search(paragraph)):
            return lines
        lines = _trim(lines[:start])
    return lines
