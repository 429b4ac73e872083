"""`make run` as a process: started, used, killed and stopped as a person would."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from tests.end_to_end.world import eventually

PATIENCE_SECONDS = 180  # for a start or an end, on a busy machine
KEYS = {
    *("stage", "base_url", "feedback_link", "customer_link", "outbox_url", "endpoint_url", "region", "account"),
    *("access_key", "secret_key", "table", "bus", "mail_address", "mail_bucket", "mail_prefix", "sms_number"),
    *("sms_topic", "smtp"),
}


@contextmanager
def make_run(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "local.run", "--folder", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ready(process: subprocess.Popen[str], folder: Path) -> dict[str, str]:
    """Wait until local.json is there."""
    file = folder / "local.json"
    eventually(lambda: file.exists() or process.poll() is not None, seconds=PATIENCE_SECONDS)
    description: dict[str, str] = json.loads(file.read_text())
    return description


def listens(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


def test_a_killed_run_leaves_nothing_behind_that_stops_the_next(tmp_path: Path) -> None:
    with make_run(tmp_path, "--port", "0") as killed:
        stale = ready(killed, tmp_path)
        killed.kill()
    assert (tmp_path / "local.json").exists()
    eventually(lambda: not listens(stale["endpoint_url"]))

    with make_run(tmp_path, "--port", "0") as process:
        eventually(lambda: not (tmp_path / "local.json").exists())
        description = ready(process, tmp_path)
        assert description.keys() == KEYS

        with make_run(tmp_path) as second:
            said, _ = second.communicate(timeout=PATIENCE_SECONDS)
            assert second.returncode == 1
            assert "running already" in said
            assert str(process.pid) in said
        assert listens(description["base_url"])

        urllib3.request("POST", description["customer_link"], json={"rating": 1, "comment": "Cold soup"}, retries=False)
        assert process.stdout is not None
        assert any("“Cold soup”" in line for line in process.stdout)

        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0
    assert not (tmp_path / "local.json").exists()
    for url in ("base_url", "outbox_url", "endpoint_url"):
        assert not listens(description[url])


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with make_run(tmp_path, "--port", str(port)) as process:
            said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert said.strip().splitlines()[-1].startswith(f"Port {port} cannot be used")
