"""Cases that are due: each goes to whoever is next, or comes back to its team."""

from collections.abc import Callable, Iterator

from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.model.case import CaseMoved, Found
from shared.observe import count, logger, without_words


def move_on(cases: Cases, now: Now, has_time: Callable[[], bool]) -> list[str]:
    """Move on each case that is due, the most overdue first, as long as `has_time`; returns the ids of those moved.

    Where somebody acts on a case meanwhile, that stands. What does not get its turn is due in the next run.
    """
    moved = []
    for found in each_readable(cases.due(now.at)):
        if not has_time():
            logger.warning("more cases are due than a minute can move")
            break
        try:
            change = changes.overdue(found, now)
        except CaseMoved:  # the index shows how it was; it is not due any more
            continue
        if cases.move(change):
            moved.append(found.feedback.id)
    return moved


def each_readable(found: Iterator[Found]) -> Iterator[Found]:
    """Cases as they are read. One that cannot be read is counted, and holds up none of the others."""
    while True:
        try:
            yield next(found)
        except StopIteration:
            return
        except (KeyError, ValueError) as error:
            logger.error("unreadable case", extra=without_words(error))
            count("CaseUnreadable")
