"""What each move makes of a case: its state, its owner, its due times and the line of its timeline. Pure.

The moves and the states between which they lead are `shared.model.case.MOVES`. Each function raises `CaseMoved` where
its move does not fit what has happened since.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.config.model import Config
from shared.errors import InvalidInput
from shared.feedback.promises import promise, resolved_by, taken_by
from shared.model.case import (
    CUSTOMER,
    EARSHOT,
    MAX_TEXT,
    Case,
    CaseKind,
    CaseState,
    Entry,
    Found,
    Move,
    Step,
    Term,
    check,
    moved,
    remedy_line,
)
from shared.values import to_iso

LONGEST_SNOOZE = timedelta(days=90)
DAILY = timedelta(days=1)
"""How often a case goes to the last of its steps again."""


class Change(NamedTuple):
    """A move that is to be written: what was there, what will be, and when."""

    before: Found
    case: Case
    entry: Entry
    at: datetime
    team: str
    """The team that owns it afterwards."""


class Now(NamedTuple):
    """What a move depends on beside the case: the settings, and the moment."""

    config: Config
    at: datetime

    def members(self, team: str) -> frozenset[str]:
        """The addresses that may act for a team, in lower case."""
        return self.config.members(team)


def take(found: Found, who: str, way: str, now: Now) -> Change:
    """Somebody promises to see to it. Whoever has left the team holds nothing."""
    case = found.case
    gone = case.owner is not None and case.owner not in now.members(found.feedback.team)
    check(case.model_copy(update={"owner": None}) if gone else case, Move.TAKE, who)
    due = _until_home(found, now)
    return _change(
        found,
        Entry(at=now.at, who=who, what=Move.TAKE, way=way),
        now,
        due=due,
        term=Term.HOLD,
        owner=who,
        had=None,
        step=None,
    )


def release(found: Found, now: Now) -> Change:
    """It is the team's again, and says who had it."""
    check(found.case, Move.RELEASE, EARSHOT)
    entry = Entry(at=now.at, who=EARSHOT, what=Move.RELEASE, way="clock", to=found.case.owner)
    return _change(found, entry, now, due=_next_take(found, now), owner=None, had=found.case.owner, step=None)


def reply(found: Found, who: str, text: str, way: str, message: str, now: Now) -> Change:
    """The customer is answered; `message` is the id of what is sent."""
    check(found.case, Move.REPLY, who)
    entry = Entry(at=now.at, who=who, what=Move.REPLY, text=written(text), way=way, message=message)
    return _change(
        found, entry, now, due=_next_resolve(found, now), term=Term.RESOLVE, owner=_owner(found, who, now), step=None
    )


def not_arrived(found: Found, reason: str, message: str, now: Now) -> Change:
    """What was sent did not reach the customer."""
    check(found.case, Move.NOT_ARRIVED, EARSHOT)
    entry = Entry(at=now.at, who=EARSHOT, what=Move.NOT_ARRIVED, text=reason, way="bus", message=message)
    return _change(found, entry, now, due=_next_take(found, now), step=None)


def pass_on(found: Found, who: str, to: str, reason: str, way: str, now: Now) -> Change:
    """Another team owns it. The story stays, and so does the due time."""
    check(found.case, Move.PASS, who)
    if to not in now.config.teams or to == found.feedback.team:
        others = ", ".join(id for id in now.config.teams if id != found.feedback.team)
        raise InvalidInput(f"to must be another team: {others}.", field="to")
    entry = Entry(at=now.at, who=who, what=Move.PASS, text=written(reason), way=way, to=to)
    due = found.case.due_at or taken_by(now.config, to, found.feedback.mood, now.at)
    return _change(found, entry, now, due=due, term=Term.SET, team=to, owner=None, had=None, passed=True, step=None)


def resolve(found: Found, who: str, text: str, way: str, message: str | None, now: Now) -> Change:
    """It is done; `text` says what was. `message` is the id of what the customer is told, if anything."""
    check(found.case, Move.RESOLVE, who)
    entry = Entry(at=now.at, who=who, what=Move.RESOLVE, text=written(text), way=way, message=message)
    return _change(found, entry, now, owner=_owner(found, who, now), step=None)


def thank(found: Found, who: str, text: str, way: str, to: str | None, message: str | None, now: Now) -> Change:
    """Praise has gone to whom it names (`to`), or to the team."""
    check(found.case, Move.THANK, who)
    if found.kind is not CaseKind.PRAISE:
        raise InvalidInput("action: there is no praise in this; resolve it, and say what was done.", field="action")
    entry = Entry(
        at=now.at, who=who, what=Move.THANK, text=written(text, "", needed=False), way=way, to=to, message=message
    )
    return _change(found, entry, now, owner=_owner(found, who, now), step=None)


