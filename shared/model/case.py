"""The life of a case: what has to be done about a feedback, by whom, until when, and what was done. Pure.

A case begins with the feedback that needs somebody: unhappy, or words without a rating, or words or reasons to be glad
about. `MOVES` is its life as a table. Every move is an entry of the timeline and an event on the bus.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field

from shared.errors import EarshotError
from shared.model.feedback import Feedback, Revision
from shared.model.scales import Mood
from shared.values import Model, Moment

MAX_TEXT = 5_000
"""Characters of what somebody writes with a move."""


class CaseState(StrEnum):
    """How far a case has come."""

    OPEN = "open"
    TAKEN = "taken"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    CONFIRMED = "confirmed"

    @property
    def is_closed(self) -> bool:
        """Whether nothing is left to do, until the customer says otherwise."""
        return self in (CaseState.RESOLVED, CaseState.CONFIRMED)


class CaseKind(StrEnum):
    """What a case is about."""

    COMPLAINT = "complaint"
    PRAISE = "praise"


class Move(StrEnum):
    """What can happen to a case; the values are what the timeline calls it."""

    TAKE = "taken"
    RELEASE = "released"
    """The promise of whoever took it has passed, or their team went home: it is the team's again."""
    REPLY = "replied"
    NOT_ARRIVED = "not-arrived"
    PASS = "passed"  # noqa: S105
    GRANT = "granted"
    CARRIED_OUT = "carried-out"
    NOT_CARRIED_OUT = "not-carried-out"
    RESOLVE = "resolved"
    THANK = "thanked"
    REOPEN = "reopened"
    CONFIRM = "confirmed"
    BLAME = "rule-blamed"
    SNOOZE = "snoozed"
    SAY = "said"
    """The customer said something for which nobody has to do anything, such as thanks."""
    ESCALATE = "overdue"
    PROMISE = "promised-anew"
    """The file promises something else now."""


class Verdict(StrEnum):
    """What a customer says of what was done."""

    YES = "yes"
    PARTLY = "partly"
    NOT_YET = "not-yet"


class Step(StrEnum):
    """To whom a case goes that is overdue, in this order; to the last again each day."""

    OWNER = "owner"
    TEAM = "team"
    LEAD = "lead"
    CHIEF = "chief"


class Term(StrEnum):
    """What a case's due time is."""

    TAKE = "take"
    """Until then, somebody is to take it."""
    HOLD = "hold"
    """Until then, whoever took it has it: it is to be resolved, or their team goes home."""
    RESOLVE = "resolve"
    """Until then, it is to be resolved."""
    SET = "set"
    """Whatever is promised: it was put off to that day, or another team has passed it on with that time."""


CUSTOMER, EARSHOT = "customer", "earshot"
"""Who moved a case where that was nobody of a team."""

_WAITING = frozenset({CaseState.OPEN, CaseState.TAKEN, CaseState.ANSWERED})
_ANY = frozenset(CaseState)
_CLOSED = frozenset({CaseState.RESOLVED, CaseState.CONFIRMED})


class _Rule(NamedTuple):
    """From which states a move is possible, and what it leads to; None: the state stays."""

    allowed: frozenset[CaseState]
    leads_to: CaseState | None


MOVES: Mapping[Move, _Rule] = {
    Move.TAKE: _Rule(_WAITING, CaseState.TAKEN),
    Move.RELEASE: _Rule(_WAITING, CaseState.OPEN),
    Move.REPLY: _Rule(_ANY, CaseState.ANSWERED),
    Move.NOT_ARRIVED: _Rule(_ANY, CaseState.OPEN),
    Move.PASS: _Rule(_WAITING, CaseState.OPEN),
    Move.GRANT: _Rule(_ANY, None),
    Move.CARRIED_OUT: _Rule(_ANY, None),
    Move.NOT_CARRIED_OUT: _Rule(_ANY, CaseState.OPEN),
    Move.RESOLVE: _Rule(_WAITING, CaseState.RESOLVED),
    Move.THANK: _Rule(_WAITING, CaseState.RESOLVED),
    Move.REOPEN: _Rule(_CLOSED | {CaseState.ANSWERED}, CaseState.OPEN),
    Move.CONFIRM: _Rule(_WAITING | {CaseState.RESOLVED}, CaseState.CONFIRMED),
    Move.BLAME: _Rule(_ANY, None),
    Move.SNOOZE: _Rule(_WAITING, None),
    Move.SAY: _Rule(_ANY, None),
    Move.ESCALATE: _Rule(_WAITING, None),
    Move.PROMISE: _Rule(_WAITING, None),
}


