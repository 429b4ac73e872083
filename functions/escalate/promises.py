"""What the file promises now holds for the cases that wait already: their team, who holds them, and until when.

All of them are gone through once after each change of the file, in as many runs as that takes. One item says how far
that has come, and under which file they were gone through last.
"""

import hashlib
import json
from collections.abc import Callable

from pydynox import DynamoDBClient

from functions.escalate.overdue import each_readable
from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.config.days_off import days_off
from shared.config.model import Config
from shared.errors import Contended
from shared.model.case import Found
from shared.table.items import PROMISES
from shared.table.table import Table
from shared.values import Model, Moment

NOTED_EACH = 100
"""How many cases are gone through between notes of the progress, and so at most again after a crash."""
_ATTEMPTS = 5
_ID = "open"


class Progress(Model):
    """How far the waiting cases have come. Those of `teams` were all gone through under the file `done`."""

    done: str = ""
    teams: tuple[str, ...] = ()
    going: str = ""
    """The file under which they are gone through now."""
    left: tuple[str, ...] = ()
    """The teams whose cases are still to be gone through; of the first of them, those due from `since` on."""
    since: Moment | None = None
    again: tuple[str, ...] = ()
    """The teams of which too many changed a case at once: they are gone through once more, in the next run."""


class PromisesKept:
    """The item that keeps the progress."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def get(self) -> Progress:
        """The progress as it now is."""
        item = self._table.get(PROMISES.key(_ID))
        return Progress.model_validate(item) if item else Progress()

    def put(self, progress: Progress) -> None:
        """Note the progress. Two runs at once go through some cases twice, which changes nothing."""
        self._table.put(
            PROMISES.key(_ID) | {"kind": PROMISES.kind} | progress.model_dump(mode="json", exclude_none=True)
        )


def promise_anew(cases: Cases, kept: PromisesKept, now: Now, has_time: Callable[[], bool]) -> list[str]:
    """Go through the waiting cases where the file has changed, as long as `has_time`; returns the ids of those changed.

    Teams that are no longer in the file are among them. What does not get its turn is gone through in the next run.
    """
    progress, file = kept.get(), fingerprint(now.config)
    if progress.done == file:
        return []
    if progress.going != file:
        left = tuple(sorted({*now.config.teams, *progress.teams, *progress.left, *progress.again}))
        progress = progress.model_copy(update={"going": file, "left": left, "since": None, "again": ()})
        kept.put(progress)
    changed: list[str] = []
    while progress.left:
        for number, found in enumerate(each_readable(cases.waiting(progress.left[0], progress.since)), start=1):
            if not has_time():
                kept.put(progress.model_copy(update={"since": found.case.due_at}))
                return changed
            if number % NOTED_EACH == 0:
                kept.put(progress.model_copy(update={"since": found.case.due_at}))
            try:
                if _promise(cases, found, now):
                    changed.append(found.feedback.id)
            except Contended:
                progress = progress.model_copy(update={"again": (*{*progress.again, progress.left[0]},)})
        progress = progress.model_copy(update={"left": progress.left[1:], "since": None})
        kept.put(progress)
    if progress.again:
        kept.put(progress.model_copy(update={"left": progress.again, "again": ()}))
    else:
        kept.put(Progress(done=file, teams=tuple(sorted(now.config.teams))))
    return changed


def _promise(cases: Cases, found: Found, now: Now) -> bool:
    """Whether a case is changed. The index may show how it was, and somebody may act on it at the same time: then it
    is decided again, and after several times `Contended`.
    """
    case: Found | None = found
    for _ in range(_ATTEMPTS):
        change = changes.promised_again(case, now) if case else None
        if change is None:
            return False
        if cases.move(change):
            return True
        case = cases.get(found.feedback.id)
    raise Contended("This case is being changed from too many sides at once.")


def fingerprint(config: Config) -> str:
    """A hash of all that the due times, the teams and the owners of cases follow from."""
    business = config.business
    said = {
        "default": config.default_team,
        "zone": business.time_zone,
        "chief": business.chief,
        "teams": {id: _of_team(config, id) for id in config.teams},
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _of_team(config: Config, id: str) -> dict[str, object]:
    team = config.teams[id]
    return {
        "members": sorted(config.members(id)),
        "hours": [hours.model_dump(mode="json") for hours in team.hours],
        "off": sorted(day.isoformat() for day in days_off(team.holidays or config.business.holidays)),
        "promise": team.promise.model_dump(mode="json"),
    }
