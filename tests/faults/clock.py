"""Virtual time: what is due runs in order, invocations take turns at every step, and nothing sleeps."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from greenlet import getcurrent, greenlet

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


class Clock:
    """Seconds since `start`, and what is due when."""

    def __init__(self, start: datetime = START) -> None:
        self.seconds = 0.0
        self._start = start
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()
        self._main = getcurrent()

    def now(self) -> datetime:
        """The moment, to the millisecond that is stored."""
        return self._start + timedelta(milliseconds=int(self.seconds * 1000))

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something later."""
        heapq.heappush(self._due, (self.seconds + seconds, next(self._order), action))

    def start(self, task: Callable[[], object]) -> None:
        """Run something that pauses, beside all else."""
        self.after(0, lambda: greenlet(task, self._main).switch())

    def pause(self, seconds: float) -> None:
        """Let a task wait while others run."""
        self.after(seconds, getcurrent().switch)
        self._main.switch()

    @property
    def in_task(self) -> bool:
        """Whether this runs in a task, which can pause."""
        return getcurrent() is not self._main

    def run(self, limit: timedelta) -> bool:
        """Run until nothing is due, or until `limit`; whether nothing is due."""
        end = self.seconds + limit.total_seconds()
        while self._due and self._due[0][0] < end:
            self.seconds, _, action = heapq.heappop(self._due)
            action()
        return not self._due
