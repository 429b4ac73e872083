"""Combining marks in customers' text: a few per letter are writing, thousands are an attack on whoever reads them.

Putting a run of marks into canonical order takes time by the square of its length. UAX #15 bounds a run to 30 (its
Stream-Safe Text Format), which no language comes near.
"""

import re
from unicodedata import combining

MOST_IN_A_ROW = 30

# What cannot hold so many in a row: most text of most languages is done with one search. The ranges have no marks.
_PERHAPS = (  # compiled once it is needed: that takes over a millisecond of a start
    r"[^\x00-\u02ff\u2000-\u20cf\u2100-\u2bff\u3041-\u3096\u309b-\ua66e\uac00-\ud7a3\U0001f000-\U0001faff]{31}"
)


def has_too_many(text: str) -> bool:
    """Whether more than `MOST_IN_A_ROW` marks follow each other somewhere."""
    if text.isascii() or not re.search(_PERHAPS, text):
        return False
    in_a_row = 0
    for sign in text:
        in_a_row = in_a_row + 1 if combining(sign) else 0
        if in_a_row > MOST_IN_A_ROW:
            return True
    return False


def bounded(text: str) -> str:
    """The text without the marks that are too many; nothing else is touched."""
    if not has_too_many(text):
        return text
    kept, in_a_row = [], 0
    for sign in text:
        in_a_row = in_a_row + 1 if combining(sign) else 0
        if in_a_row <= MOST_IN_A_ROW:
            kept.append(sign)
    return "".join(kept)
