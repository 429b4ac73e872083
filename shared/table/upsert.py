"""One update expression that creates an item or merges into it."""

from typing import Any


class Upsert:
    """Builds one update expression that creates the item or merges into it."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self._sets: list[str] = []

    @property
    def expression(self) -> str:
        """The whole update expression."""
        return "SET " + ", ".join(self._sets)

    def set(self, name: str, value: Any) -> None:
        """Set an attribute, whatever it was."""
        self._sets.append(f"{self._bind(name, value)} = :{name}")

    def set_once(self, name: str, value: Any) -> None:
        """Set an attribute where there is none yet."""
        placeholder = self._bind(name, value)
        self._sets.append(f"{placeholder} = if_not_exists({placeholder}, :{name})")

    def set_unless(self, other: str, name: str, value: Any) -> None:
        """Set an attribute to what an `other` one is, and to `value` where that is missing."""
        self.names[f"#{other}"] = other
        self._sets.append(f"{self._bind(name, value)} = if_not_exists(#{other}, :{name})")

    def count(self, name: str) -> None:
        """Add one to an attribute, from 0."""
        placeholder = self._bind(name, 0)
        self.values[":one"] = 1
        self._sets.append(f"{placeholder} = if_not_exists({placeholder}, :{name}) + :one")

    def differs(self, name: str) -> str:
        """A condition: the attribute is not what this update sets it to."""
        return f"attribute_not_exists(#{name}) OR #{name} <> :{name}"

    def below(self, name: str, limit: int) -> str:
        """A condition: the attribute is less than `limit`, or missing."""
        self.values[":limit"] = limit
        return f"(attribute_not_exists(#{name}) OR #{name} < :limit)"

    def equals(self, name: str, value: Any) -> str:
        """A condition: the attribute is `value`."""
        self.values[":seen"] = value
        return f"#{name} = :seen"

    def _bind(self, name: str, value: Any) -> str:
        self.names[f"#{name}"] = name
        self.values[f":{name}"] = value
        return f"#{name}"
