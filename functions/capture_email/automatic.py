"""Which mails were written by a machine (RFC 3834): they are never feedback, and never answered.

`X-Auto-Response-Suppress` alone proves nothing: Outlook sets it on people's mail too.
"""

import re
from collections.abc import Collection

from functions.capture_email.envelope import Envelope
from functions.capture_email.mime import Part

_BULK = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_RESPONDERS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply")
_DAEMON = re.compile(
    r"(mailer-daemon|postmaster|mail-daemon|listserv|majordomo)@|owner-\S+@|\S+-(request|owner|bounces)@"
)


def automatic(mail: Part, envelope: Envelope, sender: str, ours: Collection[str]) -> str | None:
    """Why a mail is a machine's, in one word; None for a person's. `ours` are the addresses of our own mail."""
    headers = mail.headers
    if any(_is(sender, address) for address in ours):
        return "own"
    if mail.content_type == "multipart/report" or mail.content_type == "message/delivery-status":
        return "report"
    if envelope.return_path == "" or headers.get("return-path").strip() == "<>" or _DAEMON.match(sender):
        return "bounce"
    if headers.get("auto-submitted").partition(";")[0].strip().lower() not in ("", "no"):
        return "auto-submitted"
    if any(headers.get(name).strip().lower() not in ("", "no", "false") for name in _RESPONDERS):
        return "auto-reply"
    if headers.get("precedence").strip().lower() in _BULK:
        return "bulk"
    if any(name.startswith("list-") for name, _ in headers.items):
        return "list"
    return None


def _is(sender: str, ours: str) -> bool:
    """Whether an address is ours, with or without something after a plus."""
    local, _, domain = sender.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" == ours.lower()
