"""What cannot be seen in a text: it neither blocks nor changes what is written around it."""

import re

UNSEEN: dict[int, None] = dict.fromkeys(
    (  # format characters (Unicode's Cf), variation selectors and fillers; the signs of Arabic numbers are seen
        *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0x200B, 0x2010)),
        *(*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0),
        *(*range(0xFFF0, 0xFFFD), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B)),
        *(0xE0001, *range(0xE0020, 0xE0080), *range(0xE0100, 0xE01F0)),
    )
)
"""As `str.translate` takes it. Some of it holds a text together, such as families of emoji: only what is compared or
dialled goes without it."""


def seen(text: str) -> str:
    """The text without what cannot be seen."""
    return text if text.isascii() else text.translate(UNSEEN)


_BLANKS = (0x9, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
_PLAIN: dict[int, str | None] = {
    **UNSEEN,
    **dict.fromkeys(_BLANKS, " "),
    **dict.fromkeys((0xB, 0xC, 0xD, 0x85, 0x2028, 0x2029), "\n"),
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full width
    **{ord(sign): plain for sign, plain in zip("。｡、٫⁄∕", "..,.//", strict=True)},
}


# A search is quicker than a translation of nothing, where the planes above the first stand in it as ranges.
_ODD = re.compile(
    f"[{''.join(chr(code) for code in _PLAIN if code < 0x1_0000)}\U0001bca0-\U0001d17a\U000e0001-\U000e01ef]"
)


def plain(text: str) -> str:
    """The text without what cannot be seen, each blank as a space, full-width signs and their like as ASCII.

    No sign becomes more than one: see `before`.
    """
    if text.isascii() and "\t" not in text:
        return text
    return text.translate(_PLAIN) if _ODD.search(text) else text


def before(text: str, position: int) -> int:
    """How many characters of `text` the first `position` ones of `plain(text)` are."""
    for index, sign in enumerate(text):
        if _PLAIN.get(ord(sign), sign) is None:
            continue
        if position == 0:
            return index
        position -= 1
    return len(text)
