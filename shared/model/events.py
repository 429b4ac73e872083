"""Every event Earshot puts on the bus: one class each, with its version.

The JSON Schemas and golden events in `events/` and the page in `docs/` follow from these classes (`make contract`). A
change that a subscriber could notice is a new version; the golden events of the old one must still read.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from shared.model.case import CaseState, Entry, Found, Move
from shared.model.feedback import Customer, Feedback, Flag, Revision
from shared.model.invitation import Invitation, InvitationRevision, InvitationStatus
from shared.model.life import Transition
from shared.model.scales import Mood
from shared.text.lines import fits_in_line
from shared.text.unseen import seen
from shared.values import Model, Moment

SOURCE = "earshot"
_LIMITS = {  # what fits into a link, a card and an item
    "touchpoint": 40,
    "place": 64,
    "customer.ref": 100,
    "customer.name": 100,
    "customer.email": 254,
    "customer.phone": 40,
}


class Previous(TypedDict, total=False):
    """What a change replaced: only the fields that changed, with their values before."""

    team: str
    rating: int | None
    mood: Mood
    reasons: tuple[str, ...]
    comment: str
    language: str
    customer: Customer
    other_contact: tuple[str, ...]
    flags: tuple[Flag, ...]


class Event(BaseModel):
    """What all events carry."""

    model_config = ConfigDict(frozen=True)
    detail_type: ClassVar[str]
    source: ClassVar[str] = SOURCE

    version: Literal[1] = Field(
        default=1, description="of this event's shape; a change that you could notice raises it"
    )
    id: str = Field(description="the same on every redelivery: drop an event whose id you have handled")
    revision: int = Field(ge=1, description="orders the events of one feedback or invitation; delivery does not")
    occurred_at: Moment = Field(description="when it was stored")

    def detail(self) -> dict[str, Any]:
        """The event's `detail`, ready for JSON."""
        return self.model_dump(mode="json")


class FeedbackEvent(Event):
    """What all events about one feedback carry."""

    feedback: Feedback = Field(description="all of it, as it was after the change")


class FeedbackCaptured(FeedbackEvent):
    """A customer has said something for the first time."""

    detail_type = Transition.CAPTURED.value


class FeedbackAmended(FeedbackEvent):
    """A customer has added to or changed what they said."""

    detail_type = Transition.AMENDED.value

    previous: Previous = Field(description="the fields that changed, with their values before")


class CaseNow(Model):
    """A case as it was after what happened."""

    state: CaseState = Field(description="how far it has come")
    owner: str | None = Field(description="the address of whoever has taken it")
    due_at: Moment | None = Field(description="until when the next is promised; null for one that is closed")


class CaseEvent(FeedbackEvent):
    """What all events about a case carry. A route gets them where its condition names them, as `event = …` does."""

    case: CaseNow = Field(description="the case as it was after that")
    entry: Entry = Field(description="who did what, and what they wrote")


class FeedbackAcknowledged(CaseEvent):
    """Somebody has taken a case, or put it off to a day."""

    detail_type = "FeedbackAcknowledged"


class FeedbackReplied(CaseEvent):
    """A team has answered the customer."""

    detail_type = "FeedbackReplied"


class FeedbackPassed(CaseEvent):
    """A team has passed a case on to another one."""

    detail_type = "FeedbackPassed"


class FeedbackResolved(CaseEvent):
    """A case is done, or praise was passed on to who earned it."""

    detail_type = "FeedbackResolved"


class FeedbackReopened(CaseEvent):
    """A case waits for its team again: the customer said so, a message did not arrive, or nobody has it any more."""

    detail_type = "FeedbackReopened"


class FeedbackConfirmed(CaseEvent):
    """The customer says that it is fixed."""

    detail_type = "FeedbackConfirmed"


class FeedbackOverdue(CaseEvent):
    """A promised time has passed; `entry.to` says to whom the case goes now."""

    detail_type = "FeedbackOverdue"


class RemedyGranted(CaseEvent):
    """A team grants a customer a remedy. Carry it out, and answer with `RemedyCarriedOut` or `RemedyFailed`."""

    detail_type = "RemedyGranted"


class RuleBlamed(CaseEvent):
    """Somebody had to say no to a customer because of a rule."""

    detail_type = "RuleBlamed"


