"""What a text or a mail adds to the feedback that it is about: one set of rules for both. Pure."""

from shared.model.feedback import MAX_COMMENT_BYTES, MAX_COMMENT_GRAPHEMES, MAX_REVISIONS, Flag, Revision
from shared.text.graphemes import cut, cut_to_fit, exceeds


def joined(before: Revision | None, words: str, between: str) -> str | None:
    """The words so far and the new ones; None when one feedback cannot hold both: then the new ones open the next."""
    said = before.feedback.comment if before else ""
    if not words:
        return said
    if before and before.answers >= MAX_REVISIONS:
        return None
    if not said:
        return bounded(words)  # in the next one they would be as many
    whole = f"{said}{between}{words}"
    return whole if _fits_in_bytes(whole) and not exceeds(whole, MAX_COMMENT_GRAPHEMES) else None


def flagged(before: Revision | None, *more: Flag, silent: bool) -> tuple[Flag, ...]:
    """What a team should know, after a message of someone who is `silent` or is not: whether they can be answered."""
    known = {*before.feedback.flags, *more} if before else set(more)
    return tuple(sorted(known | {Flag.OPTED_OUT} if silent else known - {Flag.OPTED_OUT}))


def bounded(words: str) -> str:
    """As many of the words as one feedback holds, ended by an ellipsis where that is not all."""
    # No more characters than bytes can fit, and one grapheme of half a megabyte takes seconds to look at.
    return cut_to_fit(cut(words[: MAX_COMMENT_BYTES + 1], MAX_COMMENT_GRAPHEMES), _fits_in_bytes)


def _fits_in_bytes(text: str) -> bool:
    return len(text.encode()) <= MAX_COMMENT_BYTES
