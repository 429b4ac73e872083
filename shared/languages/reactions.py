"""Reactions to a text of ours, as phones that cannot show them write them: `Liked “…”`, `👍 to “…”`.

What they quote is ours: neither its words nor its link, digits and STOP are the customer's.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from shared.languages.folding import tokens
from shared.languages.packs import LANGUAGES, texts

_LONGEST = 2_000  # a text has 1,600 characters at most
_MOST = 6  # quotation marks that are tried
_SHORTEST = 8  # characters of what is known again in a quote
_OPENING = '"“„«”'
_CLOSING = '"”“»'
_SIGNS = {  # what stands around the quote, folded → the sign that was tapped
    **dict.fromkeys(
        ("liked", "gefallt", "hat mit gefallt mir markiert", "a aime", "a attribue la mention jaime a"), "👍"
    ),
    **dict.fromkeys(("le gusto", "le gusta", "اعجبه", "اعجبها", "اعجب ب", "اعجبني"), "👍"),
    **dict.fromkeys(("disliked", "gefallt nicht", "na pas aime", "no le gusto", "لم يعجبه", "لم يعجبها"), "👎"),
    **dict.fromkeys(("loved", "liebt", "a adore", "a attribue la mention adore a", "le encanto", "احب", "احبت"), "❤️"),
    **dict.fromkeys(("laughed at", "lacht uber", "a ri a", "a ri de", "se rio de", "ضحك على", "ضحكت على"), "😂"),
    **dict.fromkeys(("emphasized", "emphasised", "hat hervorgehoben", "hebt hervor", "a mis en evidence"), "‼️"),
    **dict.fromkeys(("enfatizo", "destaco"), "‼️"),
    **dict.fromkeys(("questioned", "hat hinterfragt", "a pose une question sur", "cuestiono"), "❓"),
}
_TAKEN_BACK = frozenset({"removed", "entfernte", "entfernt", "supprime", "retire", "elimino", "quito"})
_TO = frozenset(
    {"to", "zu", "auf", "a", "الى", "على", "reacted", "reagierte", "reagiert", "mit", "hat", "reagi", "avec"}
)


class Reaction(NamedTuple):
    """What was tapped, as a sign or in the phone's words, and what was written below it; '' for one taken back."""

    sign: str
    rest: str


def find(text: str, plain: str, said: Iterable[str] = ()) -> Reaction | None:
    """The reaction that a text is; None for what anyone may have written. `plain` is the text as it is compared, `said`
    what people of ours have told whoever wrote it.
    """
    told = tuple(words for each in said if len(words := " ".join(tokens(each))) >= _SHORTEST)
    if len(plain) > _LONGEST or not (any(mark in plain for mark in _OPENING) or _has_sign(plain[:8])):
        return None
    openings = [place for place, sign in enumerate(plain) if sign in _OPENING][:_MOST]
    closings = [place for place, sign in enumerate(plain) if sign in _CLOSING][-_MOST:]
    for opening in openings:
        for closing in reversed(closings):
            if closing <= opening:
                break
            before, quoted, (after, rest) = plain[:opening], plain[opening + 1 : closing], _split(plain[closing + 1 :])
            sign = _sign(before, after, text)
            if sign is not None and _is_ours(quoted, told, cut_short=True):
                return Reaction(sign, rest)
    if openings and closings and (unknown := _unknown(plain, openings[-1], closings[-1])):
        return unknown
    unquoted = re.match(r"\s*(\S+)\s+(\w+)\s+", plain)
    if (
        unquoted
        and unquoted[2] in _TO
        and _has_sign(unquoted[1])
        and _is_ours(plain[unquoted.end() :], told, cut_short=False)
    ):
        return Reaction(_emoji(text[:16]), "")
    return None


def _unknown(plain: str, opening: int, closing: int) -> Reaction | None:
    """A reaction in words that are not known: a few around a quote of a whole text of ours with its link."""
    before, quoted, (after, rest) = plain[:opening], plain[opening + 1 : closing], _split(plain[closing + 1 :])
    whole = "://" in quoted and len(tokens(quoted.split("://")[0])) > 3
    if not whole or "\n" in before or len(before) > 60 or len(after) > 20:
        return None
    return Reaction(" ".join(f"{before} {after}".split()), rest)


def _split(behind: str) -> tuple[str, str]:
    line, _, rest = behind.partition("\n")
    return line, rest.strip()


def _sign(before: str, after: str, text: str) -> str | None:
    """What was tapped; '' for what was taken back, None for words that are no reaction."""
    if len(before) > 80 or len(after) > 40:
        return None
    words = tokens(f"{before} {after}")
    if _TAKEN_BACK.intersection(words[:2]):
        return ""
    if _has_sign(before) and all(word in _TO for word in words):
        return _emoji(text[: len(before) + 8])
    return _SIGNS.get(" ".join(words))


def _is_ours(quoted: str, told: tuple[str, ...], *, cut_short: bool) -> bool:
    """Whether a quote is a text of ours: with a link, in words of ours, or cut short by a phone as no person does."""
    if "://" in quoted or (cut_short and quoted.rstrip().endswith(("…", "..."))):
        return True
    said = " ".join(tokens(quoted))
    return any(piece in said for piece in (*_pieces(), *told))


@cache
def _pieces() -> tuple[str, ...]:
    """What all texts of ours say, between what is filled in."""
    ours = [text for language in LANGUAGES for key, text in texts(language).items() if key.startswith("sms.")]
    pieces = {" ".join(tokens(piece)) for text in ours for piece in re.split(r"\{\w+\}", text)}
    return tuple(piece for piece in pieces if len(piece) >= 14)


def _has_sign(text: str) -> bool:
    return any(_is_emoji(sign) for sign in text)


def _emoji(text: str) -> str:
    """The emoji in a text, with its colour."""
    start = next((place for place, sign in enumerate(text) if _is_emoji(sign)), len(text))
    end = start
    while end < len(text) and (
        _is_emoji(text[end]) or text[end] in "\ufe0f\u200d" or unicodedata.category(text[end]) == "Sk"
    ):
        end += 1
    return text[start:end].rstrip("\u200d")


def _is_emoji(sign: str) -> bool:
    return unicodedata.category(sign) == "So" or sign in "‼⁉"