def reopen(found: Found, who: str, text: str, way: str, now: Now) -> Change:
    """It is not done: it comes back to the same person, or to the team where they have left it."""
    check(found.case, Move.REOPEN, who)
    entry = Entry(at=now.at, who=who, what=Move.REOPEN, text=text[:MAX_TEXT], way=way)
    due = taken_by(now.config, found.feedback.team, found.feedback.mood, now.at)
    return _change(found, entry, now, due=due, opened_at=now.at, step=None)


def confirm(found: Found, who: str, text: str, way: str, now: Now) -> Change:
    """The customer says that it is done."""
    check(found.case, Move.CONFIRM, who)
    return _change(found, Entry(at=now.at, who=who, what=Move.CONFIRM, text=text[:MAX_TEXT], way=way), now, step=None)


def say(found: Found, text: str, way: str, now: Now) -> Change:
    """The customer says something for which nobody has to do anything."""
    entry = Entry(at=now.at, who=CUSTOMER, what=Move.SAY, text=text[:MAX_TEXT], way=way)
    return _change(found, entry, now, stays=True)


def blame(found: Found, who: str, text: str, way: str, now: Now) -> Change:
    """Somebody had to say no because of a rule; `text` says which."""
    check(found.case, Move.BLAME, who)
    return _change(found, Entry(at=now.at, who=who, what=Move.BLAME, text=written(text), way=way), now, stays=True)


def snooze(found: Found, who: str, reason: str, until: datetime, way: str, now: Now) -> Change:
    """Nothing has to happen until a moment, for a reason."""
    check(found.case, Move.SNOOZE, who)
    if not now.at < until <= now.at + LONGEST_SNOOZE:
        raise InvalidInput(f"until must be a day of the next {LONGEST_SNOOZE.days}.", field="until")
    entry = Entry(at=now.at, who=who, what=Move.SNOOZE, text=written(reason), way=way, until=until)
    wake = now.config.work_time(found.feedback.team).after(until, timedelta())  # when somebody is there
    return _change(found, entry, now, due=until, wake=wake, term=Term.SET, owner=_owner(found, who, now), step=None)


def granted(found: Found, entry: Entry, now: Now) -> Change:
    """A remedy was granted, carried out or not (`entry` says which)."""
    check(found.case, entry.what, entry.who)
    given = _given_after(found, entry)
    if entry.what is Move.NOT_CARRIED_OUT:
        return _change(found, entry, now, due=_next_take(found, now), step=None, given=given)
    return _change(found, entry, now, stays=True, given=given)


def _given_after(found: Found, entry: Entry) -> Mapping[str, int]:
    """`Case.given` after an entry about a remedy. What was carried out counts, whatever else is said of it."""
    said = {each.what for each in found.timeline if each.grant == entry.grant}
    sign = {
        Move.GRANT: 1,
        Move.NOT_CARRIED_OUT: 0 if Move.CARRIED_OUT in said else -1,
        Move.CARRIED_OUT: 1 if Move.NOT_CARRIED_OUT in said else 0,
    }[entry.what]
    line, given = remedy_line(entry.remedy or "", entry.currency), found.case.given
    return {**given, line: given.get(line, 0) + sign * (entry.amount or 0)}


def overdue(found: Found, now: Now) -> Change:
    """What happens at a case's `wake_at`: it is the team's again, or goes to the next of its steps."""
    case, team = found.case, found.feedback.team
    if case.state is CaseState.TAKEN and case.step is None and now.at < _resolve_due(found, now):
        return release(found, now)
    check(case, Move.ESCALATE, EARSHOT)
    step = next(each for each in _steps(found, now))
    entry = Entry(at=now.at, who=EARSHOT, what=Move.ESCALATE, way="clock", to=step.value)
    gap = promise(now.config, team, found.feedback.mood).take
    wake = now.at + DAILY if step is _last(now, team) else now.config.work_time(team).after(now.at, gap)
    more: dict[str, Any] = {"step": step}
    if step is not Step.OWNER and case.owner:
        more |= {"owner": None, "had": case.owner, "state": CaseState.OPEN}
    return _change(
        found,
        entry,
        now,
        due=case.due_at or now.at,
        wake=wake,
        term=case.term,
        since=case.since or case.opened_at,
        **more,
    )


def promised_again(found: Found, now: Now) -> Change | None:
    """The case under the present settings: its team, its owner and its due time; None where nothing changes."""
    case, team = found.case, found.feedback.team
    if case.state.is_closed:
        return None
    if team not in now.config.teams:
        to, due = now.config.default_team, case.due_at or now.at
        entry = Entry(at=now.at, who=EARSHOT, what=Move.PASS, way="clock", to=to)
        return _change(found, entry, now, due=due, term=Term.SET, team=to, owner=None, passed=True, step=None)
    if case.owner and case.owner not in now.members(team):
        return release(found, now)
    return _repromised(found, now)


