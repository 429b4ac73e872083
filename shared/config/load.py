"""`earshot.toml`, the admin's one file, read and checked once into a `Config`."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

from shared.addresses.targets import Target
from shared.config.model import Config
from shared.config.problems import ConfigError, Problem

DEFAULT_PATH = Path(__file__).parents[2] / "earshot.toml"


def config_path() -> Path:
    """Where the file is: `EARSHOT_CONFIG` in the environment names another than the project's own."""
    return Path(os.environ.get("EARSHOT_CONFIG") or DEFAULT_PATH)


def load(path: Path | None = None, *, deployed: bool = False) -> Config:
    """Read and check the file, by default the one at `config_path()`; raises `ConfigError`.

    Functions pass `deployed`: what is deployed has been checked, and a cold start need not do so again.
    """
    path = path or config_path()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError([Problem(str(path), "not found; run from the project's folder")]) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem(str(path.name), "is not UTF-8; save it as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem("syntax", f"{error}; {_syntax_help(str(error))}")]) from None
    if not deployed:
        from shared.config.checks import find_problems  # here, to stay off the path of a customer's answer

        if problems := find_problems(data):
            raise ConfigError(problems)
    return Config.model_validate(data)


def check_for_aws(config: Config) -> None:
    """Raises `ConfigError` for what only the local stage can have."""
    problems = [
        Problem(path, f"{target} leads to this machine; on AWS it must be https and on the public internet")
        for path, targets in _targets(config)
        for target in targets
        if target.is_on_loopback
    ]
    if problems:
        raise ConfigError(problems)


def _targets(config: Config) -> Iterator[tuple[str, tuple[Target, ...]]]:
    for id, team in config.teams.items():
        yield f"teams.{id}.cards", tuple(Target.parse(card) for card in team.cards)
    for id, route in config.routes.items():
        yield f"routes.{id}.to", route.targets


def _syntax_help(error: str) -> str:
    """What to do about what the reader of TOML says."""
    if "overwrite" in error or "declare" in error:
        return "an id or key may stand only once"
    return "texts stand in quotes, lists in [ ], and a line has one key = value"
