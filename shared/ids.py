"""Ids: derived from what identifies an answer, or random."""

import re
import secrets
from hashlib import sha256


def answer_id(*identity: str) -> str:
    """The feedback id (26 characters) of what identifies an answer, such as a link and a submission.

    Deterministic, so that the same answer delivered twice is one feedback, and one-way, since links are credentials.
    """
    digest = sha256("\0".join(identity).encode()).digest()
    return base32(int.from_bytes(digest[:17], "big"), 130)


def random_id() -> str:
    """A feedback id for an answer that has no identity of its own."""
    return answer_id(secrets.token_hex(16))


def can_be_id(text: str) -> bool:
    """Whether a text from outside can be the id of a feedback or of a test: it becomes a key, or a part of a link."""
    return re.fullmatch(r"[a-z0-9-]{1,64}", text) is not None


def base32(number: int, bits: int) -> str:
    """The low `bits` (a multiple of 5) as letters and digits without i, l, o and u, to survive being read aloud."""
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return "".join(alphabet[(number >> shift) & 31] for shift in range(bits - 5, -1, -5))
