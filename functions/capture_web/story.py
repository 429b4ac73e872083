"""What became of a feedback, in whole sentences for its customer. Imported once somebody follows it.

Only what is theirs to read: what teams wrote to them and did. Reasons of passing on, of snoozing and of rules, and who
of a team did something, stay inside.
"""

import html
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from string import Template
from typing import NamedTuple

from functions.capture_web.body import TRAP
from shared.cases.hearing import last_verdict, was_asked
from shared.cases.wording import given, when
from shared.config.model import Config
from shared.feedback.owners import owner
from shared.languages.packs import texts
from shared.model.case import CUSTOMER, Entry, Found, Move, Verdict
from shared.model.feedback import Feedback, Revision

_TEMPLATES = Path(__file__).parent / "templates"


class Status(NamedTuple):
    """What is said first: that something was heard, or what is wrong; `is_problem` tells which."""

    text: str = ""
    is_problem: bool = False


class Asked(NamedTuple):
    """What the buttons and the field for words show: what was chosen, and what was written."""

    verdict: str = ""
    text: str = ""


class Story(NamedTuple):
    """A feedback as its customer follows it, in their language; `found` is None where nobody has to do anything."""

    config: Config
    language: str
    revision: Revision
    found: Found | None

    @property
    def title(self) -> str:
        """What the page is called."""
        return texts(self.language)["web.follow_title"]

    def section(self, path: str, *, alone: bool, status: Status = Status(), asked: Asked | None = None) -> str:  # noqa: B008
        """As HTML: `alone` on a page, or above the question that the customer answered. `path`: where it is asked."""
        return _template("story.html").substitute(
            tag="main" if alone else "section",
            heading_tag="h1" if alone else "h2",
            title=html.escape(self.title),
            status=html.escape(status.text),
            status_class="problem" if status.is_problem else "",
            lines="\n".join(self._lines()),
            question=self._question(path, asked) if self.found and was_asked(self.found) else "",
        )

    def _lines(self) -> Iterator[str]:
        say, feedback = texts(self.language), self.revision.feedback
        yield _line(say["web.follow_said"], feedback.comment, self._chosen(feedback))
        team = self._first_team(feedback)
        yield _line(self._sentence("received", team, feedback.received_at))
        for entry in self.found.timeline if self.found else ():
            if entry.what is Move.PASS and entry.to:
                team = entry.to
            yield from self._entry(entry, team, feedback)

    def _entry(self, entry: Entry, team: str, feedback: Feedback) -> Iterator[str]:
        sentence = _SENTENCES.get(entry.what)
        if sentence in _CUSTOMERS and entry.who != CUSTOMER:
            return
        if sentence:
            words = entry.text if entry.what in _IN_THEIR_WORDS else ""
            yield _line(self._sentence(sentence, team, entry.at), words)
        elif entry.what is Move.CARRIED_OUT:
            yield _line(given(self.config, feedback, entry, self.language))
        elif entry.what is Move.THANK:
            yield _line(self._thanked(entry, team))

    def _sentence(self, name: str, team: str, at: datetime) -> str:
        say = texts(self.language)
        moment = when(at, self.config, say)
        return say[f"web.follow_{name}"].format(when=moment, **self._names(team))

    def _thanked(self, entry: Entry, team: str) -> str:
        people = {each.email.lower(): each.name for known in self.config.teams.values() for each in known.people}
        to = people.get(entry.to or "")
        return texts(self.language)["answer.passed_on" if to else "answer.passed_on_team"].format(
            to=to, **self._names(team)
        )

    def _names(self, team: str) -> dict[str, str]:
        known = self.config.teams.get(team) or self.config.teams[self.config.default_team]
        return {"team": known.name, "business": self.config.business.name}

    def _first_team(self, feedback: Feedback) -> str:
        """Who had it before anybody passed it on."""
        passed = self.found is not None and any(entry.what is Move.PASS for entry in self.found.timeline)
        if passed and feedback.touchpoint in self.config.touchpoints:
            return owner(self.config, feedback.touchpoint, feedback.reasons)
        return feedback.team

    def _chosen(self, feedback: Feedback) -> str:
        """The answer and the reasons that they picked, as the page called them."""
        say, known = texts(self.language), self.config.touchpoints.get(feedback.touchpoint)
        labels = {each.id: each.label.get(self.language, each.id) for each in (known.reasons if known else ())}
        rating = [] if feedback.rating is None else [str(feedback.rating)]
        chosen = [say.get(f"web.{feedback.scale}_{each}", each) for each in rating]
        return " · ".join([*chosen, *(labels.get(reason, reason) for reason in feedback.reasons)])

    def _question(self, path: str, asked: Asked | None) -> str:
        say = texts(self.language)
        before = last_verdict(self.found) if self.found else None
        asked = asked or Asked()
        buttons = "".join(
            f'<button name="verdict" value="{each}"{_pressed(each, asked.verdict or before)}>'
            f"{html.escape(say[f'answer.{each}'])}</button>"
            for each in Verdict
        )
        return _template("verdict.html").substitute(
            action=html.escape(f"{path}?lang={self.language}"),
            trap=TRAP,
            trap_label=html.escape(say["web.trap_label"]),
            fixed=html.escape(say["answer.fixed"]),
            again=f'<p class="hint">{html.escape(say["web.follow_again"])}</p>' if before else "",
            text_label=html.escape(say["web.follow_text"]),
            text=html.escape(asked.text),
            buttons=buttons,
        )


_SENTENCES: Mapping[Move, str] = {
    Move.TAKE: "taken",
    Move.REPLY: "replied",
    Move.PASS: "passed",
    Move.RESOLVE: "resolved",
    Move.REOPEN: "reopened",
    Move.CONFIRM: "confirmed",
    Move.SAY: "added",
}
_CUSTOMERS = frozenset({"reopened", "confirmed", "added"})
_IN_THEIR_WORDS = frozenset({Move.REPLY, Move.RESOLVE, Move.REOPEN, Move.CONFIRM, Move.SAY})
"""The moves whose words are the customer's, or were written to them."""


def _line(sentence: str, words: str = "", chosen: str = "") -> str:
    quote = f'<blockquote dir="auto">{html.escape(words)}</blockquote>' if words else ""
    hint = f'<p class="hint">{html.escape(chosen)}</p>' if chosen else ""
    return f"<li><p>{html.escape(sentence)}</p>{hint}{quote}</li>"


def _pressed(verdict: Verdict, chosen: str | None) -> str:
    return ' class="chosen"' if verdict.value == chosen else ""


def _template(name: str) -> Template:
    return Template((_TEMPLATES / name).read_text(encoding="utf-8"))
