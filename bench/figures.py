"""What a bench measures: one number with its unit, and the limit that it must keep."""

from typing import Literal, NamedTuple


class Figure(NamedTuple):
    """`value` must be at most, or at least, `limit`; None where it only informs."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    keep: Literal["at most", "at least"] = "at most"

    @property
    def is_kept(self) -> bool:
        """Whether the limit is kept."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.keep == "at most" else self.value >= self.limit
