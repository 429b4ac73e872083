"""Whether reading takes time by the length of what is read, and not by its square."""

import time
from collections.abc import Callable
from typing import Any

_TRIES = 3
_FLOOR = 0.02  # seconds of CPU that a clock's steps, a collection or a first import may cost


def assert_linear(read: Callable[[Any], object], make: Callable[[int], Any], size: int) -> None:
    """Read what is made in `size` and in four times as much: by the square, the second took 16 times as long."""

    def seconds(text: Any) -> float:
        began = time.process_time()
        read(text)
        return time.process_time() - began

    few, many = make(size), make(4 * size)
    read(few)  # whatever is only made once
    small = min(seconds(few) for _ in range(_TRIES))
    limit = 9 * small + _FLOOR
    took = _least(limit, lambda: seconds(many))
    assert took <= limit, f"{size:,}: {small:.4f} s, {4 * size:,}: {took:.4f} s"


def _least(limit: float, measure: Callable[[], float]) -> float:
    """The least of a few measurements; the first that is within the limit is enough."""
    least = measure()
    for _ in range(_TRIES - 1):
        if least <= limit:
            break
        least = min(least, measure())
    return least
