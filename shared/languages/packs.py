"""The language packs: a folder per language with the product's own texts, the words that customers use in it, and what
mail programs write in it. Of the last there are more than of the texts.

A business's own words (questions, labels) are in earshot.toml.
"""

import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})

LANGUAGES = tuple(sorted(path.parent.name for path in FOLDER.glob("*/texts.toml")))
"""The languages in which the product speaks."""


@cache
def texts(language: str) -> dict[str, str]:
    """Every text in one of `LANGUAGES`, by its dotted key such as `web.send`."""
    return by_dotted_key(tomllib.loads((FOLDER / language / "texts.toml").read_text(encoding="utf-8")))


def by_dotted_key(tables: dict[str, Any]) -> dict[str, Any]:
    """The entries of the tables of a file: `web.send` is `send` in the table `web`."""
    return {
        f"{table}.{key}": entry
        for table, entries in tables.items()
        if isinstance(entries, dict)
        for key, entry in entries.items()
    }


def direction(language: str) -> str:
    """`ltr` or `rtl`, for HTML's dir attribute."""
    return "rtl" if language.split("-")[0] in _RIGHT_TO_LEFT else "ltr"


def language_of(text: str, languages: Iterable[str]) -> str | None:
    """The first of the languages whose script most letters of the text have; None where there is none."""
    script = _script(text)
    return next((language for language in languages if script and script == _script_of(language)), None)


@cache
def vocabulary(language: str) -> dict[str, Any]:
    """The words of a language that are understood, by kind (see `en/words.toml`); empty where it has none."""
    path = FOLDER / language / "words.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


@cache
def mail_programs() -> tuple[dict[str, Any], ...]:
    """What mail programs write around a mail, of every language that has it (see `en/mail.toml`)."""
    return tuple(tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*/mail.toml")))


def _script(text: str) -> str | None:
    """The script of most letters, as Unicode names it: LATIN, ARABIC, …"""
    names = Counter(unicodedata.name(char, "").partition(" ")[0] for char in text if char.isalpha())
    return names.most_common(1)[0][0] if names else None


@cache
def _script_of(language: str) -> str | None:
    return _script("".join(vocabulary(language).get("courtesy", ())))
