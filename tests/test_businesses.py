"""Any business can run this: the tests do not read its file, and the product works with it."""

import html
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from functions.capture_web.pages import Pages, Step
from functions.invite.wording import invitation_text
from infra import app as infra_app
from shared.config.load import DEFAULT_PATH, check_for_aws, load
from shared.keys.links import Link
from tests.kit.businesses import BUSINESSES

ROOT = Path(__file__).parents[1]
COPIED = ("bench", "cli", "docs", "events", "functions", "infra", "local", "requirements", "shared", "tests")
LINK = "https://example.com/f/k3v9x0m5w2r8"
READ_SETTINGS = (
    "tests/shared/config",
    "tests/shared/model",
    "tests/functions/invite",
    "tests/functions/capture_web",
    "tests/docs",
)
"""Tests that make much of a business's settings, and are done in seconds."""
MAY_READ_THE_FILE = (
    "tests/shared/config/test_config.py::test_the_file_of_the_business_that_runs_here_is_valid",
    "tests/docs",
)
"""Those of them that the file itself could turn red. None else can open it in any run of the tests."""


@pytest.fixture(params=BUSINESSES)
def business(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The file of another business."""
    make: Callable[[], str] = BUSINESSES[request.param]
    file = tmp_path / "earshot.toml"
    file.write_text(make(), encoding="utf-8")
    return file


def test_opening_the_admins_file_fails_a_test() -> None:
    with pytest.raises(PermissionError, match="a business of their own"):
        DEFAULT_PATH.read_text(encoding="utf-8")


def test_every_page_and_question_of_another_business_is_written(business: Path, now: datetime) -> None:
    config = load(business)
    pages = Pages(config)
    for id, touchpoint in config.touchpoints.items():
        for language in config.business.languages:
            link = Link(id, "place-1", None, now + timedelta(days=1))
            for step in Step:
                assert html.escape(touchpoint.question[language]) in pages.form(link, language, step, {})
            assert LINK in invitation_text(config, id, language, LINK)


def test_another_business_can_be_deployed(business: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_CONFIG", str(business))
    config = load()
    check_for_aws(config)
    app = App(outdir=str(tmp_path / "cdk.out"), context=json.loads((ROOT / "cdk.json").read_text())["context"])
    template = Template.from_stack(infra_app.build(app)).to_json()
    rules = [each for each in template["Resources"].values() if each["Type"] == "AWS::Events::Rule"]
    assert len(rules) >= len(config.declared_routes())
    assert len(template["Resources"]) <= 500
    assert len(json.dumps(template)) < 1_000_000


def test_a_valid_file_of_another_business_leaves_the_tests_green(
    request: pytest.FixtureRequest, business: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    for folder in COPIED:
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("Makefile", "README.md", "CHANGELOG.md", "cdk.json", "pyproject.toml"):
        shutil.copy(ROOT / file, project)
    shutil.copy(business, project / "earshot.toml")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EARSHOT_", "PYTEST_"))}
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not moto"),
            *(READ_SETTINGS if "other" in request.node.callspec.params.values() else MAY_READ_THE_FILE),
            "tests/test_businesses.py::test_opening_the_admins_file_fails_a_test",
        ],
        cwd=project,
        env=environment | {"PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
