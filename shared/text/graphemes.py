"""What a reader counts as one character: cutting anywhere else would break letters, flags and families apart."""

from collections.abc import Callable
from itertools import islice

import grapheme

ELLIPSIS = "…"


def exceeds(text: str, limit: int) -> bool:
    """Whether the text has more than `limit` graphemes; most texts are decided without looking for them."""
    return len(text) > limit and sum(1 for _ in islice(grapheme.graphemes(text), limit + 1)) > limit


def cut(text: str, limit: int) -> str:
    """The text in at most `limit` graphemes, the last of them an ellipsis where something was left out."""
    if not exceeds(text, limit):
        return text
    return "".join(islice(grapheme.graphemes(text), limit - 1)).rstrip() + ELLIPSIS


def cut_to_fit(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning that fits, cut between graphemes and ended by an ellipsis; whole where it fits whole."""
    if fits(text):
        return text
    clusters = list(grapheme.graphemes(text))
    low, high = 0, len(clusters)  # `low` graphemes are kept at least (if even none fit, the caller has no room at all)
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits("".join(clusters[:middle]) + ELLIPSIS) else (low, middle)
    return "".join(clusters[:low]) + ELLIPSIS


def split(text: str, size: Callable[[str], int], limit: int) -> list[str]:
    """The whole text in parts of at most `limit`, by `size`, between graphemes unless one alone is larger."""
    parts, room = [""], limit
    for cluster in grapheme.graphemes(text):
        for piece in [cluster] if size(cluster) <= limit else cluster:
            if size(piece) > room:
                parts.append("")
                room = limit
            parts[-1] += piece
            room -= size(piece)
    return parts
