"""HTML mail as the lines that its reader saw, with what the markup says of each.

The scan is linear in what a stranger wrote: Python's `html.parser` takes half a minute for 100 kB of `<p` without an
end, and stops with an AssertionError at what Outlook writes for its own old versions.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html import unescape
from typing import NamedTuple

from functions.capture_email.line import Line, Mark, marked_line
from shared.languages.reading import clean

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_RAW = frozenset({"style", "script", "title", "textarea", "noscript"})  # no tags inside: skipped to their end
_SILENT = frozenset({"head", "template", "object", "svg"})
_BLOCKS = frozenset(
    {"address", "article", "blockquote", "center", "div", "dl", "dd", "dt", "footer", "form", "h1", "h2", "h3", "h4"}
    | {"h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tbody", "tr", "ul"}
)
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table"})
_CITING = frozenset({"gmail_quote", "protonmail_quote", "zmail_extra", "cite"})
_MARKS = {  # classes and ids that programs give to what they add
    "gmail_attr": Mark.INTRODUCTION,
    "moz-cite-prefix": Mark.INTRODUCTION,
    "divRplyFwdMsg": Mark.ORIGINAL,
    "OLK_SRC_BODY_SECTION": Mark.ORIGINAL,
    "mail-editor-reference-message-container": Mark.ORIGINAL,
    "gmail_signature": Mark.SIGNATURE,
    "gmail_signature_prefix": Mark.SIGNATURE,
    "moz-signature": Mark.SIGNATURE,
    "k9mail-signature": Mark.SIGNATURE,
    "protonmail_signature_block": Mark.SIGNATURE,
    "composer_signature": Mark.SIGNATURE,
    "ms-outlook-mobile-signature": Mark.SIGNATURE,
    "ymail_android_signature": Mark.SIGNATURE,
}
_MAX_DEPTH = 200

_TAG = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})(.*)", re.DOTALL)
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(class|id|style|type|alt|data-emoji|data-signature-widget)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_KEEPS_BREAKS = re.compile(r"white-space\s*:\s*(pre-line|pre|break-spaces)", re.IGNORECASE)
_TORN = re.compile(r"""=\s*(["'])[^"']*$""")
_CUT_OFF = re.compile(r"</?[a-zA-Z][a-zA-Z0-9:]{0,30}\s[^<>]*=[^<]*$")
_MAX_VALUE = 1_000  # characters of an attribute's value with a > in it
_MAX_PICTURE = 16  # characters of what stands for a picture


def to_lines(html: str) -> list[Line]:
    """The visible lines. Never raises for what the markup is; unclosed and crossed tags are read as they stand."""
    page = _Page()
    for token in _tokens(html):
        if isinstance(token, str):
            page.say(unescape(token))
        elif token.closes:
            page.close(token.name)
        else:
            page.open(token)
    return page.lines()


class _Tag(NamedTuple):
    name: str
    closes: bool
    inside: str

    def attributes(self) -> dict[str, str]:
        if "=" not in self.inside:
            return {}
        found = _ATTRIBUTE.findall(self.inside[:2_000])
        return {name.lower(): value.strip("\"'") for name, value in found}


def _tokens(html: str) -> Iterator[str | _Tag]:
    """Texts and tags in their order; comments, declarations and the content of scripts and styles are passed over."""
    at = 0
    while (start := html.find("<", at)) != -1:
        yield html[at:start]
        comment = html.startswith("<!--", start)
        end = html.find("-->" if comment else ">", start)
        if end == -1:
            at = len(html) if comment or _CUT_OFF.match(html, start) else start
            break
        end = end if comment else _end_of_tag(html, start, end)
        at = end + (3 if comment else 1)
        match = _TAG.match(html, start + 1, end)
        if match:
            tag = _Tag(match[2].lower(), bool(match[1]), match[3])
            yield tag
            if tag.name in _RAW and not tag.closes:
                close = re.compile(rf"</{tag.name}\b", re.IGNORECASE).search(html, at)
                at = close.start() if close else len(html)
        elif html[start + 1] not in "!?/":
            yield "<"
            at = start + 1
    yield html[at:]


def _end_of_tag(html: str, start: int, end: int) -> int:
    """Where a tag ends whose first > may stand in an attribute's value."""
    torn = _TORN.search(html, start, min(end, start + _MAX_VALUE))
    quote = html.find(torn[1], end, end + _MAX_VALUE) if torn and end - start < _MAX_VALUE else -1
    after = html.find(">", quote, quote + _MAX_VALUE) if quote != -1 and "<" not in html[end:quote] else -1
    return end if after == -1 else after


class _Open(NamedTuple):
    """An element that is open, and what it makes of its content."""

    name: str
    silences: bool = False
    quotes: bool = False
    cites: bool = False
    keeps_breaks: bool = False
    keeps_blanks: bool = False
    mark: Mark | None = None


class _Shown(NamedTuple):
    """A line before it is cleaned."""

    text: str
    depth: int = 0
    is_cited: bool = False
    mark: Mark | None = None


class _Page:
    """What has been read so far: whole lines, and the line being written."""

    def __init__(self) -> None:
        self._lines: list[_Shown] = []
        self._line: list[str] = []
        self._open: list[_Open] = []
        self._names: Counter[str] = Counter()
        self._marks: list[Mark] = []
        self._silent = 0
        self._quoted = 0
        self._cited = 0
        self._broken = 0
        self._preformatted = 0

    def open(self, tag: _Tag) -> None:
        name = tag.name
        if name == "br":
            self._break()
        elif name in _BLOCKS:
            self._end_block(name)
        elif name in ("td", "th"):
            self._line.append(" ")
        if name == "img":
            self.say(_picture(tag.attributes()))
        if name in _VOID or len(self._open) >= _MAX_DEPTH:
            return
        opened = _opened(name, tag.attributes(), is_within_citation=bool(self._cited))
        if name == "li":
            self.say("- ")
        self._open.append(opened)
        self._names[name] += 1
        self._count(opened, 1)
        if opened.mark:
            self._marks.append(opened.mark)

    def close(self, name: str) -> None:
        if name in _BLOCKS:
            self._end_block(name)
        if not self._names[name]:
            return
        while True:
            opened = self._open.pop()
            if opened.mark:
                self._end_block("div")
                self._marks.pop()
            self._names[opened.name] -= 1
            self._count(opened, -1)
            if opened.name == name:
                return

    def say(self, text: str) -> None:
        if self._silent:
            return
        if not self._broken:
            self._line.append(text.replace("\n", " "))
            return
        first, *others = text.replace("\r", "\n").split("\n")
        self._line.append(first)
        for line in others:
            self._break()
            self._line.append(line)

    def lines(self) -> list[Line]:
        """All lines. Entities can stand for what no text may hold, so they are cleaned once more."""
        self._end_block("div")
        if not self._lines:
            return []
        texts = clean("\n".join(shown.text for shown in self._lines)).split("\n")
        return [
            marked_line(text, shown.depth, is_cited=shown.is_cited, mark=shown.mark)
            for text, shown in zip(texts, self._lines, strict=True)
        ]

    def _count(self, opened: _Open, by: int) -> None:
        self._silent += opened.silences * by
        self._quoted += opened.quotes * by
        self._cited += opened.cites * by
        self._broken += opened.keeps_breaks * by
        self._preformatted += opened.keeps_blanks * by

    def _end_block(self, name: str) -> None:
        if "".join(self._line).strip():
            self._break()
        self._line = []
        if name in _SPACED and not self._silent and self._lines and self._lines[-1].text:
            self._lines.append(_Shown(""))

    def _break(self) -> None:
        if not self._silent:
            text = "".join(self._line).replace("\u00a0", " ").replace("\r", " ")
            text = text.rstrip() if self._preformatted else " ".join(text.split())
            mark = self._marks[-1] if self._marks else None
            self._lines.append(_Shown(text, self._quoted, bool(self._cited), mark))
        self._line = []


def _opened(name: str, attributes: Mapping[str, str], *, is_within_citation: bool) -> _Open:
    if not attributes:
        quotes = name == "blockquote"
        return _Open(name, name in _SILENT, quotes, quotes and is_within_citation, name == "pre", name == "pre")
    names = [*attributes.get("class", "").split(), attributes.get("id", "").removeprefix("x_")]
    style = attributes.get("style", "")
    mark = next((_MARKS[each] for each in names if each in _MARKS), None)
    breaks = _KEEPS_BREAKS.search(style)
    cites = name == "blockquote" and (
        is_within_citation or attributes.get("type") == "cite" or not _CITING.isdisjoint(names)
    )
    return _Open(
        name,
        silences=name in _SILENT or bool(_HIDDEN.search(style)),
        quotes=name == "blockquote",
        cites=cites,
        keeps_breaks=name == "pre" or breaks is not None,
        keeps_blanks=name == "pre" or (breaks is not None and breaks[1].lower() != "pre-line"),
        mark=Mark.SIGNATURE if "data-signature-widget" in attributes else mark,
    )


def _picture(attributes: Mapping[str, str]) -> str:
    """The emoji that a picture stands for; nothing for any other picture."""
    said = unescape(attributes.get("data-emoji") or attributes.get("alt", ""))
    is_emoji = len(said) <= _MAX_PICTURE and not any(map(str.isalpha, said)) and any(sign > "\u2000" for sign in said)
    return said if is_emoji else ""
