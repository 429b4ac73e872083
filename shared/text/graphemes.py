"""What a reader counts as one character: cutting anywhere else would break letters, flags and families apart."""

from collections.abc import Callable, Iterator
from itertools import islice

from grapheme.finder import GraphemeIterator, UState
from grapheme.grapheme_property_group import get_group
from grapheme.incb_property_group import get_group as get_conjunct_group

ELLIPSIS = "…"


def clusters(text: str) -> Iterator[str]:
    """The graphemes of a text, by the library's rules.

    The library's own iterator copies a long grapheme for each character that extends it: one of 480,000 joiners took it
    9 s of CPU. Here each is cut out of the text once.
    """
    start, last, state = 0, None, UState.DEFAULT
    for at, sign in enumerate(text):
        group = get_group(sign)
        begins, state = GraphemeIterator.fsm(state, last, group, get_conjunct_group(sign))
        last = group
        if begins and at:
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def exceeds(text: str, limit: int) -> bool:
    """Whether the text has more than `limit` graphemes; most texts are decided without looking for them."""
    return len(text) > limit and sum(1 for _ in islice(clusters(text), limit + 1)) > limit


def cut(text: str, limit: int) -> str:
    """The text in at most `limit` graphemes, the last of them an ellipsis where something was left out."""
    if not exceeds(text, limit):
        return text
    return "".join(islice(clusters(text), limit - 1)).rstrip() + ELLIPSIS


def cut_to_fit(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning that fits, cut between graphemes and ended by an ellipsis; whole where it fits whole."""
    if fits(text):
        return text
    whole = list(clusters(text))
    low, high = 0, len(whole)  # `low` graphemes are kept at least (if even none fit, the caller has no room at all)
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits("".join(whole[:middle]) + ELLIPSIS) else (low, middle)
    return "".join(whole[:low]) + ELLIPSIS


def split(text: str, size: Callable[[str], int], limit: int) -> list[str]:
    """The whole text in parts of at most `limit`, by `size`, between graphemes unless one alone is larger."""
    parts, room = [""], limit
    for cluster in clusters(text):
        for piece in [cluster] if size(cluster) <= limit else cluster:
            if size(piece) > room:
                parts.append("")
                room = limit
            parts[-1] += piece
            room -= size(piece)
    return parts
