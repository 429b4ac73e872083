"""What other systems say became of remedies. Customers are told of what was carried out, once, and of nothing else."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from shared.cases import changes
from shared.cases.answers import Answers, Telling
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.cases.remedies import reported
from shared.config.model import Config
from shared.errors import Contended
from shared.languages.packs import texts
from shared.model.case import Entry, Found, Move
from shared.model.events import REMEDY_REPORTS, RemedyFailed, RemedyReport, wrong_field
from shared.observe import count, logger

_ATTEMPTS = 5
_CLASSES = {event.detail_type: event for event in REMEDY_REPORTS}


class Report(NamedTuple):
    """A report, and the system that it comes from."""

    source: str
    said: RemedyReport


def read_report(event: Mapping[str, Any], sources: Sequence[str]) -> Report | None:
    """Read an event of the bus; None, counted and logged, for one that cannot be read or is from no listed source."""
    source = event["source"]
    if source not in sources:
        _ignored("it is from a source that is not in remedy_sources", source)
        return None
    try:
        return Report(source, _CLASSES[event["detail-type"]].model_validate(event["detail"]))
    except ValidationError as error:
        _ignored(f"{wrong_field(error)} cannot be read", source)
        return None


class Reports(NamedTuple):
    """Takes reports of remedies."""

    cases: Cases
    answers: Answers
    config: Config

    def take(self, report: Report, now: datetime) -> bool:
        """Note what became of a grant, and tell the customer in the same write of what was carried out.

        False for a grant that is none of this feedback's, and where the same was reported before.
        """
        said, source = report.said, report.source
        failure = said.reason if isinstance(said, RemedyFailed) else None
        for _ in range(_ATTEMPTS):
            found = self.cases.get(said.feedback_id)
            if found is None or not any(entry.grant == said.grant for entry in found.timeline):
                _ignored("there is no such grant of this feedback", source)
                return False
            entry = reported(found, said.grant, source, failure, Now(self.config, now))
            if entry is None:
                count("RemedyReportsRepeated")
                return False
            if self._write(found, entry, now):
                return True
        raise Contended("This case is being changed from too many sides at once; try again.")

    def _write(self, found: Found, entry: Entry, now: datetime) -> bool:
        telling = self._telling(found, entry, now)
        if telling:
            entry = entry.model_copy(update={"message": telling.message.id})
        elif entry.what is Move.CARRIED_OUT:
            why_not = self.answers.reach(found.feedback).why_not
            entry = entry.model_copy(update={"text": texts(self.config.language)[why_not] if why_not else ""})
        change = changes.granted(found, entry, Now(self.config, now))
        if self.cases.move(change, *(telling.operations if telling else ())):
            return True
        if telling:
            self.answers.not_sent(telling.message, now)
        return False

    def _telling(self, found: Found, entry: Entry, now: datetime) -> Telling | None:
        """What the customer is told; None of what failed, and where they cannot be reached or a day has no room."""
        telling = self.answers.carried_out(found, entry, now) if entry.what is Move.CARRIED_OUT else None
        return telling if telling and self.answers.may_send(telling.message, now) else None


def _ignored(why: str, source: str) -> None:
    logger.warning("A report of a remedy is not taken", why=why, source=source)
    count("RemedyReportsIgnored")
