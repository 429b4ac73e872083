"""What a case costs: its due times."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.figures import Figure
from shared.config.load import load
from shared.feedback.promises import resolved_by, taken_by
from shared.model.scales import Mood

DUE_TIMES = 200_000
YEARS = 2
_PROMISES = (taken_by, resolved_by)


def measure() -> Iterator[Figure]:
    """Due times as capture and moves ask for them: of all teams and moods, at any second of two years."""
    config = load()
    rng = random.Random(1)  # noqa: S311 - it must be the same every time
    start = datetime(2026, 1, 1, tzinfo=UTC)
    teams, moods = list(config.teams), list(Mood)
    asked = [
        (
            rng.choice(_PROMISES),
            rng.choice(teams),
            rng.choice(moods),
            start + timedelta(seconds=rng.randrange(YEARS * 365 * 86_400)),
        )
        for _ in range(DUE_TIMES)
    ]
    begun = time.process_time()
    for promised_by, team, mood, since in asked:
        promised_by(config, team, mood, since)
    spent = time.process_time() - begun
    yield Figure("due times per second", round(DUE_TIMES / spent), "", 100_000, "at least")
