"""A question put to one customer, and where it stands."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from shared.model.feedback import Channel, Customer
from shared.values import Model, Moment


class InvitationStatus(StrEnum):
    """Where an invitation stands."""

    SENDING = "sending"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    UNDELIVERED = "undelivered"


class Held(StrEnum):
    """Why a customer was not asked."""

    NO_ADDRESS = "no-address"
    ADDRESS_REFUSED = "address-refused"
    COUNTRY = "country-not-allowed"
    NO_NUMBER = "no-number-of-ours"
    NO_TOUCHPOINT = "unknown-touchpoint"
    SILENCED = "asked-for-silence"
    ASKED_RECENTLY = "asked-recently"
    QUIET_HOURS = "quiet-hours"
    EXPIRED = "expired"
    OVER_BUDGET = "over-budget"
    LANGUAGE = "language-not-offered"
    UNREADABLE = "request-unreadable"


class Invitation(Model):
    """A question put to a customer, or not put, and why."""

    id: str = Field(description="the same for the same request, however often it is made")
    status: InvitationStatus = Field(description="where it stands")
    reason: str | None = Field(description="why it was held back or not delivered")
    touchpoint: str = Field(description="the moment asked about; an id of `earshot.toml`")
    place: str | None = Field(description="where, such as a branch")
    channel: Channel | None = Field(description="how it was asked; null when no way was found")
    language: str = Field(description="the language of the question")
    customer: Customer = Field(description="whom")
    requested_at: Moment = Field(description="when it was asked for")
    expires_at: Moment = Field(description="until when it can be answered")


class InvitationRevision(NamedTuple):
    """One state of an invitation: its number from 1, when it came to be, the invitation, and its short link's id."""

    number: int
    changed_at: datetime
    invitation: Invitation
    link: str | None
