"""One update expression that creates an item or merges into it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

_SET, _ONCE, _COUNT = "set", "once", "count"

Step = tuple[str, str, str]
"""What is done, to which attribute, and with which other one."""


class Upsert:
    """Collects what an update does. Its expression depends on that alone, and not on the values: it is built once."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._steps: list[Step] = []

    @property
    def expression(self) -> str:
        """The whole update expression."""
        return _built(tuple(self._steps))[0]

    @property
    def names(self) -> Mapping[str, str]:
        """The placeholders of attributes."""
        return _built(tuple(self._steps))[1]

    def set(self, name: str, value: Any) -> None:
        """Set an attribute, whatever it was."""
        self.values[":" + name] = value
        self._steps.append((_SET, name, name))

    def set_once(self, name: str, value: Any) -> None:
        """Set an attribute where there is none yet."""
        self.values[":" + name] = value
        self._steps.append((_ONCE, name, name))

    def set_unless(self, other: str, name: str, value: Any) -> None:
        """Set an attribute to what an `other` one is, and to `value` where that is missing."""
        self.values[":" + name] = value
        self._steps.append((_ONCE, name, other))

    def count(self, name: str) -> None:
        """Add one to an attribute, from 0."""
        self.values[":" + name] = 0
        self.values[":one"] = 1
        self._steps.append((_COUNT, name, name))

    def differs(self, names: Iterable[str]) -> str:
        """A condition: any of the attributes is not what this update sets it to."""
        return _differs(tuple(names))

    def below(self, name: str, limit: int) -> str:
        """A condition: the attribute is less than `limit`, or missing."""
        self.values[":limit"] = limit
        return f"(attribute_not_exists(#{name}) OR #{name} < :limit)"

    def equals(self, name: str, value: Any) -> str:
        """A condition: the attribute is `value`."""
        self.values[":seen"] = value
        return f"#{name} = :seen"


@lru_cache(maxsize=256)
def _built(steps: tuple[Step, ...]) -> tuple[str, Mapping[str, str]]:
    """The expression, and the placeholders of all attributes in it."""
    names = {f"#{each}": each for _, name, other in steps for each in (name, other)}
    return "SET " + ", ".join(_said(*step) for step in steps), names


def _said(what: str, name: str, other: str) -> str:
    if what == _SET:
        return f"#{name} = :{name}"
    if what == _ONCE:
        return f"#{name} = if_not_exists(#{other}, :{name})"
    return f"#{name} = if_not_exists(#{name}, :{name}) + :one"


@lru_cache(maxsize=256)
def _differs(names: tuple[str, ...]) -> str:
    return " OR ".join(f"attribute_not_exists(#{name}) OR #{name} <> :{name}" for name in names)
