"""Words as they are compared: no case, accents, vowel marks or tatweel."""

import re
import unicodedata
from functools import lru_cache
from itertools import compress

_TOKEN = re.compile(r"[^\W_]+")
_APOSTROPHES = "'’‘ʼʹ`´′ـ"
_ALIKE = str.maketrans("авекмнорстухіјѕԁοατ", "abekmhopctyxijsdoat")  # Cyrillic and Greek that look Latin
_LATIN = re.compile(r"[a-z]")


def fold(text: str) -> str:
    """The comparable text. Apostrophes go, so that "don't" is one word."""
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    text = text.casefold()
    for sign in _APOSTROPHES:
        text = text.replace(sign, "")
    decomposed = unicodedata.normalize("NFKD", text)
    if decomposed.isascii():
        return decomposed
    return "".join(compress(decomposed, map("Mn".__ne__, map(unicodedata.category, decomposed))))


def fold_same_length(text: str) -> str:
    """Folded where one character stays one, so that positions hold."""
    if text.isascii():
        return text.lower()
    return "".join(map(_fold_sign, text))


@lru_cache(4096)
def _fold_sign(sign: str) -> str:
    folded = fold(sign)
    return folded if len(folded) == 1 else sign


def tokens(text: str) -> list[str]:
    """The folded words and numbers of a text."""
    return tokens_of(fold(text))


def tokens_of(folded: str) -> list[str]:
    """The words and numbers of a folded text."""
    return _TOKEN.findall(folded)


def has_lookalikes(folded: str) -> bool:
    """Whether a folded text may mix Latin letters with others that look like them."""
    return not folded.isascii() and _LATIN.search(folded) is not None


def same_script(token: str) -> str:
    """A folded word with its lookalikes as Latin, where it mixes the two: `stоp` with a Cyrillic o."""
    return token.translate(_ALIKE) if has_lookalikes(token) else token
