"""Text whose lines a program broke for the way, put together again (RFC 3676)."""

import re

_QUOTED = re.compile(r">*")
_SIGNATURE = "-- "


def unflowed(text: str, *, joins_words: bool) -> str:
    """Whole paragraphs on a line each. `joins_words` is DelSp: the blank that marks a break was not the sender's.

    A blank before `>` keeps its place: the sender typed the sign, and quotes nothing.
    """
    lines: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.replace("\r\n", "\n").split("\n"):
        level = _level(line)
        rest = line[level:].removeprefix(" ")
        if not level and rest.startswith(">"):
            rest = f" {rest}"
        if paragraph and (level != depth or rest == _SIGNATURE):
            lines.append(_line(paragraph, depth))
            paragraph = []
        depth = level
        if rest.endswith(" ") and rest != _SIGNATURE:
            paragraph.append(rest[:-1] if joins_words else rest)
        else:
            lines.append(_line([*paragraph, rest], depth))
            paragraph = []
    if paragraph:
        lines.append(_line(paragraph, depth))
    return "\n".join(lines)


def _level(line: str) -> int:
    match = _QUOTED.match(line)
    return match.end() if match else 0


def _line(pieces: list[str], depth: int) -> str:
    text = "".join(pieces)
    return f"{'>' * depth} {text}" if depth else text
