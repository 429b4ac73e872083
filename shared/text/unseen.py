"""What cannot be seen in a text: it neither blocks nor changes what is written around it."""

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
