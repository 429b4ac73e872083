"""The one loader of recorded inputs, which live in `events/`."""

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[2] / "events"


def load_bytes(name: str) -> bytes:
    """A recorded input as it arrived, such as `samples/mail/gmail_reply.eml`."""
    return (EVENTS / name).read_bytes()


def load_event(name: str) -> Any:
    """A recorded JSON input, such as `samples/stream_insert.json`."""
    return json.loads(load_bytes(name))
