"""What the people of a team do about a case, on its page or by mail: the one place that acts for them.

An action reads the case, makes its change and writes it with all that goes with it, or nothing at all. Where somebody
else was quicker, the case is read and the action decided again; the same press sent twice does nothing twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.cases import changes
from shared.cases.answers import Answers, Telling
from shared.cases.cases import Cases
from shared.cases.changes import Change, Now
from shared.cases.remedies import Remedies
from shared.config.model import Config
from shared.errors import Contended, FeedbackUnknown, Forged, InvalidInput, Unavailable
from shared.model.case import CUSTOMER, CaseMoved, Entry, Found, Move
from shared.table.table import Operation

_ATTEMPTS = 5
_ANSWERS = frozenset({Move.REPLY, Move.RESOLVE, Move.THANK})


class Action(StrEnum):
    """What somebody can do about a case; the values are those of forms."""

    TAKE = "take"
    REPLY = "reply"
    RESOLVE = "resolve"
    PASS = "pass"  # noqa: S105
    THANK = "thank"
    ACT = "act"
    RULE = "rule"
    SNOOZE = "snooze"
    VERDICT = "verdict"


class _Press(NamedTuple):
    """Who does it, with what they filled in, from where, and what else it depends on."""

    who: str
    form: Mapping[str, str]
    way: str
    now: Now

    @property
    def text(self) -> str:
        return self.form.get("text", "").strip()

    @property
    def to(self) -> str:
        return self.form.get("to", "").strip().lower()


class _Step(NamedTuple):
    """A change, what the customer is told of it, and what else is written with it."""

    change: Change
    telling: Telling | None = None
    operations: tuple[Operation, ...] = ()


class Work:
    """What the people of one stage's teams do."""

    def __init__(self, config: Config, cases: Cases, answers: Answers) -> None:
        self._config = config
        self._cases = cases
        self._answers = answers
        self._remedies = Remedies(cases)
        self._steps = {
            Action.TAKE: self._take,
            Action.REPLY: self._reply,
            Action.RESOLVE: self._resolve,
            Action.PASS: self._pass,
            Action.THANK: self._thank,
            Action.ACT: self._act,
            Action.RULE: self._rule,
            Action.SNOOZE: self._snooze,
            Action.VERDICT: self._verdict,
        }

    def act(
        self,
        id: str,
        team: str,
        who: str,
        action: Action,
        form: Mapping[str, str],
        way: str,
        now: datetime,
        *,
        others: Sequence[Operation] = (),
    ) -> Found:
        """Do something about the feedback `id` for a team, and return the case as it then is.

        `form` has what an action takes: `text`, `to`, `remedy`, `amount`, `until`; and `seen`, the revision's number as
        `who` saw it, where that is known. `way` is from where it came: `page` or `mail`. `others` are written with it,
        or not at all.

        Raises an `EarshotError` that names the field and says what to do; nothing is changed or sent then.
        """
        who = who.lower()
        if who not in self._config.members(team):
            raise Forged(f"{who} is not listed for the team {team}.")
        press = _Press(who, form, way, Now(self._config, now))
        for _ in range(_ATTEMPTS):
            found = self._found(id, team)
            step = self._step(found, action, press)
            if step is None:
                return found
            if self._write(step, others, now):
                return self._cases.get(id) or found
        raise Contended("Several people are changing this at once; look at it, and try again.")

    def _found(self, id: str, team: str) -> Found:
        found = self._cases.get(id)
        if found is None:
            raise FeedbackUnknown("There is no such case, or it was erased.")
        owner = found.feedback.team
        if owner != team:
            known = self._config.teams.get(owner)
            raise CaseMoved(f"{known.name if known else owner} has this now, and only they act on it.")
        return found

    def _step(self, found: Found, action: Action, press: _Press) -> _Step | None:
        """What an action comes to; None where it has been done already, such as by a second press."""
        newer = _newer(found, press.form.get("seen", ""))
        if any(_is_same(entry, action, press) for entry in (found.timeline[-1:] if newer is None else newer)):
            return None
        if newer is not None and _MOVES.get(action) in _ANSWERS:
            _check_nothing_new(found, newer, int(press.form["seen"]))
        step = self._steps[action](found, press)
        return None if any(_grants_same(entry, step.change.entry) for entry in newer or ()) else step

    def _take(self, found: Found, press: _Press) -> _Step:
        return _Step(changes.take(found, press.who, press.way, press.now))

    def _reply(self, found: Found, press: _Press) -> _Step:
        telling = self._answers.reply(found, changes.written(press.text), press.now.at)
        change = changes.reply(found, press.who, press.text, press.way, telling.message.id, press.now)
        return _Step(change, telling)

    def _resolve(self, found: Found, press: _Press) -> _Step:
        changes.resolve(found, press.who, press.text, press.way, None, press.now)  # raises what speaks against it
        told = self._answers.resolved(found, changes.written(press.text), press.now.at)
        return _Step(
            changes.resolve(found, press.who, press.text, press.way, told and told.message.id, press.now), told
        )

    def _pass(self, found: Found, press: _Press) -> _Step:
        return _Step(changes.pass_on(found, press.who, press.to, press.text, press.way, press.now))

    def _thank(self, found: Found, press: _Press) -> _Step:
        people = {person.email.lower(): person.name for each in self._config.teams.values() for person in each.people}
        if press.to and press.to not in people:
            raise InvalidInput("to: name somebody by the address that they are listed with, or nobody.", field="to")
        changes.thank(found, press.who, press.text, press.way, press.to or None, None, press.now)
        told = self._answers.thanked(found, people.get(press.to), press.now.at)
        message = told and told.message.id
        change = changes.thank(found, press.who, press.text, press.way, press.to or None, message, press.now)
        praise = (self._answers.praise(found, press.to, press.who, press.text, press.now.at),) if press.to else ()
        return _Step(change, told, praise)

    def _act(self, found: Found, press: _Press) -> _Step:
        id, amount = press.form.get("remedy", "").strip(), press.form.get("amount", "")
        change, counting = self._remedies.grant(found, id, amount, press.who, press.way, press.now)
        return _Step(change, operations=(counting,))

    def _rule(self, found: Found, press: _Press) -> _Step:
        return _Step(changes.blame(found, press.who, press.text, press.way, press.now))

    def _snooze(self, found: Found, press: _Press) -> _Step:
        until = self._until(press.form.get("until", ""))
        return _Step(changes.snooze(found, press.who, press.text, until, press.way, press.now))

    def _verdict(self, found: Found, press: _Press) -> _Step:
        raise InvalidInput("verdict: whether it is fixed is for the customer to say.", field="verdict")

    def _until(self, written: str) -> datetime:
        """A day, from its first minute on, or a moment, on the business's clock."""
        try:
            until = datetime.fromisoformat(written.strip())
        except ValueError:
            raise InvalidInput("until: write a day such as 2026-05-31.", field="until") from None
        return until if until.tzinfo else until.replace(tzinfo=ZoneInfo(self._config.business.time_zone))

    def _write(self, step: _Step, others: Sequence[Operation], now: datetime) -> bool:
        """Write a step, all or nothing; False where somebody else was quicker."""
        message = step.telling.message if step.telling else None
        if message and not self._answers.may_send(message, now):
            raise Unavailable(
                "text: this business sends no more texts today; [sms] sent_per_day bounds them.", field="text"
            )
        told = step.telling.operations if step.telling else ()
        if self._cases.move(step.change, *told, *step.operations, *others):
            return True
        if message:
            self._answers.not_sent(message, now)
        return False


