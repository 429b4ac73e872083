"""A customer with a link, who opens it and answers: the real handler behind API Gateway's events."""

import json
from collections.abc import Mapping
from datetime import timedelta
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import boto3

from shared.feedback.store import Store
from shared.keys.links import Link
from shared.model.feedback import Revision
from shared.values import utc_now
from tests.kit.http_api import CONTEXT, body_of, http_event
from tests.kit.tables import MAIN_TABLE


class Reply:
    """What came back."""

    def __init__(self, response: Mapping[str, Any]) -> None:
        self.status: int = response["statusCode"]
        self.headers: dict[str, str] = response["headers"]
        self.content = body_of(response)

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.content)


class Customer:
    """Someone with a link, who taps it and answers."""

    def __init__(self, capture_web: ModuleType, store: Store) -> None:
        self._capture_web = capture_web
        self._store = store
        self.link = self.given("checkout")

    def given(self, touchpoint: str, *, ref: str | None = None, expires_in: timedelta = timedelta(days=30)) -> str:
        """Be given a link; the path that it leads to."""
        link = Link(touchpoint, "leeds-3", ref, utc_now() + expires_in)
        self.link = f"/f/{link.token(self._capture_web.keys)}"
        return self.link

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | str | None = None) -> Reply:
        return Reply(self._capture_web.handler(http_event(method, target, headers, body), CONTEXT))

    def opens(self, query: str = "", *, method: str = "GET", **headers: str) -> Reply:
        return self.send(method, self.link + query, {name.replace("_", "-"): value for name, value in headers.items()})

    def posts(self, body: Any, content_type: str = "application/json", **headers: str) -> Reply:
        """Post JSON: a value, or text or bytes exactly as they stand."""
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.send("POST", self.link, {"content-type": content_type, **headers}, content)

    def submits(self, fields: Mapping[str, Any] | bytes, **headers: str) -> Reply:
        """Post a form, as a browser without JavaScript does."""
        content = fields if isinstance(fields, bytes) else urlencode(fields, doseq=True).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", self.link, {"content-type": "application/x-www-form-urlencoded", **headers}, content)

    def stored(self, id: str) -> Revision:
        """What is in the table."""
        revision = self._store.get(id)
        assert revision is not None
        return revision

    def all_stored(self) -> list[dict[str, Any]]:
        """Every item of the main table."""
        items: list[dict[str, Any]] = boto3.client("dynamodb").scan(TableName=MAIN_TABLE["TableName"])["Items"]
        return items
