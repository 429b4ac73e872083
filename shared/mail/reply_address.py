"""The signed address that a mail of ours is answered to: `feedback+…@…` says what the answer is about.

Mail servers and people change the case of an address, and its part before the @ holds 64 characters, so the signature
is short and in lower case, and `shared.config.fields.MAX_MAILBOX` bounds what it is added to.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from shared.keys.signing import Keys

_PURPOSE = "reply"
_TAG_LENGTH = 16
_ABOUT = re.compile(r"([lfc])([0-9a-z]{1,26})")


class ReplyKind(StrEnum):
    """What a mail of ours was about; the values stand in the address."""

    LINK = "l"
    """An invitation, by its short link's id."""
    FEEDBACK = "f"
    """A feedback, by its id: its customer answers."""
    CARD = "c"
    """A card about a feedback, by the feedback's id: its team answers the customer."""


class ReplyTo(NamedTuple):
    """What the answer to a mail of ours is about."""

    kind: ReplyKind
    id: str
    team: str = ""
    """Of a card, the team that got it. It is part of what is signed, and does not stand in the address."""

    def address(self, mailbox: str, keys: Keys) -> str:
        """The address to answer to; `mailbox` is ours."""
        local, _, domain = mailbox.partition("@")
        return f"{local}+{self._about}{keys.tag(_PURPOSE, self.signed_text)}@{domain}"

    @property
    def _about(self) -> str:
        return f"{self.kind}{self.id}"

    @property
    def signed_text(self) -> str:
        """What the signature in the address is of."""
        return f"{self._about}#{self.team}" if self.kind is ReplyKind.CARD else self._about


def read_reply_address(address: str, mailbox: str, keys: Keys, teams: Iterable[str] = ()) -> ReplyTo | None:
    """What an address that a mail came to says it is about; None for any that we did not sign.

    `teams` are those of whose cards one may be.
    """
    local, _, domain = address.lower().rpartition("@")
    ours, _, signed = local.partition("+")
    if f"{ours}@{domain}" != mailbox.lower():
        return None
    about, tag = signed[:-_TAG_LENGTH], signed[-_TAG_LENGTH:]
    match = _ABOUT.fullmatch(about)
    if not match:
        return None
    kind = ReplyKind(match[1])
    candidates = [ReplyTo(kind, match[2], team) for team in (teams if kind is ReplyKind.CARD else ("",))]
    return next((each for each in candidates if keys.has_tagged(_PURPOSE, each.signed_text, tag)), None)