class CaseMoved(EarshotError):
    """Somebody else was first, and what is asked for does not fit what they did. The message says who and what."""

    code = "case_moved"
    status = 409


class Entry(Model):
    """One line of a case's timeline."""

    at: Moment = Field(description="when")
    who: str = Field(description="who: a member's address, `customer`, `earshot`, or the source of a report")
    what: Move = Field(description="what happened")
    text: str = Field(default="", description="in their own words")
    way: str = Field(default="", description="from where: `page`, `mail`, `web`, `sms`, `bus`, `clock`")
    to: str | None = Field(default=None, description="the team it was passed to, or to whom it went that was overdue")
    remedy: str | None = Field(default=None, description="the remedy's id")
    amount: int | None = Field(default=None, description="of the remedy, in the currency's smallest unit, or how many")
    currency: str | None = Field(default=None, description="of the amount; null for things")
    grant: str | None = Field(default=None, description="the id of the remedy's grant")
    message: str | None = Field(default=None, description="the id of the message that tells the customer")
    until: Moment | None = Field(default=None, description="when a snooze ends")


class Case(Model):
    """A case as it now is."""

    state: CaseState = CaseState.OPEN
    opened_at: Moment
    """Since when its promises count: the receipt, or when it was opened again."""
    term: Term = Term.TAKE
    since: Moment | None = None
    """Since when that counts; None: since it was opened."""
    owner: str | None = None
    """Who has taken it."""
    had: str | None = None
    """Who had taken it before it became the team's again."""
    due_at: Moment | None = None
    """Until when the next has to happen, as it was promised; None for one that is closed."""
    wake_at: Moment | None = None
    """When it moves on by itself."""
    step: Step | None = None
    """To whom it has gone since it is overdue."""
    passed: bool = False
    """Whether a team passed it on: then no reason of the customer's moves it to another."""
    last: Entry | None = None
    """The last entry of its timeline."""
    moves: int = 0
    """How many entries its timeline has."""
    given: Mapping[str, int] = {}
    """What was granted by `remedy_line`, in the smallest unit; what was not carried out counts no more."""


def remedy_line(remedy: str, currency: str | None) -> str:
    """What amounts of a remedy are added up by: what was given in another currency is another line."""
    return f"{remedy} {currency}" if currency else remedy


class Found(NamedTuple):
    """A case with its feedback as it now is, and the entries of its timeline, oldest first."""

    revision: Revision
    case: Case
    timeline: tuple[Entry, ...] = ()
    timeline_unsaved: tuple[Entry, ...] = ()
    """Those of them that are in no item of their own yet, and are written with the next move."""

    @property
    def feedback(self) -> Feedback:
        """What the customer said."""
        return self.revision.feedback

    @property
    def kind(self) -> CaseKind:
        """Complaint or praise."""
        return CaseKind.PRAISE if self.feedback.mood is Mood.HAPPY else CaseKind.COMPLAINT


def check(case: Case, move: Move, who: str) -> None:
    """Raises `CaseMoved` where a move does not fit what has happened."""
    if move is Move.TAKE and case.state is CaseState.TAKEN and case.owner not in (None, who):
        raise CaseMoved(f"{case.owner} has taken this already.")
    if case.state not in MOVES[move].allowed:
        last = case.last
        done = f"{last.what} by {last.who}" if last else case.state.value
        raise CaseMoved(f"This is {case.state.value} already ({done}); nothing was changed.")


def moved(case: Case, entry: Entry, *, due_at: datetime | None, wake_at: datetime | None, **more: Any) -> Case:
    """The case after a move that `check` allows; `more` are other fields that it changes."""
    leads_to = MOVES[entry.what].leads_to
    state = case.state if leads_to is None else leads_to
    if entry.what is Move.REPLY and case.state.is_closed:
        state = case.state  # a word to a customer for whom all is done opens nothing
    if state is CaseState.OPEN and case.owner and entry.what in (Move.REOPEN, Move.NOT_ARRIVED, Move.NOT_CARRIED_OUT):
        state = CaseState.TAKEN  # it comes back to the same person
    closed = state.is_closed
    changes: dict[str, Any] = {
        "state": state,
        "due_at": None if closed else due_at,
        "wake_at": None if closed else wake_at,
        "last": entry,
        "moves": case.moves + 1,
    }
    return case.model_copy(update=changes | more)
