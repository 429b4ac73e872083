"""Which parts of a mail are its words."""

import re
import unicodedata
from collections.abc import Iterator

from functions.capture_email.hypertext import to_lines
from functions.capture_email.mime import Headers, Part

MAX_PARTS_SHOWN = 20
_MAX_PLACEHOLDER = 300  # characters
_LOOKED_AT = 4_000  # characters
_MAX_HTML = 64_000  # characters
_TAG = re.compile(r"<(?:style|script|title)\b[^<]*</|<[^<>]{0,1000}>", re.IGNORECASE)  # linear, whatever the markup is
_WORD = re.compile(r"\w+")
_EMPTY_LETTERS = "\u2800\u3164\u115f\u1160\uffa0\u034f"  # letters and marks that show nothing
_OTHER_FILE = re.compile(r"\.(?!(?:txt|text|html?|asc|md)$)\w{1,5}$", re.IGNORECASE)
_NO_WORDS = re.compile(
    r"text/(?:calendar|(?:x-)?vcard|directory|css|csv|javascript|rfc822-headers|.*amp-html|watch-html)"
)


def bodies(mail: Part) -> list[Part]:
    """The parts that are shown: of alternatives one; of other parts all that are text and no files."""
    return _bodies(mail)[:MAX_PARTS_SHOWN]


def last_resort(mail: Part) -> list[Part]:
    """What else holds words, for a mail that shows none: text sent as a file, or of an unusual kind, a mail that is
    passed on, and what stands in winmail.dat.
    """
    return list(_unusual(mail))[:MAX_PARTS_SHOWN]


def _bodies(part: Part) -> list[Part]:
    if part.is_message:
        return []
    if not part.parts:
        is_shown = part.content_type in ("text/plain", "text/html") and not part.is_attachment
        return [part] if is_shown else []
    options = [option for each in part.parts[: 10 * MAX_PARTS_SHOWN] if (option := _bodies(each))]
    if part.content_type == "multipart/alternative":
        return _best(options)
    return [each for option in options for each in option]


def _best(options: list[list[Part]]) -> list[Part]:
    """Of several forms of the same words the plain one, unless it says nothing, or nothing of what the other says."""
    plain = next((option for option in options if all(each.content_type == "text/plain" for each in option)), None)
    other = next((option for option in options if option is not plain), [])
    if plain is None or not other:
        return plain or other
    text = "\n".join(each.text for each in plain)
    return other if not shows(text) or _stands_in(text, other) else plain


def shows(text: str) -> bool:
    """Whether anything of a text can be seen."""
    return any(
        unicodedata.category(char)[0] not in "ZC" and char not in _EMPTY_LETTERS
        for char in (text if len(text) < _LOOKED_AT else text.lstrip()[:_LOOKED_AT])
    )


def _stands_in(text: str, other: list[Part]) -> bool:
    """Whether a short text only says that the mail is HTML, in whatever language: the HTML has other words."""
    if len(text) > _MAX_PLACEHOLDER:
        return False
    words = _WORD.findall(text.casefold())
    markup = [part.text[:_MAX_HTML] for part in other if part.content_type == "text/html"]
    perhaps_there = set(_WORD.findall(_TAG.sub(" ", "".join(markup)).casefold()))
    if words and 2 * sum(word in perhaps_there for word in words) >= len(words):
        return False  # most mails are done without reading the markup
    pages = map(to_lines, markup)
    page = " ".join(line.bare for lines in pages for line in lines)
    there = set(_WORD.findall(page[:_LOOKED_AT].casefold()))
    return bool(there) and 2 * sum(word in there for word in words) < len(words)


def _unusual(part: Part) -> Iterator[Part]:
    for each in part.parts:
        yield from bodies(each) or last_resort(each) if part.is_message else _unusual(each)
    if part.parts:
        return
    if part.winmail:
        yield Part(part.winmail.text, Headers([]), 0, len(part.winmail.text))
    elif part.content_type in ("text/plain", "text/html"):
        if not _OTHER_FILE.search(part.file_name):
            yield part
    elif part.content_type.startswith("text/") and not _NO_WORDS.fullmatch(part.content_type):
        kind = "text/html" if "html" in part.content_type or part.content_type == "text/enriched" else "text/plain"
        yield Part(part.raw, _relabelled(part, kind), part.start, part.end)
    elif part.content_type == "application/octet-stream" and not part.file_name and 0 not in part.content(1_000):
        yield Part(part.raw, _relabelled(part, "text/plain"), part.start, part.end)


def _relabelled(part: Part, kind: str) -> Headers:
    encoding = part.headers.get("content-transfer-encoding")
    return Headers([("content-type", f"{kind}; charset={part.charset}"), ("content-transfer-encoding", encoding)])
