from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.main import COMMANDS, cli
from tests.cli.conftest import Earshot


def parameters(command: click.Command) -> Iterator[click.Parameter]:
    """Of a command, and of those below it."""
    yield from command.params
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from parameters(below)


def test_no_secret_is_an_argument_that_others_on_the_machine_can_see() -> None:
    names = {name for parameter in parameters(cli) for name in [str(parameter.name), *parameter.opts]}
    assert "account" in names, "commands below commands are looked at too"
    assert not [name for name in names if any(word in name for word in ("token", "secret", "password", "auth"))]


def test_every_command_explains_itself(earshot: Earshot) -> None:
    for command in COMMANDS:
        ran = earshot(command, "--help")
        assert ran.status == 0
        assert ran.out.startswith(f"Usage: earshot {command}")


@pytest.mark.parametrize(
    "arguments",
    [["lnk"], ["link"], ["link", "nowhere"], ["link", "checkout", "--expires", "soon"], ["--stge", "x", "link"]],
)
def test_bad_usage_is_one_line_that_says_what_to_do_and_exits_with_2(
    earshot: Earshot, stage: str, arguments: list[str]
) -> None:
    ran = earshot(*arguments)
    assert ran.status == 2
    assert ran.err.startswith("earshot: ")
    assert ran.err.count("\n") == 1
    assert "--help" in ran.err


def test_without_a_stage_the_line_says_how_to_get_one(
    earshot: Earshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "make run" in earshot("--stage", "local", "link", "checkout").err


def test_a_stage_that_was_never_deployed_is_named(
    earshot: Earshot, aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = earshot("--stage", "trial", "link", "checkout")
    assert (ran.status, ran.err) == (1, "earshot: no stack 'earshot-trial' here; deploy it with `make deploy`\n")
