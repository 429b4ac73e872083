"""What a customer says to "Is it fixed?", in any language that has a `verdicts.toml`: yes, partly, not yet, or thanks.

Pure. A text counts as yes, or as mere thanks, only where nothing else is said in it: whatever else there is, somebody
of the team reads it. "No, all good now" is a yes, "Yes, but it is still broken" is none.
"""

import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache

from shared.languages.folding import fold, same_script, tokens_of
from shared.languages.packs import FOLDER
from shared.text.unseen import plain

_LONGEST = 200  # characters; whoever writes more says more than a verdict
_PHRASE = 5  # words of a phrase at most
_SIGNS = {
    "👍": "yes",
    "👌": "yes",
    "✅": "yes",
    "✔": "yes",
    "👎": "no",
    "❌": "no",
    "🙏": "thanks",
    "❤": "thanks",
    "😊": "thanks",
}


class Said(StrEnum):
    """What an answer to a team says."""

    YES = "yes"
    PARTLY = "partly"
    NOT_YET = "not-yet"
    THANKS = "thanks"
    """Courtesy, and nothing that anybody has to do something about."""
    UNCLEAR = "unclear"
    """No verdict, and no words that tell anything: "maybe", "?"."""


def read(text: str) -> Said | None:
    """What an answer says; None for words that are more, or something else, than that."""
    if len(text) > _LONGEST:
        return None
    kinds = list(_kinds(plain(text)))
    said = set(kinds)
    if not said - {"filler", "but"} or "unclear" in said or {"yes", "partly", "not_yet"} <= said:
        return Said.UNCLEAR if "other" not in said or "unclear" in said else None
    if said <= {"thanks", "ok", "filler"}:
        return Said.THANKS
    if said <= {"yes", "no", "thanks", "ok", "filler"} and "yes" in said:
        return Said.YES
    return _not_done([kind for kind in kinds if kind not in ("filler", "thanks", "ok")])


def _not_done(kinds: list[str]) -> Said | None:
    """What words say that are neither a plain yes nor thanks."""
    first = next((kind for kind in kinds if kind != "but"), "")
    if "partly" in kinds:
        before = kinds[: kinds.index("partly")]
        return Said.NOT_YET if {"not_yet", "no"} & set(before) else Said.PARTLY
    if "not_yet" in kinds:
        return Said.NOT_YET
    if first == "yes" and ("but" in kinds or "still" in kinds):
        return Said.PARTLY
    if first == "no" or "still" in kinds:
        return Said.NOT_YET
    return None


def _kinds(text: str) -> Iterator[str]:
    """What the words of a text are, in their order, and then its signs; `other` for what no language knows."""
    words = [same_script(word) for word in tokens_of(_fold(text))]
    phrases = _phrases()
    place = 0
    while place < len(words):
        for length in range(min(_PHRASE, len(words) - place), 0, -1):
            kind = phrases.get(" ".join(words[place : place + length]))
            if kind:
                yield kind
                place += length
                break
        else:
            yield "other"
            place += 1
    yield from (_SIGNS[sign] for sign in text if sign in _SIGNS)


@cache
def _phrases() -> Mapping[str, str]:
    """The phrases of all languages, folded, and what they say. What says something anywhere fills no gap elsewhere."""
    packs = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*/verdicts.toml"))]
    said = [(kind, phrases) for pack in packs for kind, phrases in pack.items()]
    said.sort(key=lambda each: each[0] != "filler")
    return {" ".join(tokens_of(_fold(phrase))): kind for kind, phrases in said for phrase in phrases}


def _fold(text: str) -> str:
    """Folded, and the two letters of Turkish that only some programs tell apart as one."""
    return fold(text).replace("ı", "i")
