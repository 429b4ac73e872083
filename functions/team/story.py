"""The story of a case, a line for each thing that happened, and what became of what the customer was sent."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup

from functions.team.cases import CaseLook, More
from shared.cases.remedies import in_words
from shared.cases.wording import name, when
from shared.config.model import Config
from shared.languages.packs import texts
from shared.model.case import CUSTOMER, EARSHOT, Entry, Move, Step
from shared.text.html import fill
from shared.text.lines import one_line


class Line(NamedTuple):
    """One thing that happened."""

    when: str
    what: Markup
    """A sentence, as HTML."""
    text: str = ""
    """In the words of whoever did it."""
    receipt: str = ""
    """What became of the message that it sent."""
    whole: str = ""
    """All of the text of a mail, where its words are only part of that."""


class Teller:
    """Tells the stories of one business's cases, in its first language."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._say = texts(config.language)

    def tell(self, look: CaseLook, more: More, now: datetime) -> list[Line]:
        """What happened, oldest first."""
        said = [*self._said(look, more, now)]
        done = [
            (entry.at, self.line(entry, look.progress.get(entry.message) if entry.message else None, now))
            for entry in look.found.timeline
        ]
        return [line for _, line in sorted((*said, *done), key=lambda each: each[0])]

    def _said(self, look: CaseLook, more: More, now: datetime) -> Iterator[tuple[datetime, Line]]:
        """How the customer was asked, and what they said then: in mails, each is one."""
        feedback = look.found.feedback
        if more.invitation:
            at = more.invitation.requested_at
            yield at, Line(self._when(at, now), fill(self._say[f"case.asked_{more.invitation.channel or 'web'}"]))
        if not more.mails:
            said = fill(self._say["case.told"], way=self._say[f"card.{feedback.channel}"])
            yield feedback.received_at, Line(self._when(feedback.received_at, now), said)
        for mail in more.mails:
            what = fill(self._say["case.mailed"], subject=one_line(mail.subject or ""))
            yield mail.at, Line(self._when(mail.at, now), what, whole=mail.whole or "")

    def line(self, entry: Entry, progress: Mapping[str, str] | None, now: datetime) -> Line:
        """One entry; `progress` is that of the message it sent, None where it sent none."""
        receipt = self._receipt(progress, now) if progress is not None and entry.who != EARSHOT else ""
        text = self._why(entry.text) if entry.what is Move.NOT_ARRIVED else entry.text
        return Line(self._when(entry.at, now), self.what(entry, now), text, receipt)

    def what(self, entry: Entry, now: datetime) -> Markup:
        """Who did what, as a sentence."""
        return fill(
            self._say[f"case.did_{entry.what.value.replace('-', '_')}"],
            who=self._who(entry.who),
            to=self._to(entry),
            remedy=self._remedy(entry),
            until=self._when(entry.until, now) if entry.until else "",
        )

    def news(self, look: CaseLook, now: datetime) -> str:
        """What happened last, for somebody who is writing an answer meanwhile."""
        last, changed_at = look.found.case.last, look.found.revision.changed_at
        if last is None or last.at < changed_at:
            return self._say["case.said_more"]
        return self.what(last, now).striptags()

    def _who(self, who: str) -> str:
        return self._say["answer.customer"] if who == CUSTOMER else name(self._config, who)

    def _to(self, entry: Entry) -> str:
        if entry.to is None:
            return self._say["case.the_team"]
        if entry.to in list(Step):
            return self._say[f"case.step_{entry.to}"]
        team = self._config.teams.get(entry.to)
        return team.name if team else name(self._config, entry.to)

    def _remedy(self, entry: Entry) -> str:
        known = [team.remedies[entry.remedy] for team in self._config.teams.values() if entry.remedy in team.remedies]
        called = known[0].name.get(self._config.language, entry.remedy) if known else entry.remedy
        amount = in_words(entry.amount, entry.currency) if entry.amount is not None else ""
        return f"{called}, {amount}" if amount not in ("", "1") else str(called)

    def _receipt(self, progress: Mapping[str, str], now: datetime) -> str:
        for name_, key in (("delivered_at", "case.arrived"), ("sent_at", "case.sent"), ("due_at", "case.waits")):
            if "failure" not in progress and name_ in progress:
                at = self._when(datetime.fromisoformat(progress[name_]), now)
                return self._say[key].format(time=at, why=self._why(progress.get("held", "")))
        if "failure" in progress:
            return self._say["case.failed"].format(why=self._why(progress["failure"]))
        return self._say["case.on_its_way"]

    def _why(self, code: str) -> str:
        """A reason by the texts that have it; what AWS or a mail server answered as it is."""
        return self._say.get(f"answer.{code}") or self._say.get(f"case.{code}") or code

    def _when(self, moment: datetime, now: datetime) -> str:
        return when(moment, self._config, self._say, now)
