"""HTML as a browser takes it apart."""

from html.parser import HTMLParser
from typing import Any

NEVER_CLOSED = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta"}


class Markup(HTMLParser):
    """The elements of some HTML with their attributes, and its text; styles and scripts are no text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.texts: dict[str, list[str]] = {}
        """What stands in the elements of a name, each with all that is inside it."""
        self._open: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in NEVER_CLOSED:
            self.texts.setdefault(tag, []).append("")
            self._open.append((tag, len(self.texts[tag]) - 1))

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1][0] == tag, f"</{tag}> closes <{self._open[-1][0]}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        """Text, or what stands in a style or a script."""
        for tag, at in self._open:
            self.texts[tag][at] += data
        if not self._open or self._open[-1][0] not in ("style", "script"):
            self.text += data

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The elements and the names of their attributes, in order: what text can never change."""
        return [(tag, tuple(attributes)) for tag, attributes in self.attributes]

    def values(self, name: str) -> list[str | None]:
        """The values of all attributes of a name."""
        return [attributes[name] for _, attributes in self.attributes if name in attributes]


def read(html: str) -> Markup:
    """Take HTML apart; elements that are not closed where they should be are an error."""
    parser: Any = Markup()
    parser.feed(str(html))  # not a Markup, which escapes what is cut from it
    parser.close()
    assert not parser._open, f"left open: {parser._open}"
    return parser  # type: ignore[no-any-return]
