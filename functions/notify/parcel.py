"""What is handed to a sender, and how an HTTP answer becomes an `Attempt`."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from functions.notify.cards import Card
from functions.notify.outgoing import Answer, Forbidden, NoAnswer, Outgoing, Request
from functions.notify.retries import Attempt
from shared.addresses.targets import Target

_SECONDS = re.compile(r"\s*([0-9]{1,9})[0-9]*(?:\.[0-9]*)?\s*(?:,.*)?")  # of a header that stands twice, the first


class Parcel(NamedTuple):
    """One attempt at one delivery. People get the card, machines the event (as EventBridge carries it)."""

    route_id: str
    team: str
    target: Target
    feedback_id: str
    event: Mapping[str, Any]
    card: Card | None
    replay: str | None
    link: str
    """Where the team reads all of it, where words have to be cut."""
    at: datetime

    @property
    def shown(self) -> Card:
        """The card of a people's target, which always has one."""
        if self.card is None:
            raise TypeError(f"{self.target.kind} gets cards")
        return self.card


Sender = Callable[[Parcel], Attempt]
"""Makes one attempt; returns what became of it and does not raise for what the other side does."""


def post(outgoing: Outgoing, parcel: Parcel, body: bytes, headers: Mapping[str, str]) -> Attempt:
    """POST a parcel to its target's address: 2xx arrived, 410 is gone, and everything else is a failure."""
    request = Request(parcel.target.address, body, headers, str(parcel.target.kind), parcel.team, parcel.feedback_id)
    try:
        answer = outgoing.post(request)
    except (Forbidden, NoAnswer) as error:
        return Attempt(error=str(error))
    if 200 <= answer.status < 300:
        return Attempt()
    if 300 <= answer.status < 400:
        return Attempt(error=f"It answered {answer.status}, and redirects are not followed.")
    return Attempt(
        error=f"It answered {answer.status}.", retry_after=_retry_after(answer, parcel.at), gone=answer.status == 410
    )


def _retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """Seconds or a date, whichever the header gives; None when there is none or it makes no sense."""
    value = answer.headers.get("Retry-After", "")
    if seconds := _SECONDS.fullmatch(value):
        return timedelta(seconds=min(int(seconds[1]), 10**8))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(timedelta(), (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now)
