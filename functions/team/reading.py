"""A case as its page shows it: labels and values in the business's first language, and what can be done by whom."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup

from functions.team.cases import CaseLook, More, Voices
from functions.team.story import Teller
from shared.cases import wording
from shared.cases.changes import LONGEST_SNOOZE
from shared.cases.remedies import in_words
from shared.cases.work import Action
from shared.config.fields import decimals
from shared.config.model import Config
from shared.languages.packs import texts
from shared.languages.ratings import choice_in_words, rating_label
from shared.model.case import MAX_TEXT, MOVES, Case, CaseKind, CaseState, Found, Move
from shared.model.feedback import Feedback
from shared.text.graphemes import ELLIPSIS, cut, exceeds
from shared.text.html import fill
from shared.text.lines import one_line

WHOLE, WHOLE_LINES = 170, 6
"""Graphemes and lines of a customer's words that lead the page as they are, above a button on the smallest phone."""
SHOWN, SHOWN_LINES = 120, 4
"""As many of longer ones; the rest is one tap away."""
LISTED = 160
"""Graphemes of them in a list."""
SIGNS = 2_000
"""Characters, since a single grapheme can be as long as the rest."""

_MOVES = {
    Action.TAKE: Move.TAKE,
    Action.REPLY: Move.REPLY,
    Action.ACT: Move.GRANT,
    Action.RESOLVE: Move.RESOLVE,
    Action.THANK: Move.THANK,
    Action.PASS: Move.PASS,
    Action.RULE: Move.BLAME,
    Action.SNOOZE: Move.SNOOZE,
}


class Row(NamedTuple):
    """A case in a list."""

    id: str
    mood: str
    words: str
    """Empty where they left only a choice."""
    choice: str
    facts: Sequence[str]
    overdue: bool


class Fact(NamedTuple):
    """A label and its value."""

    label: str
    value: str
    urgent: bool = False


