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

_LOG = "ministack.log"
_PORTS_TRIED = 3
_START_SECONDS = 30
_STOP_SECONDS = 5


@contextlib.contextmanager
def running(folder: Path, *, enforce_iam: bool = False) -> Iterator[str]:
    """Run MiniStack with its files in `folder`; gives its endpoint URL. Raises `LocalStageError`."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    for _ in range(_PORTS_TRIED):
        port = free_port()
        with _process(folder, port, enforce_iam=enforce_iam) as process:
            if _is_well(process, endpoint := f"http://127.0.0.1:{port}"):
                yield endpoint
                return
        if "in use" not in (folder / _LOG).read_text(errors="replace"):  # else someone else took the port meanwhile
            break
    raise LocalStageError(f"MiniStack did not start; its log is {folder / _LOG}")


def free_port() -> int:
    """A port of loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _process(folder: Path, port: int, *, enforce_iam: bool) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / _LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.ministack"],
            env=_environment(folder, port, enforce_iam=enforce_iam),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that Ctrl-C reaches only the parent, which stops the rest in order
        )
    try:
        yield process
    finally:
        _stop(process)


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


def _is_well(process: subprocess.Popen[bytes], endpoint: str) -> bool:
    """Whether it answers in time."""
    address = urlsplit(endpoint)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=1)
        try:
            connection.request("GET", "/_ministack/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return True
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    return False


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
