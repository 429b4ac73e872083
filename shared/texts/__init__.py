"""The product's own words, one TOML file per language. A business's words (questions, labels) are in earshot.toml."""

import tomllib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})

LANGUAGES = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@cache
def texts(language: str) -> dict[str, str]:
    """Every text in one of `LANGUAGES`, by its dotted key such as `web.send`."""
    tables = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{table}.{key}": text for table, entries in tables.items() for key, text in entries.items()}


def direction(language: str) -> str:
    """`ltr` or `rtl`, for HTML's dir attribute."""
    return "rtl" if language.split("-")[0] in _RIGHT_TO_LEFT else "ltr"