class InvitationEvent(Event):
    """What all events about one invitation carry."""

    invitation: Invitation = Field(description="all of it, as it was after the change")


class InvitationSent(InvitationEvent):
    """A customer was asked."""

    detail_type = "InvitationSent"


class InvitationSuppressed(InvitationEvent):
    """A customer was not asked, to protect them or because it could not be done; `reason` says why."""

    detail_type = "InvitationSuppressed"


class InvitationUndelivered(InvitationEvent):
    """A question left, and did not arrive; `reason` is the carrier's or the mail server's."""

    detail_type = "InvitationUndelivered"


class RouteTested(FeedbackEvent):
    """Someone tests a route. The feedback is made up, says so, and is kept nowhere; only the route's targets get it."""

    detail_type = "RouteTested"
    source = "earshot.test"  # `earshot` is for what happened, and for publish alone

    route: str = Field(description="the route that is tested")
    asked_by: str = Field(description="who asked for the test")


_CASE_EVENTS: tuple[type[CaseEvent], ...] = (
    *(FeedbackAcknowledged, FeedbackReplied, FeedbackPassed, FeedbackResolved, FeedbackReopened, FeedbackConfirmed),
    *(FeedbackOverdue, RemedyGranted, RuleBlamed),
)
_SAID: tuple[type[FeedbackEvent], ...] = (FeedbackCaptured, FeedbackAmended)
_ASKED: tuple[type[InvitationEvent], ...] = (InvitationSent, InvitationSuppressed, InvitationUndelivered)
_ALL_EVENTS: tuple[type[Event], ...] = (*_SAID, *_CASE_EVENTS, *_ASKED)
EVENTS: dict[str, type[Event]] = {event.detail_type: event for event in _ALL_EVENTS}
"""What happens, by name. Conditions choose among these."""
FEEDBACK_EVENTS = frozenset(name for name, event in EVENTS.items() if issubclass(event, FeedbackEvent))
CASE_EVENTS = frozenset(event.detail_type for event in _CASE_EVENTS)
"""Those that a condition is about only where it names them."""

_OF_MOVES: Mapping[Move, type[CaseEvent]] = {
    Move.TAKE: FeedbackAcknowledged,
    Move.SNOOZE: FeedbackAcknowledged,
    Move.REPLY: FeedbackReplied,
    Move.PASS: FeedbackPassed,
    Move.RESOLVE: FeedbackResolved,
    Move.THANK: FeedbackResolved,
    Move.RELEASE: FeedbackReopened,
    Move.REOPEN: FeedbackReopened,
    Move.NOT_ARRIVED: FeedbackReopened,
    Move.NOT_CARRIED_OUT: FeedbackReopened,
    Move.CONFIRM: FeedbackConfirmed,
    Move.ESCALATE: FeedbackOverdue,
    Move.GRANT: RemedyGranted,
    Move.BLAME: RuleBlamed,
}
_OF_FEEDBACK: dict[Transition, type[FeedbackEvent]] = {
    Transition.CAPTURED: FeedbackCaptured,
    Transition.AMENDED: FeedbackAmended,
}
_OF_INVITATIONS: dict[InvitationStatus, type[InvitationEvent]] = {
    InvitationStatus.SENT: InvitationSent,
    InvitationStatus.SUPPRESSED: InvitationSuppressed,
    InvitationStatus.UNDELIVERED: InvitationUndelivered,
}


class Taken(BaseModel):
    """What all events carry that Earshot takes from others."""

    model_config = ConfigDict(frozen=True)
    detail_type: ClassVar[str]
    source: ClassVar[str | None] = None  # whoever it is

    version: Literal[1] = Field(default=1, description="of this event's shape")


class RemedyReport(Taken):
    """What all reports of remedies carry."""

    feedback_id: str = Field(min_length=1, max_length=64, description="`feedback.id` of the `RemedyGranted`")
    grant: str = Field(min_length=1, max_length=80, description="`entry.grant` of the `RemedyGranted`")


class RemedyCarriedOut(RemedyReport):
    """A remedy has reached the customer, who is told so. Put it on the bus under a source of `remedy_sources`."""

    detail_type = "RemedyCarriedOut"


class RemedyFailed(RemedyReport):
    """A remedy could not be carried out: its case comes back to the team. From a source of `remedy_sources`, too."""

    detail_type = "RemedyFailed"

    reason: str = Field(default="", max_length=500, description="why, in words for the team")