class Reader:
    """Reads cases for the pages of one business."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._say = texts(config.language)
        self._teller = Teller(config)

    def title(self, feedback: Feedback) -> str:
        """What a case's page is called."""
        return self._say["card.subject_at"].format(
            words=self._short(feedback, 60) or self._choice(feedback),
            where=one_line(wording.where(self._config, feedback)),
        )

    def news(self, look: CaseLook, now: datetime) -> str:
        """What happened last."""
        return self._say["case.meanwhile"].format(what=self._teller.news(look, now))

    def row(self, found: Found, now: datetime) -> Row:
        """A case in a list: where, for how long, until when, and whose it is."""
        feedback, case = found.feedback, found.case
        facts = [one_line(wording.where(self._config, feedback))]
        if feedback.comment and feedback.rating is not None:  # not by its colour alone
            facts.insert(0, rating_label(feedback.scale, feedback.rating, self._say))
        if case.state.is_closed:
            facts.append(self._say[f"case.state_{case.state}"])
        else:
            facts.append(self._fact("card.age", wording.length(now - feedback.received_at, self._say)))
            facts += [f"{fact.label} {fact.value}" for fact in self._due(case, now)]
        if case.owner:
            facts.append(wording.name(self._config, case.owner))
        overdue = case.due_at is not None and case.due_at <= now
        return Row(
            feedback.id, feedback.mood.value, self._short(feedback, LISTED), self._choice(feedback), facts, overdue
        )

    def voice(self, feedback: Feedback, now: datetime) -> dict[str, Any]:
        """What somebody said, whole."""
        return {
            "feedback": feedback,
            "choice": self._choice(feedback),
            "facts": [
                one_line(wording.where(self._config, feedback)),
                wording.when(feedback.received_at, self._config, self._say, now),
            ],
        }

    def about(self, wanted: Voices) -> str:
        """What a list of voices is about."""
        about = wording.touchpoint(self._config, wanted.touchpoint) if wanted.touchpoint else ""
        return self._say["case.others_title"].format(where=" · ".join(filter(None, (about, wanted.place))))

    def case(self, team: str, email: str | None, look: CaseLook, more: More, now: datetime) -> dict[str, Any]:
        """All that a case's page shows."""
        found = look.found
        feedback, case = found.feedback, found.case
        words = _leading(feedback.comment)
        actions = set(self._actions(team, email, look, more))
        return {
            "where": one_line(wording.where(self._config, feedback)),
            "mood": feedback.mood.value,
            "language": feedback.language,
            "words": words,
            "whole": feedback.comment if words != feedback.comment else "",
            "choice": self._choice(feedback),
            "facts": list(self._facts(found, now)),
            "about": list(self._about(feedback, more)),
            "story": self._teller.tell(look, more, now),
            "reach": self._reach(look),
            "is_reached": look.reach.channel is not None,
            "others": [(self._say_others(each, number), self._link(team, each)) for each, number in more.others],
            "others_complete": more.others_complete,
            "actions": {action.value for action in actions},
            "elsewhere": "" if feedback.team == team else self._team(feedback.team),
            "is_praise": found.kind is CaseKind.PRAISE,
            "is_mine": email is not None and case.owner == email,
            "seen": found.revision.number,
            "people": {person.email: person.name for person in self._people(team)},
            "teams": {id: each.name for id, each in self._config.teams.items() if id != feedback.team},
            "remedies": list(self._remedies(feedback.team, more)),
            "max_text": MAX_TEXT,
            "days": self._days(now),
        }

    def _actions(self, team: str, email: str | None, look: CaseLook, more: More) -> Iterator[Action]:
        """What can be done now, by whoever is signed in."""
        found = look.found
        case, config = found.case, self._config
        if email is None or found.feedback.team != team:
            return
        held = case.owner in config.members(team) and case.state is CaseState.TAKEN
        is_praise = found.kind is CaseKind.PRAISE
        unfit = {
            Action.TAKE: held or case.owner == email,
            Action.REPLY: look.reach.channel is None,
            Action.ACT: not more.left,
            Action.RESOLVE: is_praise,
            Action.THANK: not is_praise,
            Action.PASS: len(config.teams) < 2,
        }
        yield from (
            action for action, move in _MOVES.items() if case.state in MOVES[move].allowed and not unfit.get(action)
        )

    def _facts(self, found: Found, now: datetime) -> Iterator[Fact]:
        """What stands under the words: who, where, when, for how long, until when, whose it is."""
        feedback, case, say = found.feedback, found.case, self._say
        yield Fact(say["card.who"], wording.customer(feedback) or say["card.anonymous"])
        yield Fact(say["card.where"], one_line(wording.where(self._config, feedback)))
        age = wording.length(now - feedback.received_at, say)
        yield Fact(say["card.when"], f"{wording.when(feedback.received_at, self._config, say, now)} ({age})")
        yield from self._due(case, now)
        if case.state.is_closed or case.state is CaseState.ANSWERED:
            yield Fact(say["case.state"], say[f"case.state_{case.state}"])
        if case.owner:
            yield Fact(say["card.taken_by"], wording.name(self._config, case.owner))
        elif case.had:
            yield Fact(say["card.taken_by"], say["case.had"].format(who=wording.name(self._config, case.had)))
        yield from (Fact(say["card.know"], say[f"card.{flag}"], urgent=True) for flag in feedback.flags)

    def _due(self, case: Case, now: datetime) -> Iterator[Fact]:
        if case.due_at is None:
            return
        overdue = case.due_at <= now
        at = wording.when(case.due_at, self._config, self._say, now)
        yield Fact(self._say["card.overdue" if overdue else "card.due"], at, overdue)

    def _about(self, feedback: Feedback, more: More) -> Iterator[Fact]:
        """What else is to know of a feedback."""
        say = self._say
        if feedback.comment:
            yield Fact(say["card.chose"], self._choice(feedback))
        if feedback.reasons:
            yield Fact(say["card.reasons"], " · ".join(wording.reasons(self._config, feedback)))
        attached = [one_line(name) for mail in more.mails for name in mail.attachments]
        if attached:
            yield Fact(say["card.attached"], " · ".join(attached))

    def _reach(self, look: CaseLook) -> Markup:
        """As HTML: a number stands the right way round in any language."""
        reach = look.reach
        key = f"card.reach_{reach.channel}" if reach.channel else reach.why_not
        return fill(self._say[key], to=one_line(reach.to))

    def _remedies(self, team: str, more: More) -> Iterator[dict[str, Any]]:
        known = self._config.teams[team].remedies if team in self._config.teams else {}
        for id, remedy in known.items():
            left = more.left.get(id, 0)
            yield {
                "id": id,
                "name": remedy.name.get(self._config.language, id),
                "currency": remedy.currency or "",
                "decimal": decimals(remedy.currency) > 0,
                "left": in_words(left, remedy.currency) if left else "",
            }

    def _people(self, team: str) -> Iterator[Any]:
        """Who may be named for praise: the team first, then everybody else."""
        for id in sorted(self._config.teams, key=lambda each: each != team):
            yield from self._config.teams[id].people

    def _team(self, id: str) -> str:
        known = self._config.teams.get(id)
        return known.name if known else id

    def _say_others(self, wanted: Voices, number: int) -> str:
        about = wording.touchpoint(self._config, wanted.touchpoint) if wanted.touchpoint else ""
        where = " · ".join(filter(None, (wanted.place, about)))
        return self._say["case.others"].format(number=number, where=one_line(where))

    def _link(self, team: str, wanted: Voices) -> str:
        return f"/t/{team}?{urlencode({name: value for name, value in wanted._asdict().items() if value is not None})}"

    def _days(self, now: datetime) -> Mapping[str, str]:
        """The first and the last day until which a case can be put off."""
        today = now.astimezone(ZoneInfo(self._config.business.time_zone)).date()
        return {
            "first": (today + timedelta(days=1)).isoformat(),
            "last": (today + LONGEST_SNOOZE - timedelta(days=1)).isoformat(),
        }

    def _choice(self, feedback: Feedback) -> str:
        return choice_in_words(feedback.scale, feedback.rating, self._say)

    def _short(self, feedback: Feedback, graphemes: int) -> str:
        words = one_line(feedback.comment[: SIGNS * 2])
        return cut(words, graphemes)[:SIGNS]

    def _fact(self, key: str, value: str) -> str:
        return f"{self._say[key]} {value}"


def _leading(words: str) -> str:
    """What leads the page of a customer's words: all of them, where they are few."""
    lines = words.splitlines()
    if len(lines) <= WHOLE_LINES and len(words) <= SIGNS and not exceeds(words, WHOLE):
        return words
    some = "\n".join(lines[:SHOWN_LINES])[:SIGNS]
    return cut(some, SHOWN) if exceeds(some, SHOWN) else some + ELLIPSIS
