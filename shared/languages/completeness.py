"""Whether the pack of a language has all that the product needs of it. Checked before a deploy, never in a function."""

import string
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared.languages import packs

MODEL = "en"
"""The language whose texts the others are compared with."""
_SHOWN = 8  # of the keys that a line lists
_COUNTED = ("card.weekdays", "card.months")  # texts of which each word has its place

Mistakes = Mapping[str, Iterable[str]]
"""The middle of a line → the keys that it is about; none where that mistake is not made."""


def _all_to_ten(numbers: dict[str, int]) -> dict[str, int]:
    if missing := set(range(11)) - set(numbers.values()):
        raise ValueError(f"has no word for {min(missing)}")
    return numbers


_Words = Annotated[list[Annotated[str, Field(pattern=r"\S")]], Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Openings(_Table):
    stop: _Words
    start: list[str] = []
    help: list[str] = []


class _StopSentences(_Table):
    leads: _Words
    cores: _Words
    tails: _Words


class _WordsFile(_Table):
    """All kinds of word in words.toml."""

    stop: _Words
    start: _Words
    help: _Words
    courtesy: _Words
    quantities: _Words
    dates: _Words
    months: list[str] = []
    plural: str = r"(?!)"
    no_plural: list[str] = []
    joins: list[str] = []
    ranges: _Words
    streets: list[str] = []
    verbs: list[str] = []
    pronouns: list[str] = []
    labels: _Words
    out_of: _Words
    points: _Words
    yes: _Words
    no: _Words
    after_yes: list[str] = []
    after_no: list[str] = []
    openings: _Openings
    stop_sentences: _StopSentences
    numbers: Annotated[dict[str, int], AfterValidator(_all_to_ten)]


def find_gaps(language: str, *, spoken: bool) -> Iterator[str]:
    """What is wrong with a pack: one line per file and kind of mistake, which names the file and its keys.

    `spoken`: the product writes in it. The words of the others count too, since an opt-out does in any language.
    """
    if spoken:
        yield from _find(language, "texts.toml", _mistakes_in_texts)
    yield from _find(language, "words.toml", _mistakes_in_words)


def _find(language: str, file: str, mistakes: Callable[[dict[str, Any]], Mistakes]) -> Iterator[str]:
    path = f"shared/languages/{language}/{file}"
    try:
        found = mistakes(_read(language, file))
    except FileNotFoundError:
        yield f"{path} is missing; begin with a copy of shared/languages/{MODEL}/{file}"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        yield f"{path} cannot be read: {error}"
    else:
        yield from (f"{path} {mistake} {_listed(keys)}" for mistake, keys in found.items() if keys)


def _read(language: str, file: str) -> dict[str, Any]:
    return tomllib.loads((packs.FOLDER / language / file).read_text(encoding="utf-8"))


def _mistakes_in_texts(tables: dict[str, Any]) -> Mistakes:
    model, found = packs.by_dotted_key(_read(MODEL, "texts.toml")), packs.by_dotted_key(tables)
    loose = {key for key, entries in tables.items() if not isinstance(entries, dict)}
    there = model.keys() & found.keys()
    texts = {key: found[key] for key in there if isinstance(found[key], str) and found[key].strip()}
    return {
        "lacks": model.keys() - found.keys(),
        "has what is no text of the product:": found.keys() - model.keys() | loose,
        "must have a text in": there - texts.keys(),
        f"must have the {{placeholders}} of {MODEL} in": [
            key for key, text in texts.items() if _placeholders(text) != _placeholders(model[key])
        ],
        f"must have as many words as {MODEL} in": [
            key for key in _COUNTED if key in texts and len(texts[key].split()) != len(model[key].split())
        ],
    }


def _mistakes_in_words(tables: dict[str, Any]) -> Mistakes:
    mistakes: dict[str, set[str]] = {}
    try:
        _WordsFile.model_validate(tables)
    except ValidationError as error:
        what = {"missing": "lacks", "extra_forbidden": "has what is no kind of word:"}
        for each in error.errors():
            keys = [part for part in each["loc"] if isinstance(part, str)]  # without the index in a list
            mistakes.setdefault(what.get(each["type"], "has no usable words in"), set()).add(".".join(keys))
    return mistakes


def _placeholders(text: str) -> frozenset[str] | None:
    """The names in braces; None for a text that cannot be filled in."""
    try:
        return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    except ValueError:
        return None


def _listed(keys: Iterable[str]) -> str:
    ordered = sorted(keys)
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more