class InvitationRequested(Taken):
    """Ask this customer. Put it on the bus under any source but ours."""

    detail_type = "InvitationRequested"

    touchpoint: str = Field(
        max_length=_LIMITS["touchpoint"], description="the moment to ask about; an id of `earshot.toml`"
    )
    place: str | None = Field(default=None, max_length=_LIMITS["place"], description="where, such as a branch")
    customer: Customer = Field(description="whom to ask; `phone` or `email` is needed")
    channel: Literal["sms", "email"] | None = Field(
        default=None, description="how to ask; unset: by text where there is a mobile number, else by mail"
    )
    language: str | None = Field(
        default=None,
        description="theirs, such as `ar-EG`; unset: the first of `business.languages`; not offered: nobody is asked",
    )
    time_zone: str | None = Field(
        default=None,
        description="theirs, like `Europe/London`; their number's quiet hours hold too. Neither known: the business's",
    )
    expires_at: AwareDatetime | None = Field(default=None, description="when it is too late to ask")

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        """Short enough to be kept, and of characters that leave what is written around them in order."""
        kept = {"touchpoint": self.touchpoint, "place": self.place}
        kept |= {f"customer.{name}": value for name, value in self.customer}
        for address in ("customer.email", "customer.phone"):  # phone books put marks of direction around them
            kept[address] = seen(kept[address] or "")
        for field, value in kept.items():
            if value and (len(value) > _LIMITS[field] or not fits_in_line(value)):
                raise PydanticCustomError(
                    "unkept",
                    "{field} is over {most} characters, or breaks the line or turns the direction of writing",
                    {"field": field, "most": _LIMITS[field]},
                )
        return self


REMEDY_REPORTS: tuple[type[RemedyReport], ...] = (RemedyCarriedOut, RemedyFailed)
CONTRACT: tuple[type[Event] | type[Taken], ...] = (
    *EVENTS.values(),
    RouteTested,
    InvitationRequested,
    RemedyCarriedOut,
    RemedyFailed,
)
"""All events that others read or write: the schemas, the registry and the page follow from here."""


def wrong_field(error: ValidationError) -> str:
    """The first field of a request that cannot be taken, such as `customer.name`."""
    first = error.errors()[0]
    return str(first.get("ctx", {}).get("field") or ".".join(map(str, first["loc"])))


def read_event(envelope: Mapping[str, Any]) -> Event:
    """Read an event as EventBridge delivers it; KeyError or ValueError for one that is not ours."""
    return EVENTS[envelope["detail-type"]].model_validate(envelope["detail"])


def invitation_event(after: InvitationRevision) -> InvitationEvent | None:
    """The event that a state of an invitation is; None while it is on its way."""
    event = _OF_INVITATIONS.get(after.invitation.status)
    if event is None:
        return None
    return event(
        id=f"{after.invitation.id}-{after.number}",
        revision=after.number,
        occurred_at=after.changed_at,
        invitation=after.invitation,
    )


def feedback_event(name: Transition, before: Revision | None, after: Revision) -> FeedbackEvent:
    """The event of a transition between two revisions."""
    what: dict[str, Any] = {
        "id": f"{after.feedback.id}-{after.number}",
        "revision": after.number,
        "occurred_at": after.changed_at,
        "feedback": after.feedback,
    }
    if before is not None:
        what["previous"] = _previous(before.feedback, after.feedback)
    return _OF_FEEDBACK[name].model_validate(what)


def case_event(after: Found) -> CaseEvent | None:
    """The event of a case's last move; None for what other systems did themselves."""
    entry = after.case.last
    event = _OF_MOVES.get(entry.what) if entry else None
    if event is None or entry is None:
        return None
    case = after.case
    return event(
        id=f"{after.feedback.id}-{after.revision.number}-{entry.what}",
        revision=after.revision.number,
        occurred_at=entry.at,
        feedback=after.feedback,
        case=CaseNow(state=case.state, owner=case.owner, due_at=case.due_at),
        entry=entry,
    )


def _previous(before: Feedback, after: Feedback) -> dict[str, Any]:
    old = {name: getattr(before, name) for name in Previous.__annotations__}
    return {name: value for name, value in old.items() if getattr(after, name) != value}
