"""What a route would have caught: told before it is saved, in whole numbers and the customers' own words."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from shared.conditions.language import Condition
from shared.conditions.reader import parse
from shared.config.model import Config, Route
from shared.feedback.owners import claimed
from shared.feedback.store import Store
from shared.model.feedback import Revision
from shared.model.life import Transition
from shared.routes.route_table import TeamRoute

LOOK_BACK = timedelta(days=90)
LATEST = 10
LOOK_AT = 20_000  # feedback; about four seconds of one function
COMPARE = 200_000  # conditions that feedback is held against; about two seconds more, twice


class Rehearsal(NamedTuple):
    """How a condition fares on the feedback of the last 90 days, as it now is."""

    looked_at: int
    complete: bool
    """Whether that was all there is; else it was the last changed, `LOOK_AT` of it."""
    caught: int
    latest: tuple[Revision, ...]
    compared: int
    """How many of the caught, and of what no team claims, may be held against the other routes: the last changed."""
    compared_all: bool
    """Whether that was all of them."""
    overlaps: dict[str, int]
    """Other routes' ids → how much of it they catch too, most first."""
    uncaught: int
    """Feedback that no team claims and no route catches but the default team's own."""
    uncaught_latest: tuple[Revision, ...]


def rehearse(
    config: Config,
    store: Store,
    others: Mapping[str, Route],
    condition: Condition | None,
    now: datetime,
    teams: Collection[str] | None = None,
) -> Rehearsal:
    """Try a condition beside the `others`; without one, see only what they leave uncaught.

    `teams` are those whose feedback may be looked at; None: all.
    """
    by_condition: dict[str, list[str]] = defaultdict(list)
    for id, route in others.items():
        if not (isinstance(route, TeamRoute) and route.paused):
            by_condition[route.when].append(id)
    active = [(parse(when), ids) for when, ids in by_condition.items()]
    watching = [other for other, ids in active if ids != [f"team-{config.default_team}"]]
    compared = max(LATEST, COMPARE // max(1, len(active)))
    caught: list[Revision] = []
    uncaught: list[Revision] = []
    overlaps: Counter[str] = Counter()
    everything = recent(config.teams if teams is None else teams, store, now)
    looked_at = unclaimed = 0
    for revision in islice(everything, LOOK_AT):
        looked_at += 1
        feedback = revision.feedback
        if condition is not None and catches(condition, revision):
            caught.append(revision)
            if len(caught) <= compared:
                overlaps.update(id for other, ids in active if catches(other, revision) for id in ids)
        elif not claimed(config, feedback.touchpoint, feedback.reasons):
            unclaimed += 1
            if unclaimed <= compared and not any(catches(other, revision) for other in watching):
                uncaught.append(revision)
    return Rehearsal(
        looked_at=looked_at,
        complete=next(everything, None) is None,
        caught=len(caught),
        latest=_latest(caught),
        compared=compared,
        compared_all=max(len(caught), unclaimed) <= compared,
        overlaps=dict(overlaps.most_common()),
        uncaught=len(uncaught),
        uncaught_latest=_latest(uncaught),
    )


def recent(teams: Collection[str], store: Store, now: datetime) -> Iterator[Revision]:
    """The feedback of these teams received in the last 90 days, the last changed first."""
    since = now - LOOK_BACK
    for revision in store.newest(teams, since):
        if revision.feedback.received_at >= since:
            yield revision


def catches(condition: Condition, revision: Revision) -> bool:
    """Whether any event that led to the feedback as it now is would have been caught."""
    return caught_by(condition, revision) is not None


def caught_by(condition: Condition, revision: Revision) -> Transition | None:
    """The event that led to the feedback as it now is and would have been caught, the last where several would."""
    events = [Transition.CAPTURED] if revision.number == 1 else [Transition.AMENDED, Transition.CAPTURED]
    return next((event for event in events if condition.matches(event, revision.feedback)), None)


def _latest(revisions: list[Revision]) -> tuple[Revision, ...]:
    return tuple(heapq.nlargest(LATEST, revisions, key=lambda revision: revision.feedback.received_at))
