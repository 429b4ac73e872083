"""What the documents promise is there: commands, options, targets, files and events."""

import json
import re
from pathlib import Path

import click
import pytest

from cli.main import cli
from shared.conditions.language import FIELDS
from shared.conditions.pattern import compile_pattern
from shared.conditions.reader import parse
from shared.config.model import Config
from shared.model.events import EVENTS, SOURCE, InvitationRequested

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def shell_lines(document: Path) -> list[str]:
    blocks = FENCE.findall(document.read_text(encoding="utf-8"))
    return [line for language, block in blocks if language == "sh" for line in block.splitlines() if line.strip()]


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The click command that a line calls, and the words that are left for it."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"no command {words[0]!r}"
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_earshot_command_shown_exists_with_its_options(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    shown = [line for line in shell_lines(document) if "earshot " in line] + re.findall(r"`(earshot [a-z][^`]*)`", text)
    for line in shown:
        words = line.split("earshot ", 1)[1].split()
        command, rest = command_of(words)
        options = {option for parameter in command.params for option in parameter.opts}
        for word in rest:
            if word.startswith("--"):
                assert word.split("=")[0] in options, f"{line}: no option {word}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_shown_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = set(re.findall(r"(?:^|`)make ([a-z]+)", document.read_text(encoding="utf-8"), re.MULTILINE))
    assert shown <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_linked_exists(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (document.parent / link).exists(), f"{document.name} links {link}"


def test_every_event_is_documented() -> None:
    page = (ROOT / "docs/events.md").read_text(encoding="utf-8")
    for name in EVENTS:
        assert name in page


def test_the_teams_and_reasons_in_the_readme_are_those_of_the_shipped_business(config: Config) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r'team = "([a-z-]+)"', readme)) <= set(config.teams)
    assert set(re.findall(r"earshot link ([a-z-]+)", readme)) <= set(config.touchpoints)


def test_every_condition_shown_is_one_that_a_route_takes() -> None:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        shown = re.findall(r'^when = "(.*)"$', text, re.MULTILINE)
        if document.name == "conditions.md":
            shown += [line for language, block in FENCE.findall(text) if not language for line in block.splitlines()]
        for condition in shown:
            compile_pattern(parse(condition))


def test_every_field_of_a_condition_is_in_the_page() -> None:
    page = (ROOT / "docs/conditions.md").read_text(encoding="utf-8")
    for name in FIELDS:
        assert f"`{name}`" in page


def test_the_request_to_ask_a_customer_is_one_that_invite_takes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [shown] = [json.loads(block) for language, block in FENCE.findall(readme) if language == "json"]
    request = InvitationRequested.model_validate(shown["Detail"])
    assert shown["DetailType"] == request.detail_type
    assert shown["Source"] != SOURCE
