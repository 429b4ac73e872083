import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from local import deploy, stage
from local.errors import LocalStageError
from shared.config.model import Config

DESCRIPTION = {"stage": "local"}


def test_the_description_is_there_whole_while_it_is_true_and_not_after(tmp_path: Path) -> None:
    file = tmp_path / "local.json"
    with stage._written(file, DESCRIPTION):
        assert json.loads(file.read_text()) == DESCRIPTION
        assert [path.name for path in tmp_path.iterdir()] == ["local.json"]
    assert not file.exists()


@pytest.mark.parametrize("missing", ["Table", "Bus", "MailBucket", "MailPrefix", "SmsTopic"])
def test_what_the_stack_does_not_say_is_not_made_up(config: Config, missing: str) -> None:
    outputs = dict.fromkeys(("Table", "Bus", "MailBucket", "MailPrefix", "SmsTopic"), "there")
    deployed: Any = SimpleNamespace(name="local", endpoint_url="", keys=Mock(), outputs=outputs)
    addresses = {"base_url": "", "outbox_url": "", "smtp_address": ""}
    assert stage._describe(deployed, config, **addresses)["mail_bucket"] == "there"
    del outputs[missing]
    with pytest.raises(KeyError, match=missing):
        stage._describe(deployed, config, **addresses)


def test_there_is_one_local_stage_in_a_folder(tmp_path: Path) -> None:
    with stage._alone(tmp_path), pytest.raises(LocalStageError, match="running already"), stage._alone(tmp_path):
        pass
    with stage._alone(tmp_path):
        pass


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "local.json").write_text("{}")
    (tmp_path / "ministack" / "tmp").mkdir(parents=True)
    (tmp_path / "lock").write_text("12345")
    with stage._alone(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_folder_that_cannot_be_written_to_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalStageError, match="cannot be written to"), stage._alone(tmp_path / "file" / "folder"):
        pass


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (
            "earshot-local | 1:28 PM | CREATE_FAILED   | AWS::X::Y | Alarms/A (A1) Metrics is not supported.\n"
            "DeploymentError: Resource updates failed:\n   CloudTrail delivery can lag, for control-plane errors\n",
            "Alarms/A (A1) Metrics is not supported.",
        ),
        ("Error: no such file\n.venv/bin/python -m infra.app: Subprocess exited with error 1\n", "Error: no such file"),
        ("", "no reason given"),
    ],
)
def test_a_failed_deployment_says_why(tmp_path: Path, log: str, reason: str) -> None:
    file = tmp_path / "deploy.log"
    file.write_text(log)
    assert deploy._reason(file) == f"The deployment failed: {reason} (the whole log is {file})"
