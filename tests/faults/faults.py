"""What can go wrong, drawn from a seed, for a bounded time."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from greenlet import getcurrent

from tests.faults.clock import Clock


class Crash(BaseException):
    """The function's process ends here: killed, out of memory, or out of time. No code of ours can catch it."""


class Faults:
    """How likely each fault is under this seed, and which services are down when."""

    def __init__(self, rng: random.Random, clock: Clock, seconds: float) -> None:
        self._rng = rng
        self._clock = clock
        self.clears_at = seconds
        self.crash = rng.choice([0, 0.002, 0.01, 0.05])
        self.refusal = rng.choice([0, 0.02, 0.1, 0.4])
        self.repeat = rng.choice([0, 0.02, 0.2])
        self.slow = rng.choice([0, 0.005, 0.06])
        self._outages = [self._outage() for _ in range(rng.choice([0, 0, 1, 3]))]
        self._deadlines: dict[Any, float] = {}
        self.crashes = 0
        self.raised: list[Exception] = []
        self.strikes: Counter[object] = Counter()
        """How many faults each task has met."""

    def _outage(self) -> tuple[str, float, float]:
        service = self._rng.choice(["bus", "publish", "target", "deliveries", "mail", "webhook", "table"])
        start = self._rng.uniform(0, self.clears_at)
        return service, start, start + self._rng.choice([30, 300, 3_000])

    def over(self) -> float:
        """The second from which nothing is down any more."""
        return max([self.clears_at, *(end for _, _, end in self._outages)])

    @property
    def on(self) -> bool:
        """Whether anything still goes wrong."""
        return self._clock.seconds < self.clears_at

    def chance(self, probability: float) -> bool:
        """Whether something happens that happens with this probability."""
        return self.on and self._rng.random() < probability

    def refuses(self, service: str) -> bool:
        """Whether a service refuses this request: out of order for a while, or by chance."""
        now = self._clock.seconds
        return any(name == service and start <= now < end for name, start, end in self._outages) or self.chance(
            self.refusal
        )

    def strike(self) -> None:
        """Note that a fault meets the task that runs."""
        self.strikes[getcurrent()] += 1

    def step(self) -> None:
        """Between any two steps of a function time passes, others run, and the process may die."""
        if not self._clock.in_task:
            return
        self._clock.pause(self._rng.uniform(10, 90) if self.chance(self.slow) else self._rng.uniform(0.001, 0.05))
        late = self._clock.seconds > self._deadlines.get(getcurrent(), float("inf"))
        if late or self.chance(self.crash):
            self.crashes += 1
            self.strike()
            raise Crash

    def invoke(self, function: Callable[[], Any], timeout: float, then: Callable[[Any], None]) -> None:
        """Run a function as Lambda does; `then` gets its answer, or None when it crashed, raised or ran out of time."""

        def task() -> None:
            with self._deadline(timeout):
                try:
                    self.step()
                    answer = function()
                    self.step()
                except Crash:
                    answer = None
                except Exception as error:  # Lambda, too, sees only that it failed
                    self.raised.append(error)
                    answer = None
            then(answer)

        self._clock.start(task)

    @contextmanager
    def _deadline(self, timeout: float) -> Iterator[None]:
        self._deadlines[getcurrent()] = self._clock.seconds + timeout
        try:
            yield
        finally:
            del self._deadlines[getcurrent()]
