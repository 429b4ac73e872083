"""The signed address that a mail of ours is answered to: `feedback+…@…` says what the answer is about.

Mail servers and people change the case of an address, and its part before the @ holds 64 characters, so the signature
is short and in lower case, and `shared.config.fields.MAX_MAILBOX` bounds what it is added to.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from shared.keys.signing import Keys

_PURPOSE = "reply"
_TAG_LENGTH = 16
_ABOUT = re.compile(r"([lf])([0-9a-z]{1,26})")


class ReplyKind(StrEnum):
    """What a mail of ours was about; the values stand in the address."""

    LINK = "l"
    """An invitation, by its short link's id."""
    FEEDBACK = "f"
    """A feedback, by its id."""


class ReplyTo(NamedTuple):
    """What the answer to a mail of ours is about."""

    kind: ReplyKind
    id: str

    def address(self, mailbox: str, keys: Keys) -> str:
        """The address to answer to; `mailbox` is ours."""
        local, _, domain = mailbox.partition("@")
        about = f"{self.kind}{self.id}"
        return f"{local}+{about}{keys.tag(_PURPOSE, about)}@{domain}"


def read_reply_address(address: str, mailbox: str, keys: Keys) -> ReplyTo | None:
    """What an address that a mail came to says it is about; None for any that we did not sign."""
    local, _, domain = address.lower().rpartition("@")
    ours, _, signed = local.partition("+")
    if f"{ours}@{domain}" != mailbox.lower():
        return None
    about, tag = signed[:-_TAG_LENGTH], signed[-_TAG_LENGTH:]
    match = _ABOUT.fullmatch(about)
    if not match or not keys.has_tagged(_PURPOSE, about, tag):
        return None
    return ReplyTo(ReplyKind(match[1]), match[2])
