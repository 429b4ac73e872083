"""The outbox as a page: newest first, mails as a mail program would show them."""

import base64
import json
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from typing import Any

# Asks twice a second whether there is more, and shows it.
_SCRIPT = """
const shown = Number(document.body.dataset.count);
setInterval(async () => {
  try {
    const now = await (await fetch("/outbox.json")).json();
    const reading = document.querySelector("details[open]"); // it would close
    if (now.length !== shown && !reading) location.reload();
    else if (now.length !== shown) document.getElementById("state").textContent = "More has left: reload.";
  } catch { document.getElementById("state").textContent = "The local stage has stopped."; }
}, 500);
"""
_SCRIPT_HASH = base64.b64encode(sha256(_SCRIPT.encode()).digest()).decode()

# Frames of mails inherit it. Mails bring inline styles; scripts, pictures from elsewhere and forms are refused.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; script-src 'sha256-{_SCRIPT_HASH}'; connect-src 'self'; style-src 'unsafe-inline'; "
    "img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_STYLE = """
body { margin: 0 auto; max-width: 52rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: #1d2129;
  background: #eef0f3; }
h1 { font-size: 1.25rem; margin: 0; }
#state { color: #4b5462; margin: 0 0 1rem; }
article { background: #fff; border: 1px solid #d5d9e0; border-radius: 8px; margin: 0 0 1rem; overflow: hidden; }
header { padding: .75rem 1rem; border-bottom: 1px solid #e4e7ec; }
h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
header p { margin: 0; color: #4b5462; font-size: .875rem; overflow-wrap: anywhere; }
.kind { background: #e4e7ec; border-radius: 4px; padding: .05rem .4rem; margin-inline-end: .4rem; }
iframe { border: 0; width: 100%; height: 25rem; resize: vertical; display: block; background: #fff; }
@media (max-width: 40rem) { iframe { height: 38rem; } }
pre { margin: 0; padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .875rem; }
details { border-top: 1px solid #e4e7ec; padding: .5rem 1rem; }
summary { cursor: pointer; color: #4b5462; }
"""

_ABOUT = {"team": "team", "feedback": "feedback_id", "answered": "status", "segments": "segments"}


def render(messages: Sequence[dict[str, Any]]) -> str:
    """The page about `messages`, given oldest first."""
    shown = "".join(_article(message) for message in reversed(messages))
    state = f"{len(messages)} left the stage; newest first." if messages else "Nothing has left yet. Tap the link."
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Outbox · Earshot</title><style>{_STYLE}</style></head>"
        f'<body data-count="{len(messages)}"><h1>Outbox</h1><p id="state">{state}</p>{shown}'
        f"<script>{_SCRIPT}</script></body></html>"
    )


def _article(message: dict[str, Any]) -> str:
    about = [f"to {message['to']}", message["at"]]
    about += [f"{label} {message[key]}" for label, key in _ABOUT.items() if key in message]
    return (
        f'<article><header><h2><span class="kind">{escape(message["kind"])}</span>'
        f"<bdi>{escape(message.get('subject') or message['to'])}</bdi></h2><p>{escape(' · '.join(about))}</p></header>"
        f"{_body(message)}{_details(message)}</article>"
    )


def _body(message: dict[str, Any]) -> str:
    if "html" not in message:
        content = message["text"] if message["kind"] != "webhook" else _pretty(message.get("payload", message["text"]))
        return f'<pre dir="auto">{escape(content)}</pre>'
    # Sandboxed without scripts; a link opens in a tab of its own, as in a mail program.
    mail = f'<base target="_blank">{message["html"]}'
    title = escape(message.get("subject", "Mail"))
    return (
        f'<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" title="{title}" '
        f'srcdoc="{escape(mail)}"></iframe>'
    )


def _details(message: dict[str, Any]) -> str:
    parts = []
    if "html" in message:
        parts.append(("As plain text", message["text"]))
    if message.get("headers"):
        parts.append(("Headers", "\n".join(f"{name}: {value}" for name, value in message["headers"].items())))
    if message["kind"] in ("slack", "teams", "sms"):
        parts.append(("Payload", _pretty(message.get("payload"))))
    return "".join(
        f'<details><summary>{title}</summary><pre dir="auto">{escape(text)}</pre></details>' for title, text in parts
    )


def _pretty(payload: Any) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False, indent=2)
