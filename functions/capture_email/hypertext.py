"""HTML mail as the text that its reader saw, with the quoted part marked as text mail marks it: by `>`.

The scan is linear in what a stranger wrote: Python's `html.parser` takes half a minute for 100 kB of `<p` without an
end, and stops with an AssertionError at what Outlook writes for its own old versions.
"""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from shared.languages.reading import clean

ORIGINAL_FOLLOWS = "-----Original Message-----"
"""The line put where Outlook's own markup says that the rest is the mail answered to."""

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
_QUOTES = frozenset({"gmail_quote", "gmail_quote_container", "yahoo_quoted", "protonmail_quote", "zmail_extra"})
_ORIGINALS = frozenset({"divRplyFwdMsg", "OLK_SRC_BODY_SECTION", "mail-editor-reference-message-container"})
_MAX_DEPTH = 200

_TAG = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})(.*)", re.DOTALL)
_ATTRIBUTE = re.compile(r"""\b(class|id|style|type)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)


def to_text(html: str) -> str:
    """The visible text. Never raises for what the markup is; unclosed and crossed tags are read as they stand."""
    page = _Page()
    for token in _tokens(html):
        if isinstance(token, str):
            page.say(unescape(token))
        elif token.closes:
            page.close(token.name)
        else:
            page.open(token)
    return clean(page.text())


class _Tag(NamedTuple):
    name: str
    closes: bool
    inside: str

    def attributes(self) -> dict[str, str]:
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
            at = len(html) if comment else start
            break
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


class _Page:
    """What has been read so far: whole lines, and the line being written."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._open: list[tuple[str, bool, bool]] = []  # tag, silences its content, quotes its content
        self._names: Counter[str] = Counter()
        self._silent = 0
        self._quoted = 0
        self._preformatted = 0

    def open(self, tag: _Tag) -> None:
        name = tag.name
        if name == "br":
            self._break()
        elif name in _BLOCKS:
            self._end_block(name)
        elif name in ("td", "th"):
            self._line.append(" ")
        if name in _VOID or len(self._open) >= _MAX_DEPTH:
            return
        attributes = tag.attributes()
        cited = name == "blockquote" and (attributes.get("type") == "cite" or self._quoted)
        quotes = bool(cited or _QUOTES.intersection(attributes.get("class", "").split()))
        silent = name in _SILENT or "display:none" in attributes.get("style", "").replace(" ", "").lower()
        if attributes.get("id", "").removeprefix("x_") in _ORIGINALS:
            self.say(ORIGINAL_FOLLOWS)
            self._end_block(name)
        if name == "li":
            self.say("- ")
        self._open.append((name, silent, quotes))
        self._names[name] += 1
        self._silent += silent
        self._quoted += quotes
        self._preformatted += name == "pre"

    def close(self, name: str) -> None:
        if name in _BLOCKS:
            self._end_block(name)
        if not self._names[name]:
            return
        opened = ""
        while opened != name:
            opened, silent, quotes = self._open.pop()
            self._names[opened] -= 1
            self._silent -= silent
            self._quoted -= quotes
            self._preformatted -= opened == "pre"

    def say(self, text: str) -> None:
        if self._silent:
            return
        if not self._preformatted:
            self._line.append(text.replace("\n", " "))
            return
        first, *others = text.split("\n")
        self._line.append(first)
        for line in others:
            self._break()
            self._line.append(line)

    def text(self) -> str:
        self._end_block("div")
        return "\n".join(self._lines).strip()

    def _end_block(self, name: str) -> None:
        if "".join(self._line).strip():
            self._break()
        self._line = []
        if name in _SPACED and not self._silent and self._lines and self._lines[-1].strip("> "):
            self._lines.append(">" if self._quoted else "")

    def _break(self) -> None:
        if not self._silent:
            text = "".join(self._line).replace("\u00a0", " ")
            text = text.rstrip() if self._preformatted else " ".join(text.split())
            self._lines.append(f"> {text}" if self._quoted else text)
        self._line = []
