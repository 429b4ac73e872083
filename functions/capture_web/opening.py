"""Which question a link asks: one we signed, or the short one of a text."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydynox.exceptions import PydynoxException

from shared.config.model import Config
from shared.customers.invitations import Invitations, is_short
from shared.errors import LinkExpired
from shared.feedback.store import Store
from shared.keys import links
from shared.keys.follow_links import FollowLink
from shared.keys.links import Link
from shared.keys.signing import Keys
from shared.model.feedback import Customer
from shared.values import utc_now
from shared.web.http import outage


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


def follow_link(token: str, keys: Keys) -> FollowLink | None:
    """The link to what became of a feedback, where that is what stands after `/f/`."""
    token = links.written(token)
    return FollowLink.read(token, keys) if len(token) == links.FOLLOW else None


def answered(link: Link, store: Store) -> Sequence[Mapping[str, Any]]:
    """What is kept of an earlier answer through a customer's own link, in one read; open links cost none."""
    if not link.ref:
        return ()
    try:
        return store.partition(link.answer_id(None))
    except PydynoxException as error:
        outage(error)
        return ()  # the question can be asked all the same
