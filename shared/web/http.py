"""Requests and responses of the HTTP API, in its payload format 2.0: one reading and one writing for every function.

Without a framework, whose import is a quarter of a start of capture_web (docs/decisions.md).
"""

import base64
import binascii
import gzip
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from shared.errors import EarshotError, TooLarge, Unavailable, Unreadable
from shared.observe import logger

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MAX_BYTES = 64 * 1024
PACKET = 1_400  # bytes: what fits into one is not compressed

Response = dict[str, Any]


class Request:
    """One request. Anything in it may be anything."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self._event = event
        self._headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        self.method: str = event["requestContext"]["http"]["method"]
        self.link: str = (event.get("pathParameters") or {}).get("link", "")
        """What stands after `/f/`, `/t/` or `/u/`."""
        self.raw_query: str = event.get("rawQueryString") or ""
        query = (event.get("queryStringParameters") or {}).items()
        self.query: dict[str, str] = {name.lower().removeprefix("amp;"): value for name, value in query}
        """By lower-case name. Links that were copied from HTML part them with `&amp;`."""

    def header(self, name: str) -> str:
        """A header by its lower-case name; empty where there is none."""
        return self._headers.get(name, "")

    @property
    def is_post(self) -> bool:
        """Whether it may change something."""
        return self.method == "POST"

    @cached_property
    def media_type(self) -> str:
        """The content type without its parameters, lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def is_form(self) -> bool:
        """Whether a browser's form sent it, whose sender reads pages; everyone else who posts reads JSON."""
        return self.media_type == FORM

    @property
    def reads_json(self) -> bool:
        """Whether the sender wants JSON and no page."""
        if self.is_post:
            return not self.is_form
        accept = self.header("accept")
        return JSON in accept and "text/html" not in accept

    def cookies_named(self, name: str) -> list[str]:
        """The values of all cookies of a name: there may be one that another host of the domain has set."""
        brought = self._event.get("cookies") or self.header("cookie").split(";")
        pairs = (each.strip().partition("=") for each in brought)
        return [value for named, _, value in pairs if named == name]

    @cached_property
    def raw(self) -> bytes:
        """The bytes that were sent, however many and however the gateway wrapped them; raises `Unreadable`."""
        body = self._event.get("body") or ""
        try:
            raw = base64.b64decode(body, validate=True) if self._event.get("isBase64Encoded") else body.encode()
        except (binascii.Error, ValueError):
            raise Unreadable("The body is neither text nor base64.") from None
        # A gateway may have put U+FFFD for bytes that are no text, which makes the body another length than was sent.
        if "\ufffd" in body and self.header("content-length") not in ("", str(len(raw))):
            raise Unreadable("The body is not UTF-8.")
        return bytes(raw)

    @property
    def body(self) -> bytes:
        """The bytes that were sent; raises `Unreadable` or `TooLarge`."""
        if len(self.raw) > MAX_BYTES:
            raise TooLarge(f"The body is over {MAX_BYTES // 1024} kB.")
        return self.raw


def page(
    request: Request,
    status: int,
    html: str,
    content_security_policy: str,
    *,
    referrer: str = "no-referrer",
    cookie: str | None = None,
    etag: str | None = None,
) -> Response:
    """A page for a person. `referrer` is how much of its own address the browser tells when it leaves."""
    headers = {"Content-Security-Policy": content_security_policy, "Referrer-Policy": referrer}
    headers |= {"ETag": etag} if etag else {}
    response = _respond(request, status, html, "text/html; charset=utf-8", headers)
    return response | {"cookies": [cookie]} if cookie else response


def answer(request: Request, status: int, content: Mapping[str, Any]) -> Response:
    """JSON for a program."""
    return _respond(request, status, json.dumps(content), JSON, {})


def refusal(request: Request, error: EarshotError) -> Response:
    """An error as the contract has it, for a program."""
    return answer(request, *error.to_http())


def outage(error: Exception) -> Unavailable:
    """What it is to whoever asked that the table, or another part of AWS, failed: nothing is wrong with what they sent.

    The log has the kind and AWS's code: the message may quote what was sent.
    """
    code = getattr(error, "response", {}).get("Error", {}).get("Code")  # of botocore, which not every function imports
    logger.error("AWS did not answer", error=type(error).__name__, reason=code)
    return Unavailable("Nothing was stored just now. Send it again in a moment.")


def text(request: Request, status: int, content: str, content_type: str) -> Response:
    """What is neither a page nor JSON."""
    return _respond(request, status, content, content_type, {})


def redirect(path: str, cookie: str | None = None) -> Response:
    """On to another page, with a GET."""
    response: Response = {"statusCode": 303, "headers": _HEADERS | {"Location": path}, "body": ""}
    return response | {"cookies": [cookie]} if cookie else response


def unchanged(etag: str) -> Response:
    """What a browser has is still so."""
    return {"statusCode": 304, "headers": _HEADERS | {"ETag": etag}, "body": ""}


# Nobody keeps, indexes or passes on what a link leads to: the link is what authorises.
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept, Accept-Encoding, Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def _respond(request: Request, status: int, content: str, content_type: str, headers: Mapping[str, str]) -> Response:
    """HTTP APIs do not compress, and send the body of what answers a HEAD; so both are seen to here."""
    response: Response = {"statusCode": status, "headers": {**_HEADERS, "Content-Type": content_type, **headers}}
    raw = content.encode()
    if len(raw) > PACKET and _accepts_gzip(request.header("accept-encoding")):
        response["headers"]["Content-Encoding"] = "gzip"
        response["isBase64Encoded"] = True
        content = base64.b64encode(gzip.compress(raw, mtime=0)).decode()
    response["body"] = "" if request.method == "HEAD" else content
    return response


def _accepts_gzip(accept_encoding: str) -> bool:
    """What is said of gzip itself wins over what is said of all that is not named."""
    parts = (part.partition(";") for part in accept_encoding.lower().split(","))
    weights = {coding.strip(): weight.replace(" ", "") for coding, _, weight in parts}
    return weights.get("gzip", weights.get("*", "q=0")) not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
