"""Signed links: what a customer taps. A link with a reference is one customer's; one without is open to all."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import itsdangerous

from shared.errors import LinkExpired, LinkInvalid
from shared.ids import answer_id, random_id
from shared.keys.signing import Keys

_PURPOSE = "link"
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
