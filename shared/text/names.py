"""What may stand as a name in a greeting of the business's: names come from others, and a greeting vouches for them."""

import re
import unicodedata

MAX_LENGTH = 50  # characters
MAX_WORDS = 5  # "María del Carmen García López"

_SIGNS = {
    **dict.fromkeys("'’‘ʼ´`", "'"),
    **dict.fromkeys("-‐‑·・", "-"),  # also the dots inside Catalan and Japanese names
    **dict.fromkeys("\u200c\u200d", "j"),  # joiners, inside Persian and Indic names
    ".": ".",
    " ": " ",
}
_PIECE = r"am*(?:j?am*)*\.?"
_INITIALS = r"(?:am*\.)+"
_WORD = rf"'?(?:{_INITIALS}|{_PIECE})(?:[-'](?:{_INITIALS}|{_PIECE}))*'?"
_NAME = re.compile(rf"{_WORD}(?: {_WORD}){{0,{MAX_WORDS - 1}}}")
"""The shape of a name: a letter is `a`, its mark `m`. A dot ends a word or an initial, so that no host is one."""


def as_name(text: str | None) -> str | None:
    """The name to greet somebody with; None for what is no name, such as digits, addresses, or a sentence.

    Letters of every script, apostrophes, hyphens, initials and abbreviations such as `Dr.` are.
    """
    name = re.sub(" +", " ", (text or "").strip())
    if len(name) > MAX_LENGTH or not _NAME.fullmatch("".join(map(_shape, name))):
        return None
    return name


def _shape(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    return {"L": "a", "M": "m"}.get(unicodedata.category(sign)[0], "x")