def _repromised(found: Found, now: Now) -> Change | None:
    """With the due time that it would have, had the present file been there; None where that is what it has.

    What is overdue by both goes on as it is.
    """
    case = found.case
    if case.term is Term.SET:
        return None
    since = case.since or case.opened_at
    lasts = {Term.TAKE: _next_take, Term.HOLD: _until_home, Term.RESOLVE: _next_resolve}[case.term]
    due = lasts(found, Now(now.config, since))
    was_due = case.due_at or now.at
    if to_iso(due) == to_iso(was_due) or max(due, was_due) <= now.at:
        return None
    entry = Entry(at=now.at, who=EARSHOT, what=Move.PROMISE, way="clock")
    return _change(found, entry, now, due=due, term=case.term, since=since, step=None)


def written(text: str, field: str = "text", *, needed: bool = True) -> str:
    """What somebody wrote with a move; raises `InvalidInput`."""
    plain = text.strip()
    if needed and not plain:
        raise InvalidInput(f"{field} is empty; write it in a sentence.", field=field)
    if len(plain) > MAX_TEXT:
        raise InvalidInput(f"{field} is over {MAX_TEXT:,} characters.", field=field)
    return plain


def _change(
    found: Found,
    entry: Entry,
    now: Now,
    *,
    due: datetime | None = None,
    wake: datetime | None = None,
    term: Term = Term.TAKE,
    since: datetime | None = None,
    team: str | None = None,
    stays: bool = False,
    **more: Any,
) -> Change:
    """The change that an entry makes. The term counts `since` then, or from now on; `stays`: it is what it was."""
    case = found.case
    if stays:
        due, wake, term, since = case.due_at, case.wake_at, case.term, case.since
    else:
        wake, since = wake or due, since or now.at
    team = team or found.feedback.team
    if team not in now.config.teams:  # it was closed when its team was taken out of the file
        team, more = now.config.default_team, {**more, "passed": True}
    after = moved(case, entry, due_at=due, wake_at=wake, term=term, since=since, **more)
    if after.owner and after.owner not in now.members(team):  # who left the file holds nothing
        state = CaseState.OPEN if after.state is CaseState.TAKEN else after.state
        after = after.model_copy(update={"owner": None, "had": after.owner, "state": state})
    return Change(found, after, entry, now.at, team)


def _owner(found: Found, who: str, now: Now) -> str:
    """Whoever has it, or, where they have left or nobody has, who acts."""
    owner = found.case.owner
    return owner if owner in now.members(found.feedback.team) else who


def _resolve_due(found: Found, now: Now) -> datetime:
    return resolved_by(now.config, found.feedback.team, found.feedback.mood, found.case.opened_at)


def _next_take(found: Found, now: Now) -> datetime:
    """Until when somebody is to take it from now on: as promised, and before it is to be resolved, if that is ahead."""
    due = taken_by(now.config, found.feedback.team, found.feedback.mood, now.at)
    resolve_due = _resolve_due(found, now)
    return min(due, resolve_due) if resolve_due > now.at else due


def _next_resolve(found: Found, now: Now) -> datetime:
    due = _resolve_due(found, now)
    return due if due > now.at else taken_by(now.config, found.feedback.team, found.feedback.mood, now.at)


def _until_home(found: Found, now: Now) -> datetime:
    """Until when whoever takes it now has it: until it is to be resolved, or the team goes home."""
    due = _next_resolve(found, now)
    work = now.config.work_time(found.feedback.team)
    home = work.closes(now.at) or work.closes(work.after(now.at, timedelta(seconds=1)))
    return min(due, home) if home else due


def _steps(found: Found, now: Now) -> Iterator[Step]:
    """The step that comes next, and then its last one for ever."""
    team = now.config.teams.get(found.feedback.team)
    steps = [Step.TEAM]
    if found.case.owner in now.members(found.feedback.team):
        steps.insert(0, Step.OWNER)
    if team and team.lead and team.lead != now.config.business.chief:  # who is both is told once
        steps.append(Step.LEAD)
    if now.config.business.chief:
        steps.append(Step.CHIEF)
    order = list(Step)
    past = order.index(found.case.step) if found.case.step else -1
    ahead = [step for step in steps if order.index(step) > past]
    yield ahead[0] if ahead else steps[-1]


def _last(now: Now, team: str) -> Step:
    known = now.config.teams.get(team)
    if now.config.business.chief:
        return Step.CHIEF
    return Step.LEAD if known and known.lead else Step.TEAM
