"""Follow links: a customer's own link to what became of their feedback, and to say whether it is fixed.

It stands after `/f/`, as short as a signature allows, since it travels in texts: the feedback's id and a tag. It ends
with the feedback. It answers no question, and a link that asks one leads to no case.
"""

import re
from typing import NamedTuple, Self

from shared.keys.signing import Keys

_PURPOSE = "follow"
_WRITTEN = r"([0-9a-z]{26})([a-z2-7]{16})"  # compiled once somebody follows a link


class FollowLink(NamedTuple):
    """Which feedback a customer may follow."""

    feedback_id: str

    def token(self, keys: Keys) -> str:
        """The signed text that stands after `/f/`: 42 letters and digits, in any case."""
        return f"{self.feedback_id}{keys.tag(_PURPOSE, self.feedback_id)}"

    def path(self, keys: Keys) -> str:
        """The link without its host, for the pages of the same host."""
        return f"/f/{self.token(keys)}"

    def url(self, public_url: str, keys: Keys) -> str:
        """The whole link; `?verdict=yes`, `partly` or `not-yet` may be added to it."""
        return f"{public_url}{self.path(keys)}"

    @classmethod
    def read(cls, token: str, keys: Keys) -> Self | None:
        """What a token (as `links.written` gives it) leads to; None for any that is no follow link of ours."""
        match = re.fullmatch(_WRITTEN, token.lower())
        return cls(match[1]) if match and keys.has_tagged(_PURPOSE, match[1], match[2]) else None
