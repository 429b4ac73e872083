"""When the next attempt is made, and when a target is left in peace. Pure: time and chance are passed in."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from shared.deliveries import Health

LEASE = timedelta(seconds=90)  # longer than the function may run, so that a claim ends only when its worker has
WAITS = (  # between attempts, as Standard Webhooks recommends
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
ATTEMPTS = len(WAITS) + 1
JITTER = (0.02, 0.15)  # only ever longer, so that ten attempts span at least 76 hours
LONGEST_RETRY_AFTER = timedelta(hours=24)

FAILURES_TO_OPEN = 5
OPEN_AT_FIRST = timedelta(minutes=1)
OPEN_AT_MOST = timedelta(minutes=15)
PROBE = timedelta(seconds=30)  # while one delivery finds out whether the target is back, the others wait
DISABLE_AFTER = timedelta(days=5)

SLOW = timedelta(seconds=3)
AT_ONCE = 2  # requests that a slow target is sent at the same time, so that it does not hold every worker


class Outcome(NamedTuple):
    """What became of one attempt. `gone`: the target asks never to be sent anything again."""

    error: str | None = None
    retry_after: timedelta | None = None
    gone: bool = False
    took: timedelta = timedelta()

    @property
    def ok(self) -> bool:
        """Whether it arrived."""
        return self.error is None


def next_attempt(attempts: int, outcome: Outcome, now: datetime, chance: float, speed: int = 1) -> datetime | None:
    """When to try again after so many attempts, or None when that was the last.

    `chance` is between 0 and 1; `speed` is how many times sooner than on AWS, so that a developer can see it happen.
    """
    if attempts >= ATTEMPTS:
        return None
    shortest, longest = JITTER
    wait = WAITS[attempts - 1] * (1 + shortest + chance * (longest - shortest)) / speed
    return now + max(wait, min(outcome.retry_after or timedelta(), LONGEST_RETRY_AFTER))


class Verdict(StrEnum):
    """Whether a target may be sent something now."""

    SEND = "send"
    WAIT = "wait"
    REFUSE = "refuse"


class Admission(NamedTuple):
    """The verdict; until when to wait; and the health to save first, where the verdict rests on a claim of its own."""

    verdict: Verdict
    until: datetime
    claims: Health | None = None


def admit(health: Health, now: datetime, chance: float, *, appointed: bool) -> Admission:
    """Whether to send. An open breaker lets one probe through when its time has come; a slow target gives out turns."""
    if health.disabled_at is not None:
        return Admission(Verdict.REFUSE, now)
    if health.opens_at is not None:
        if now < health.opens_at:
            return Admission(Verdict.WAIT, health.opens_at + OPEN_AT_FIRST * chance)
        probing = health.model_copy(update={"opens_at": now + PROBE})
        return Admission(Verdict.SEND, now, probing)
    if health.slow_ms and not appointed:
        turn = max(now, health.next_turn or now)
        promised = health.model_copy(update={"next_turn": turn + timedelta(milliseconds=health.slow_ms) / AT_ONCE})
        return Admission(Verdict.SEND if turn == now else Verdict.WAIT, turn, promised)
    return Admission(Verdict.SEND, now)


def after(health: Health, outcome: Outcome, now: datetime, speed: int = 1) -> Health:
    """The target's health after an attempt; the same object when nothing is to be written."""
    if outcome.ok:
        return _well(health, outcome.took)
    failing_since = health.failing_since or now
    failures = health.failures + 1
    changes: dict[str, Any] = {"failures": failures, "failing_since": failing_since}
    if outcome.gone or now - failing_since >= DISABLE_AFTER:
        changes |= {"disabled_at": now, "disabled_why": outcome.error}
    elif failures >= FAILURES_TO_OPEN:
        doubled = OPEN_AT_FIRST * 2 ** min(failures - FAILURES_TO_OPEN, 10)
        changes |= {"opens_at": now + min(doubled, OPEN_AT_MOST) / speed}
    elif outcome.retry_after:  # the target says it itself, for all that is meant for it
        changes |= {"opens_at": now + min(outcome.retry_after, OPEN_AT_MOST)}
    return health.model_copy(update=changes)


def _well(health: Health, took: timedelta) -> Health:
    slow_ms = int(took / timedelta(milliseconds=1)) if took >= SLOW else 0
    if not (health.failures or health.opens_at or health.slow_ms or slow_ms):
        return health
    if slow_ms and health.slow_ms and not health.failures:
        return health  # known to be slow: its turns go on as they are
    keep: dict[str, Any] = {"version": health.version}
    if slow_ms:
        keep |= {"next_turn": health.next_turn, "slow_ms": slow_ms}
    return Health(route=health.route, target=health.target, **keep)
