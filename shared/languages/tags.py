"""Language tags as people, browsers and spreadsheets write them."""

import re
from collections.abc import Container
from functools import lru_cache
from typing import NamedTuple

from shared.text.unseen import seen

_TAG = re.compile(r"([a-z]{2,8})(?:[-_][a-z0-9]*)*(?:[.@].*)?")  # a locale may name its charset behind it
_WEIGHT = re.compile(r";\s*q\s*=\s*(-?[0-9]*\.?[0-9]+)\s*(?:;|$)", re.IGNORECASE)
_AROUND = "\0 \t\r\n\xa0\"'.,:()[]<>"


class Wanted(NamedTuple):
    """A language and how much it is wanted, from 0 (not at all) to 1."""

    language: str
    weight: float


def language_in(tag: str) -> str | None:
    """The language of a tag such as `ar`, `AR`, `ar-EG` or `ar_EG`; None for what is no tag."""
    found = _TAG.fullmatch(seen(tag).strip().lower())
    return found[1] if found else None


def one_of(offered: Container[str | None], tag: str) -> str | None:
    """The offered language that a tag asks for, whatever its region or script; None where that is not offered."""
    language = language_in(tag)
    return language if language in offered else None


@lru_cache(512)  # browsers send few different ones
def by_preference(header: str) -> tuple[Wanted, ...]:
    """The languages of an Accept-Language header, best first; what is no tag, or no weight, is passed over."""
    wanted = []
    for part in header.split(","):
        language = language_in(seen(part.partition(";")[0]).strip(_AROUND))
        weight = _WEIGHT.search(part)
        if language:
            wanted.append(Wanted(language, float(weight[1]) if weight else 1))
    return tuple(sorted(wanted, key=lambda each: -each.weight))
