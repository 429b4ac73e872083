"""Signed links: what a customer taps. A link with a reference is one customer's; one without is open to all."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import itsdangerous

from shared.errors import LinkExpired, LinkInvalid
from shared.ids import answer_id, random_id
from shared.keys.signing import Keys
from shared.text.unseen import seen

_PURPOSE = "link"
_SIGNATURE = 43  # characters of base64
_SHORT = 12
FOLLOW = 42
"""Characters of a follow link (`shared.keys.follow_links`)."""
_WRITTEN = re.compile(
    rf"[^\w.-]*(?:(?P<signed>\.?[\w-]+\.[\w-]{{{_SIGNATURE}}})|(?P<short>[a-z0-9]{{{FOLLOW}}}|[a-z0-9]{{1,{_SHORT}}}))(?![a-z0-9])",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = datetime.fromtimestamp(0, UTC)


class Link(NamedTuple):
    """What a link says: where it asks, on whose behalf, and until when (UTC, whole seconds)."""

    touchpoint: str
    place: str | None
    ref: str | None
    expires_at: datetime

    def token(self, keys: Keys) -> str:
        """The signed text that stands after `/f/`."""
        payload = [self.touchpoint, self.place or "", self.ref or "", int(self.expires_at.timestamp())]
        return keys.dumps(_PURPOSE, payload)

    def answer_id(self, submission: str | None) -> str:
        """The id of the answer given through this link: one per customer, or one per submission of an open link."""
        identity = ("web", self.touchpoint, self.place or "", self.ref or "", str(int(self.expires_at.timestamp())))
        if self.ref:
            return answer_id(*identity)
        return answer_id(*identity, submission) if submission else random_id()


def written(text: str) -> str:
    """The link in what stands after `/f/` or `/u/`; empty where there is none.

    What cannot be seen in it, and what was written or wrapped around it (a full stop, a bracket, a slash, words), is no
    part of it. A short id may be in capitals; the case of a signed link counts.
    """
    plain = seen(text)
    found = _WRITTEN.match(plain if plain.isascii() else unicodedata.normalize("NFKC", plain))
    if found is None:
        return ""
    return found["signed"] or found["short"].lower()


def read(token: str, keys: Keys, now: datetime) -> Link:
    """Verify a token; raises `LinkInvalid` or `LinkExpired`."""
    try:
        touchpoint, place, ref, expires = keys.loads(_PURPOSE, token)
        if not all(isinstance(each, str) for each in (touchpoint, place, ref)):
            raise ValueError("not the texts of a link")
        link = Link(touchpoint, place or None, ref or None, _EPOCH + timedelta(seconds=expires))
    except (itsdangerous.BadData, ValueError, TypeError, OverflowError):  # a number may be any, Infinity too
        raise LinkInvalid("This link is not one of ours, or was cut short. Open it again from the message.") from None
    if link.expires_at <= now:
        raise LinkExpired("This link has expired.")
    return link
