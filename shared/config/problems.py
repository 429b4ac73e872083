"""Mistakes in `earshot.toml`: each names the key and what to do."""

from typing import NamedTuple


class Problem(NamedTuple):
    """One mistake in the file: where it is, and how it is mended."""

    path: str
    message: str

    def __str__(self) -> str:
        """One line: characters that do not print are escaped."""
        line = f"{self.path}: {self.message}"
        return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


class ConfigError(Exception):
    """The file cannot be used. `str()` is one line per mistake."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"earshot.toml: {problem}" for problem in problems))
        self.problems = problems
