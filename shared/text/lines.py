"""Text that others wrote, on a line of ours: a subject, a header, a name beside a label."""

import unicodedata

_BREAKS = ("Cc", "Cs", "Zl", "Zp")  # controls, lone surrogates, separators of lines and paragraphs
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # turn what stands around them
_NO_CHARACTERS = frozenset("\ufffe\uffff")  # which Unicode keeps free, and SQS and EventBridge refuse


def fits_in_line(text: str) -> bool:
    """Joiners and marks of direction are part of names; controls, line breaks and overrides of direction are not."""
    return not any(sign in _OVERRIDES | _NO_CHARACTERS or unicodedata.category(sign) in _BREAKS for sign in text)


def one_line(text: str) -> str:
    """What fits: white space and whatever breaks a line become single spaces, overrides of direction go."""
    kept = "".join(" " if unicodedata.category(sign) in _BREAKS else sign for sign in text if sign not in _OVERRIDES)
    return " ".join(kept.split())
