"""What webhooks answer, well or badly, and what becomes of the delivery."""

import socket
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.notify import outgoing as module
from functions.notify.outgoing import Outgoing
from functions.notify.parcel import Parcel, post
from functions.notify.retries import LONGEST_RETRY_AFTER, Attempt
from shared.addresses.targets import Target, TargetKind
from tests.functions.notify.receiver import HOST, Behaviour, Certificates, certificates, receiving
from tests.kit.samples import load_bytes, load_rows

RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: hang up at once, with what was not sent


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


def saying(content: bytes, after: str) -> Behaviour:
    """Say these bytes, then close, reset or hang until the other side has gone."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(content)
        if after == "hang":
            connection.recv(1)
        if after == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    return behave


@pytest.mark.parametrize("row", load_rows("samples/edges/webhooks.jsonl"))
def test_the_status_that_was_said_is_the_answer(
    row: dict[str, Any], tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "is_public", lambda address: True)
    client = Outgoing(
        resolver=lambda host, port: ["127.0.0.1"], trust=tls.trust, limit=2 if row["after"] == "hang" else 15
    )
    with receiving(saying(load_bytes(f"samples/edges/{row['file']}"), row["after"]), tls.server) as receiver:
        target = Target(TargetKind.WEBHOOK, f"https://{HOST}:{receiver.port}/")
        now = datetime.now(UTC)
        parcel = Parcel("route", "tills", target, "f1", {}, None, None, "https://feedback.example/t/1", now)
        attempt = post(client, parcel, b"{}", {"Content-Type": "application/json"})
    assert outcome(attempt) in row.get("outcome_ok", [row["outcome"]])
    assert len(receiver.requests) == 1
    if "retry_not_before_seconds" in row:
        assert attempt.pause >= timedelta(seconds=row["retry_not_before_seconds"])
    assert attempt.pause <= LONGEST_RETRY_AFTER


def outcome(attempt: Attempt) -> str:
    return "delivered" if attempt.ok else "disabled" if attempt.gone else "retry"
