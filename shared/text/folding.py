"""Words as conditions compare them: what looks alike to a reader is alike."""

import re
import unicodedata
from functools import lru_cache

from shared.text.unseen import UNSEEN

_LONGEST = 4  # characters that one sign may become, so that a folded comment still fits into an event
_CONTROLS = (*range(9), *range(0xE, 0x1C), 0x7F, *range(0x80, 0x85), *range(0x86, 0xA0))  # others are blanks
_MARKS = (0x640, *range(0x64B, 0x653), 0x670, *range(0x591, 0x5BE), 0x5BF, 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7)
_ALIKE: dict[int, str | None] = {
    **UNSEEN,
    **dict.fromkeys(_CONTROLS),
    **dict.fromkeys(_MARKS),  # tatweel, and the vowel marks of Arabic and Hebrew, which most people leave out
    **dict.fromkeys(map(ord, "’‘‛ʼʻʹ′`´"), "'"),
    **dict.fromkeys(map(ord, "“”„‟«»"), '"'),
    **dict.fromkeys(map(ord, "‐‑‒–−"), "-"),
    **dict.fromkeys(map(ord, "أإآٱ"), "ا"),
    ord("ى"): "ي",
    ord("ı"): "i",
}
_BLANKS = re.compile(r"\s+")
_DOTTED = re.compile("i\u0307+")  # what case folding makes of a Turkish İ


def fold(text: str) -> str:
    """The comparable text; folding it again changes nothing.

    Case, typographic quotes and dashes, wide and narrow forms, how accents are encoded, vowel marks, the hamza of an
    alef and what cannot be seen make no difference, and any run of blanks and line breaks is one space.
    """
    while (folded := _folded(text)) != text:
        text = folded
    return folded


def _folded(text: str) -> str:
    plain = text.translate(_ALIKE)
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", "".join(map(_compatible, plain)))
        plain = unicodedata.normalize("NFC", _DOTTED.sub("i", plain.casefold()))
    return _BLANKS.sub(" ", plain.lower())


@lru_cache(4096)
def _compatible(sign: str) -> str:
    """The letters that a ligature, a full-width or a styled sign stands for."""
    plain = unicodedata.normalize("NFKC", sign)
    return plain if len(plain) <= _LONGEST else sign
