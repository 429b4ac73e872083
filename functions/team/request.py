"""Requests to the team's pages as HTTP APIs bring them, and the responses with their headers."""

import base64
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shared.errors import EarshotError, TooLarge, Unreadable
from shared.sessions import SESSION_LASTS

MAX_BYTES = 64 * 1024
MAX_FIELDS = 50
_COOKIE = "earshot_session"


class ForeignForm(EarshotError):
    """The form was not on one of our pages."""

    code = "foreign_form"
    status = 403


class Request:
    """One request; raises `EarshotError` where it cannot be read."""

    def __init__(self, event: dict[str, Any], public_url: str) -> None:
        self._event = event
        self._public_url = public_url
        self._headers: dict[str, str] = event.get("headers", {})
        self.link = str(event["pathParameters"]["link"])
        self.query: dict[str, str] = event.get("queryStringParameters") or {}
        self.is_post = event["requestContext"]["http"]["method"] == "POST"

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of a form of ours; empty for a GET."""
        if not self.is_post:
            return {}
        origin = self._headers.get("origin")
        if origin and _origin(origin) != _origin(self._public_url):
            raise ForeignForm("This form did not come from this page. Open the page again.")
        body = self._event.get("body") or ""
        raw = base64.b64decode(body) if self._event.get("isBase64Encoded") else body.encode()
        if len(raw) > MAX_BYTES:
            raise TooLarge(f"The form is over {MAX_BYTES // 1024} kB.")
        try:
            pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
        except ValueError:
            raise Unreadable("The form arrived damaged. Send it again.") from None
        return {name: value.strip() for name, value in pairs}

    @property
    def session(self) -> str:
        """The session's cookie, or an empty text."""
        brought = self._event.get("cookies") or self._headers.get("cookie", "").split(";")
        pairs = (each.strip().partition("=") for each in brought)
        return next((value for name, _, value in pairs if name == _COOKIE), "")

    def cookie(self, value: str, lasts: int = int(SESSION_LASTS.total_seconds())) -> str:
        """The cookie to set; sent by no other site, read by no script, and only over TLS where there is TLS."""
        secure = "; Secure" if self._public_url.startswith("https:") else ""
        return f"{_COOKIE}={value}; Path=/t/; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}"


def page(status: int, html: str, content_security_policy: str) -> dict[str, Any]:
    """A page that no one keeps, frames or indexes."""
    headers = _HEADERS | {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": content_security_policy,
    }
    return {"statusCode": status, "headers": headers, "body": html}


def redirect(path: str, cookie: str) -> dict[str, Any]:
    """On to another page, with a GET."""
    return {"statusCode": 303, "headers": _HEADERS | {"Location": path}, "cookies": [cookie], "body": ""}


_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # without, browsers name no origin in what a form sends
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
