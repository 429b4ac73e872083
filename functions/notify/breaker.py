"""The circuit breaker of a target: who may try it now, and what an attempt says of its health."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from functions.notify.retries import Attempt
from shared.deliveries.health import Health

FAILURES_TO_OPEN = 5
OPEN_AT_FIRST = timedelta(minutes=1)
OPEN_AT_MOST = timedelta(minutes=15)
DISABLE_AFTER = timedelta(days=5)
FORGET_AFTER = timedelta(
    days=14
)  # without a failure or a success; older failures say nothing about how the target is now

SLOW = timedelta(seconds=3)  # such a request holds a worker as long as fifteen healthy ones
WATCHED = timedelta(minutes=5)  # without trouble, until a target is trusted again
AT_ONCE = 8  # requests on their way to a target in trouble, so that it does not hold every worker of those in trouble
PLACE = timedelta(seconds=30)  # longer than a request may take; then the place of a worker that died is free again
AWAY_AT_FIRST = timedelta(seconds=2)  # how long what was put off stays away, doubling each time
AWAY_AT_MOST = timedelta(minutes=15)


class Verdict(StrEnum):
    """Whether a target may be sent something now."""

    SEND = "send"
    ASIDE = "aside"
    WAIT = "wait"
    REFUSE = "refuse"


class Admission(NamedTuple):
    """The verdict; until when to wait, or to hold a place; and the health to save first, where a place is taken."""

    verdict: Verdict
    until: datetime
    claims: Health | None = None


def admit(health: Health, now: datetime, chance: float, waits: int = 0, *, aside: bool = False) -> Admission:
    """Whether to send. A target in trouble has a few places for requests on their way, one while its breaker is open.

    Who finds no place stays away longer each time (`waits`), so that a backlog does not hold every worker either.
    """
    if health.disabled_at is not None:
        return Admission(Verdict.REFUSE, now + away(waits, chance))
    if health.troubled_at is None:
        return Admission(Verdict.SEND, now)
    if health.opens_at is not None and now < health.opens_at:
        return Admission(Verdict.WAIT, health.opens_at + OPEN_AT_FIRST * chance)
    if not aside:
        return Admission(Verdict.ASIDE, now)
    taken = tuple(end for end in health.places if end > now)
    if len(taken) < (AT_ONCE if health.opens_at is None else 1):
        end = now + PLACE
        return Admission(Verdict.SEND, end, health.model_copy(update={"places": (*taken, end)}))
    return Admission(Verdict.WAIT, now + away(waits, chance))


def away(waits: int, chance: float) -> timedelta:
    """How long a delivery stays away after it was put off so often: doubling, so that it takes few turns in a queue."""
    longest: timedelta = min(AWAY_AT_FIRST * 2 ** min(waits, 10), AWAY_AT_MOST)
    return longest * (1 + chance) / 2


def after(health: Health, attempt: Attempt, now: datetime, place: datetime, speed: int = 1) -> Health:
    """The target's health after an attempt, whose `place` is free again; the same object when nothing is to be written.

    One quick answer proves little: an endpoint may let every other request hang. So trust comes back with time.
    """
    if health.disabled_at is not None:
        return health
    is_quick = attempt.ok and attempt.took < SLOW
    if is_quick:
        if health.troubled_at is None:
            return health
        if health.opens_at is None and now - health.troubled_at >= WATCHED:
            return _forgotten(health)
    if health.troubled_at is not None and now - health.troubled_at > FORGET_AFTER:
        health = _forgotten(health)
    changes = _taken(health, now) if attempt.ok else _failed(health, attempt, now, speed)
    if not is_quick or health.opens_at is not None:  # while its breaker was open, there was nothing to watch
        changes["troubled_at"] = now
    return health.model_copy(update=changes | {"places": _without(health.places, place)})


def _forgotten(health: Health) -> Health:
    return Health(route=health.route, target=health.target, version=health.version)


def _taken(health: Health, now: datetime) -> dict[str, Any]:
    """What an attempt says that the target took. It does not shorten a wait that another was asked for meanwhile."""
    opens_at = health.opens_at if health.opens_at is not None and health.opens_at > now else None
    return {"failures": 0, "failing_since": None, "opens_at": opens_at}


def _failed(health: Health, attempt: Attempt, now: datetime, speed: int) -> dict[str, Any]:
    failing_since = health.failing_since or now
    is_open = health.opens_at is not None and health.opens_at > now  # it was on its way when others failed
    failures = health.failures + (not is_open)
    changes: dict[str, Any] = {"failures": failures, "failing_since": failing_since}
    if attempt.gone or now - failing_since >= DISABLE_AFTER:
        return changes | {"disabled_at": now, "disabled_why": attempt.error}
    pause = attempt.pause
    if failures >= FAILURES_TO_OPEN and not is_open:
        pause = max(pause, min(OPEN_AT_FIRST * 2 ** min(failures - FAILURES_TO_OPEN, 10), OPEN_AT_MOST) / speed)
    if pause:
        changes["opens_at"] = max(now + pause, health.opens_at or now)
    return changes


def _without(places: tuple[datetime, ...], place: datetime) -> tuple[datetime, ...]:
    """The places but one of those that end at `place`, if there is any: the attempt may have begun without trouble."""
    at = places.index(place) if place in places else len(places)
    return places[:at] + places[at + 1 :]
