"""When the next attempt is made, and when a target is left in peace. Pure: time and chance are passed in."""

from datetime import datetime, timedelta
from typing import NamedTuple

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


class Attempt(NamedTuple):
    """What became of one attempt. `gone`: the target asks never to be sent anything again."""

    error: str | None = None
    retry_after: timedelta | None = None
    gone: bool = False
    took: timedelta = timedelta()

    @property
    def ok(self) -> bool:
        """Whether it arrived."""
        return self.error is None

    @property
    def pause(self) -> timedelta:
        """How long the target wants to be left alone, with everything that is meant for it."""
        return min(self.retry_after or timedelta(), LONGEST_RETRY_AFTER)


def next_attempt(attempts: int, attempt: Attempt, now: datetime, chance: float, speed: int = 1) -> datetime | None:
    """When to try again after so many attempts, or None when that was the last.

    `chance` is between 0 and 1; `speed` is how many times sooner than on AWS, so that a developer can see it happen.
    """
    if attempts >= ATTEMPTS:
        return None
    shortest, longest = JITTER
    wait = WAITS[attempts - 1] * (1 + shortest + chance * (longest - shortest)) / speed
    return now + max(wait, attempt.pause)