_MOVES = {
    Action.TAKE: Move.TAKE,
    Action.REPLY: Move.REPLY,
    Action.RESOLVE: Move.RESOLVE,
    Action.PASS: Move.PASS,
    Action.THANK: Move.THANK,
    Action.RULE: Move.BLAME,
    Action.SNOOZE: Move.SNOOZE,
}


def _is_same(entry: Entry, action: Action, press: _Press) -> bool:
    """Whether an entry is what the same press has made before."""
    if (entry.who, entry.what) != (press.who, _MOVES.get(action)):
        return False
    same_to = action not in (Action.PASS, Action.THANK) or (entry.to or "") == press.to
    return same_to and entry.text == press.text


def _grants_same(entry: Entry, other: Entry) -> bool:
    """Whether two entries are grants of the same by the same person."""
    both = [(each.who, each.what, each.remedy, each.amount) for each in (entry, other)]
    return other.what is Move.GRANT and both[0] == both[1]


def _newer(found: Found, seen: str) -> Sequence[Entry] | None:
    """The entries since the revision `seen`, at most; None where nobody says what was seen."""
    if not seen.strip().isdecimal():
        return None
    writes = max(0, found.revision.number - int(seen))
    return found.timeline[max(0, len(found.timeline) - writes) :] if writes else ()


def _check_nothing_new(found: Found, newer: Sequence[Entry], seen: int) -> None:
    """Raises where the customer has said something since, or a colleague has answered them."""
    last = max((entry.at for entry in newer if entry.who == CUSTOMER), default=found.revision.changed_at)
    last = max(last, found.revision.changed_at)
    after = sum(entry.at >= last and entry.who != CUSTOMER for entry in newer)
    if found.revision.number - after > seen:
        raise CaseMoved("The customer has said more since. Read it, then send your answer again.", field="seen")
    for entry in newer:
        if entry.what in _ANSWERS:
            raise CaseMoved(f"{entry.who} has answered in the meantime. Read it, then send yours again.", field="seen")
