"""The link on a card that opens its case without signing in: signed, for one team and one feedback, and for a time.

It shows the case, as the card does. Doing something about it takes a session, which has a name.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import itsdangerous

from shared.errors import LinkExpired, LinkInvalid
from shared.keys.signing import Keys

WORKS_FOR = timedelta(days=30)
_PURPOSE = "case"


class CaseLink(NamedTuple):
    """A case as one team may read it."""

    team: str
    feedback: str

    def token(self, keys: Keys, now: datetime) -> str:
        """What stands in the parameter `key` of the case's page."""
        return keys.dumps(_PURPOSE, [self.team, self.feedback, int((now + WORKS_FOR).timestamp())])


def read(token: str, keys: Keys, now: datetime) -> CaseLink:
    """Verify a token; raises `LinkInvalid` or `LinkExpired`."""
    try:
        team, feedback, expires = keys.loads(_PURPOSE, token)
        is_expired = expires <= now.timestamp()
    except (itsdangerous.BadData, ValueError, TypeError):
        raise LinkInvalid("This link is not one of ours, or was cut short. Open it again from the card.") from None
    if is_expired:
        raise LinkExpired("This link has expired; sign in to read the case.")
    return CaseLink(str(team), str(feedback))
