import socket
from pathlib import Path

import pytest
import urllib3

from local import ministack
from local.errors import LocalStageError


def test_a_port_that_someone_takes_meanwhile_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free_port = ministack.free_port
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        ports = iter([taken])
        monkeypatch.setattr(ministack, "free_port", lambda: next(ports, None) or free_port())
        with ministack.running(tmp_path) as endpoint:
            assert endpoint != f"http://127.0.0.1:{taken}"
            assert urllib3.request("GET", f"{endpoint}/_ministack/health", retries=False).status == 200


def test_what_does_not_start_says_where_its_log_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "false")
    with pytest.raises(LocalStageError, match=r"did not start; its log is .+"), ministack.running(tmp_path):
        pass
