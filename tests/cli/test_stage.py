"""How a command finds its stage, and what it says where there is none."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import boto3
import pytest
from botocore.exceptions import ClientError

from cli.stage import Stage
from tests.cli.conftest import Earshot


@pytest.fixture
def no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a stage, an account or a region."""
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("no_account")
def test_without_a_region_the_way_to_one_is_said_and_works(earshot: Earshot, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = earshot("link", "checkout")
    assert (ran.status, ran.err.startswith("earshot: no AWS region; set AWS_REGION")) == (1, True)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert earshot("link", "checkout").err.startswith("earshot: no AWS credentials")


@pytest.mark.usefixtures("no_account")
def test_a_stage_that_was_killed_is_said_to_have_stopped(earshot: Earshot, tmp_path: Path) -> None:
    (tmp_path / ".earshot").mkdir()
    nobody = {"stage": "local", "endpoint_url": "http://127.0.0.1:1", "region": "eu-west-1"}
    (tmp_path / ".earshot/local.json").write_text(json.dumps(nobody))
    ran = earshot("tail")
    assert (ran.status, ran.err) == (1, "earshot: the local stage has stopped; start it again with `make run`\n")


@pytest.mark.usefixtures("no_account")
def test_checks_look_at_the_stage_that_is_named() -> None:
    with pytest.raises(Exception, match="local stage is not running"):
        Stage.find("local")


def test_a_number_is_written_as_carriers_write_it(earshot: Earshot, stage: str) -> None:
    ran = earshot("text", "--from", "07400123456", "hello")
    assert ran.status == 2
    assert "--from takes a number as carriers write it, like +447400123456" in ran.err


def test_a_function_is_waited_for_as_long_as_it_may_run_and_called_once() -> None:
    calls: list[bytes] = []

    class Breaks(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_error(500)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Breaks) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        stage = Stage("prod", boto3.Session(region_name="eu-west-1"), f"http://127.0.0.1:{server.server_port}")
        client = stage.client("lambda")
        with pytest.raises(ClientError):
            client.invoke(FunctionName="earshot-invite", Payload=b"{}")
        server.shutdown()
    assert calls == [b"{}"]
    assert client.meta.config.read_timeout > timedelta(minutes=15).total_seconds()
