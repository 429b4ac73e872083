"""MiniStack, the AWS of the local stage, as a child process that never outlives its parent."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from local.errors import LocalStageError

ACCOUNT = "000000000000"
REGION: Final = "eu-west-1"
ACCESS_KEY = ACCOUNT  # MiniStack's root, also when it enforces IAM
SECRET_KEY = "local-only"  # noqa: S105 - opens nothing but MiniStack on loopback

_START_SECONDS = 30
_STOP_SECONDS = 5


@contextlib.contextmanager
def running(folder: Path, *, enforce_iam: bool = False) -> Iterator[str]:
    """Run MiniStack with its files in `folder`; gives its endpoint URL. Raises `LocalStageError`."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    with (folder / "ministack.log").open("wb") as log:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "local.ministack"],
            env=_environment(folder, port, enforce_iam=enforce_iam),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that Ctrl-C reaches only the parent, which stops the rest in order
        )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _await_health(process, endpoint, folder / "ministack.log")
        yield endpoint
    finally:
        _stop(process)


def free_port() -> int:
    """A port of loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(folder: Path, port: int, *, enforce_iam: bool) -> dict[str, str]:
    """Settings of MiniStack. Functions inherit them, so nothing else of the developer's environment is in it."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
    return inherited | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AUTH": str(enforce_iam).lower(),
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder / "tmp"),
        # Not of use here, and each would look beyond loopback or listen on another port.
        "DOCKER_HOST": "unix:///nonexistent",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


def _await_health(process: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
    address = urlsplit(endpoint)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=1)
        try:
            connection.request("GET", "/_ministack/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise LocalStageError(f"MiniStack did not start; its log is {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def _die_with_parent() -> None:
    """Stop when the pipe from the parent closes, which it does however the parent ends."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    from ministack import app

    threading.Thread(target=_die_with_parent, daemon=True).start()
    sys.argv = ["ministack"]
    app.main()
