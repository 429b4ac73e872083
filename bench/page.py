"""The page's size on the wire, what else it makes a browser fetch, and what a view costs in the table."""

import base64
import gzip
import os
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import timedelta
from importlib import import_module
from io import StringIO
from typing import Any

from bench import stub
from bench.child import CONTEXT, http_event
from bench.environment import ENVIRONMENT
from bench.figures import Figure
from shared.keys.links import Link
from shared.values import utc_now

VIEWS = 100
_FETCHED = re.compile(r'<[^>]*\bsrc=|<link[^>]*href="(?!data:)|url\(|@import')


def measure() -> Iterator[Figure]:
    """The largest page of the shipped configuration, over touchpoints and languages; the largest counts."""
    with stub.serve() as dynamodb, redirect_stdout(StringIO()):
        os.environ |= ENVIRONMENT
        os.environ |= {"AWS_ENDPOINT_URL": dynamodb.url, "EARSHOT_TABLE": "main", "EARSHOT_KEYS_TABLE": "keys"}
        capture_web: Any = import_module("functions.capture_web.handler")
        pages = [
            _view(capture_web, touchpoint, language)
            for touchpoint in capture_web.config.touchpoints
            for language in capture_web.config.business.languages
        ]
        dynamodb.requests.clear()
        for _ in range(VIEWS):
            _view(capture_web, "checkout", "en")
        requests = dynamodb.requests.total()
        dynamodb.requests.clear()
        for _ in range(VIEWS):
            _view(capture_web, "checkout", "en", ref="order-1234")
        personal = dynamodb.requests.total()
    raw = [gzip.decompress(page) for page in pages]
    yield Figure("page, raw", max(map(len, raw)) / 1000, "kB")
    yield Figure("page, gzip", max(map(len, pages)) / 1000, "kB", 10)
    yield Figure("page, HTTP requests", 1 + max(len(_FETCHED.findall(page.decode())) for page in raw), "", 1)
    yield Figure("DynamoDB requests per page view", requests / VIEWS, "", 0)
    yield Figure("the same, by a customer's own link", personal / VIEWS, "", 1)


def _view(capture_web: Any, touchpoint: str, language: str, ref: str | None = None) -> bytes:
    token = Link(touchpoint, "leeds-3", ref, utc_now() + timedelta(days=1)).token(capture_web.keys)
    event = http_event("GET", f"/f/{token}", {"accept-encoding": "gzip", "accept-language": language})
    return base64.b64decode(capture_web.handler(event, CONTEXT)["body"])
