"""How long a text message is on the air: GSM-7 when every character has a place in it, else UCS-2."""

from enum import StrEnum
from typing import NamedTuple

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")  # sent as an escape and a second septet, which may not be parted

# What word processors put in place of what people typed: one of them turns a whole text into UCS-2.
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "})


class Encoding(StrEnum):
    """How a text travels, which decides what fits into a segment."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


class Length(NamedTuple):
    """A text as it is billed: `units` are septets in GSM-7 and 16-bit units in UCS-2."""

    encoding: Encoding
    units: int
    segments: int


_LIMITS = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}  # a text that stands alone, a part of a longer one


def measure(text: str) -> Length:
    """Count units and segments. An empty text is one segment of no units; a character is never split over two."""
    widths = [1 if char in _BASIC else 2 if char in _EXTENDED else 0 for char in text]
    encoding = Encoding.GSM7 if all(widths) else Encoding.UCS2
    if encoding is Encoding.UCS2:
        widths = [2 if ord(char) > 0xFFFF else 1 for char in text]
    units = sum(widths)
    alone, part = _LIMITS[encoding]
    return Length(encoding, units, 1 if units <= alone else _parts(widths, part))


def plain(text: str) -> str:
    """Replace typographic quotes, dashes and spaces, which would more than halve a segment, by those of GSM-7."""
    return text.translate(_PLAIN)


def _parts(widths: list[int], limit: int) -> int:
    parts, room = 0, 0
    for width in widths:
        if width > room:
            parts, room = parts + 1, limit
        room -= width
    return parts
