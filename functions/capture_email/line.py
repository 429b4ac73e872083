"""A mail's text as lines, with what its marks and its markup say of each."""

import re
import unicodedata
from enum import Enum, auto
from typing import NamedTuple

MAX_LINES = 4_000

_MARKS = re.compile(r"(?:[>＞]\s?)+")
_UNSEEN: dict[int, str | None] = dict.fromkeys(
    [0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
_UNSEEN |= dict.fromkeys([0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0])  # letters without a shape
_UNSEEN |= dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x2800, 0x3000], " ")
_ODD = re.compile(f"[{''.join(map(chr, _UNSEEN))}]")  # a search is quicker than a translation of nothing
_QUOTING = re.compile(rf"[>＞\s{''.join(map(chr, _UNSEEN))}]*[>＞]\s?")


class Mark(Enum):
    """What a program's markup says of a line."""

    INTRODUCTION = auto()
    """It introduces a quotation."""
    ORIGINAL = auto()
    """The mail answered to or passed on begins here."""
    SIGNATURE = auto()
    """It belongs to a signature."""


class Line(NamedTuple):
    """One line. `text` is what is shown of it."""

    text: str
    bare: str
    """Without marks of quotation, and without what cannot be seen."""
    level: int
    """How often it is quoted."""
    is_cited: bool = False
    """Whether markup says so, and not a sign that anybody can type."""
    mark: Mark | None = None

    @property
    def unquoted(self) -> str:
        """What is shown, without the signs that quote it."""
        quoting = _QUOTING.match(self.text) if self.level else None
        return self.text[quoting.end() :] if quoting else self.text


def plain_lines(text: str, *, is_flowed: bool = False) -> list[Line]:
    """The lines of a text mail. Of very many, the last one is the rest. Where programs break them for the way, a blank
    before `>` says that somebody typed the sign.
    """
    lines = text.split("\n", MAX_LINES)
    if not is_flowed:
        return [Line(line, *_unmarked(seen(line))) for line in lines]
    return [
        Line(line[1:], seen(line), 0) if line.startswith(" >") else Line(line, *_unmarked(seen(line))) for line in lines
    ]


def marked_line(text: str, depth: int, *, is_cited: bool, mark: Mark | None) -> Line:
    """A line of markup, `depth` quotations deep."""
    bare, level = _unmarked(seen(text))
    return Line("> " * depth + text if is_cited else text, bare, level + depth, is_cited, mark)


def seen(text: str) -> str:
    """The text without what cannot be seen; every kind of blank is one."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_UNSEEN) if _ODD.search(text) else text)
    return text.strip()


def _unmarked(bare: str) -> tuple[str, int]:
    """A line without the signs that quote it, and how many those are."""
    if bare[:1] not in (">", "＞"):
        return bare, 0
    marks = _MARKS.match(bare)
    if marks is None or (marks.end() < len(bare) and unicodedata.combining(bare[marks.end()])):
        return bare, 0  # a sign that a mark above or through it makes another
    return bare[marks.end() :], sum(map(marks[0].count, ">＞"))
