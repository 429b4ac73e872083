"""Colours `#rrggbb` that can be read: contrast as WCAG 2.2 counts it, 1 to 21; text needs 4.5."""

from collections.abc import Iterable

READABLE = 4.5
WHITE = "#ffffff"
PAPER = "#f7f5f1"  # the darkest that pages write on by day
DARK_CARD = "#1d201f"  # the lightest that pages write on by night


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def darkened(colour: str, background: str) -> str:
    """The same hue, dark enough to be read on a light background; a colour that already is stays as it is."""
    while contrast(colour, background) < READABLE:
        colour = _hex(int(channel * 0.95) for channel in _channels(colour))
    return colour


def lightened(colour: str) -> str:
    """The same hue, light enough to be read on a dark page; a colour that already is stays as it is."""
    while contrast(colour, DARK_CARD) < READABLE:
        colour = _hex(channel + (255 - channel) // 10 + 1 for channel in _channels(colour))
    return colour


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _hex(channels: Iterable[int]) -> str:
    return "#" + bytes(min(channel, 255) for channel in channels).hex()


def _luminance(colour: str) -> float:
    shares = (channel / 255 for channel in _channels(colour))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
