"""Which question a link asks: one we signed, or the short one of a text."""

from typing import NamedTuple

from shared.config.model import Config
from shared.customers.invitations import Invitations, is_short
from shared.errors import LinkExpired
from shared.keys import links
from shared.keys.links import Link
from shared.keys.signing import Keys
from shared.model.feedback import Customer
from shared.values import utc_now


class Opened(NamedTuple):
    """The link, and whom it was sent to where that is known."""

    link: Link
    customer: Customer | None


def open_link(token: str, keys: Keys, invitations: Invitations, config: Config) -> Opened:
    """Read what stands after `/f/`; raises `LinkInvalid` or `LinkExpired`.

    A signed link costs no request once the keys are known; a short one is one read of the table.
    """
    now, token = utc_now(), links.written(token)
    if is_short(token):
        followed = invitations.follow(token, now)
        opened = Opened(followed.link, followed.customer)
    else:
        opened = Opened(links.read(token, keys, now), None)
    if opened.link.touchpoint not in config.touchpoints:
        raise LinkExpired("This question is no longer asked.")
    return opened
