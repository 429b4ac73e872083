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
    """Raises `ConfigError` for what only the local stage can have: targets on this machine, and names of examples."""
    from shared.addresses.reserved import reserved_name  # here, to stay off the path of a customer's answer

    problems = [
        Problem(path, f"{target} leads to this machine; on AWS it must be https and on the public internet")
        for path, target in _targets(config)
        if target.is_on_loopback
    ]
    problems += [
        Problem(path, f"{name} is a name for examples, which AWS can reach nobody at; write your own")
        for path, address in _addresses(config)
        if (name := reserved_name(address)) is not None
    ]
    if problems:
        raise ConfigError(problems)


def _targets(config: Config) -> Iterator[tuple[str, Target]]:
    for path, targets in (
        ("alarms", config.alarms),
        *((f"teams.{id}.cards", team.cards) for id, team in config.teams.items()),
        *((f"routes.{id}.to", route.to) for id, route in config.routes.items()),
    ):
        yield from ((f"{path}.{index}", Target.parse(target)) for index, target in enumerate(targets))


def _addresses(config: Config) -> Iterator[tuple[str, str]]:
    """Every mail address, URL and host that is used on AWS, by its key."""
    yield "business.sender", config.business.sender
    yield "business.public_url", config.business.public_url
    if config.business.chief:
        yield "business.chief", config.business.chief
    for id, team in config.teams.items():
        yield from ((f"teams.{id}.people.{index}.email", person.email) for index, person in enumerate(team.people))
        if team.lead:
            yield f"teams.{id}.lead", team.lead
    for path, target in _targets(config):
        if not target.kind.is_aws and not target.is_on_loopback:
            yield path, target.address
    for word in config.sms.help.split() if config.sms else ():
        yield "sms.help", word.strip("<>().,;")
    yield "mail.address", config.mail.address


def _syntax_help(error: str) -> str:
    """How to fix a syntax error, by the message of tomllib."""
    if "overwrite" in error or "declare" in error:
        return "an id or key may stand only once"
    return "texts stand in quotes, lists in [ ], and a line has one key = value"
