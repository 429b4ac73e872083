"""The outbox as a page, from the template beside this module."""

import base64
import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from shared.text.html import Templates

_TEMPLATES = Templates(Path(__file__).parent / "templates")
_SCRIPT = _TEMPLATES.render("outbox.js")
_SCRIPT_HASH = base64.b64encode(sha256(_SCRIPT.encode()).digest()).decode()

# Frames of mails inherit it. Mails bring inline styles; scripts, pictures from elsewhere and forms are refused.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; script-src 'sha256-{_SCRIPT_HASH}'; connect-src 'self'; style-src 'unsafe-inline'; "
    "img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_ABOUT = {"team": "team", "feedback": "feedback_id", "answered": "status", "segments": "segments"}


def render(messages: Sequence[dict[str, Any]]) -> str:
    """The page about `messages`, given oldest first."""
    return _TEMPLATES.render(
        "outbox.html", messages=messages, about=_about, shown=_shown, details=_details, script=_SCRIPT
    )


def _about(message: dict[str, Any]) -> list[str]:
    known = [f"{label} {message[key]}" for label, key in _ABOUT.items() if key in message]
    return [f"to {message['to']}", message["at"], *known]


def _shown(message: dict[str, Any]) -> str:
    """What stands in for a mail: the text, or the body of a webhook."""
    text: str = message["text"]
    return text if message["kind"] != "webhook" else _pretty(message.get("payload", text))


def _details(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Titles and texts of what can be opened below a message."""
    if "html" in message:
        yield "As plain text", message["text"]
    if message.get("headers"):
        yield "Headers", "\n".join(f"{name}: {value}" for name, value in message["headers"].items())
    if message["kind"] in ("slack", "teams", "sms"):
        yield "Payload", _pretty(message.get("payload"))


def _pretty(payload: Any) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False, indent=2)
