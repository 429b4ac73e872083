"""The deployed module behind `/t/{link}`, and a browser for it."""

import base64
import html
import importlib
import re
from datetime import datetime
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from moto.ses.models import ses_backends

from shared.keys import sessions
from shared.routes.routes import Routes
from shared.web.http import FORM
from tests.kit.factories import a_context

BUS = "earshot-test"
SITE = "https://feedback.fernleaf.example"
PRIYA = "priya@fernleaf.example"  # of the team tills
AMAL = "amal@fernleaf.example"  # of the team care
SESSION_COOKIE, BROWSER_COOKIE = "__Host-earshot_session", "__Host-earshot_browser"


class Answer:
    """What came back."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.status: int = answer["statusCode"]
        self.headers: dict[str, str] = answer["headers"]
        self.cookies: list[str] = answer.get("cookies", [])
        self.html: str = answer["body"]

    @property
    def text(self) -> str:
        """What a person reads."""
        body = re.sub(r"<(style|script)>.*?</\1>|</?bdi>", "", self.html, flags=re.DOTALL)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


class Browser:
    """Keeps cookies, and sends forms as a browser does."""

    def __init__(self, function: ModuleType) -> None:
        self._function = function
        self.jar: dict[str, str] = {}

    @property
    def session(self) -> str:
        """The cookie of whoever is signed in."""
        return self.jar.get(SESSION_COOKIE, "")

    def get(self, link: str, **query: str) -> Answer:
        """Open `/t/{link}`."""
        return self._send("GET", link, query, None, {})

    def head(self, link: str, **query: str) -> Answer:
        """Ask for its head alone."""
        return self._send("HEAD", link, query, None, {})

    def get_if_new(self, link: str, etag: str, **query: str) -> Answer:
        """Ask for it as the page's script does, which has it as `etag` says."""
        return self._send("GET", link, query, None, {"if-none-match": etag})

    def post(self, link: str, origin: str | None = SITE, media_type: str = FORM, **form: str) -> Answer:
        """Send a form to it."""
        return self.post_to(link, {}, origin, media_type, **form)

    def post_to(
        self, link: str, query: dict[str, str], origin: str | None = SITE, media_type: str = FORM, **form: str
    ) -> Answer:
        """Send a form to a page that has a query."""
        headers = {"content-type": media_type} | ({"origin": origin} if origin else {})
        return self._send("POST", link, query, form, headers)

    def _send(
        self, method: str, link: str, query: dict[str, str], form: dict[str, str] | None, headers: dict[str, str]
    ) -> Answer:
        event: dict[str, Any] = {
            "rawPath": f"/t/{link}",
            # Asking for a link is a route of its own, without a parameter (infra/team.py).
            "pathParameters": None if (method, link) == ("POST", "sign_in") else {"link": link},
            "queryStringParameters": query or None,
            "requestContext": {"http": {"method": method}},
            "headers": headers,
        }
        event["cookies"] = [f"{name}={value}" for name, value in self.jar.items()]
        if form is not None:
            event |= {"body": base64.b64encode(urlencode(form).encode()).decode(), "isBase64Encoded": True}
        answer = Answer(self._function.handler(event, a_context()))
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.jar[name] = value
        return answer


@pytest.fixture
def function(team: ModuleType) -> ModuleType:
    """The deployed module."""
    return team


@pytest.fixture
def browser(function: ModuleType) -> Browser:
    """A browser that nobody has signed in."""
    return Browser(function)


@pytest.fixture
def routes(function: ModuleType) -> Routes:
    """The routes behind the page."""
    found: Routes = function.visits.routes._routes
    return found


def mail_links() -> list[str]:
    """Mail the sign-in links that were asked for, once; returns the ids of the messages that are to come again."""
    queue = boto3.client("sqs")
    url = queue.get_queue_url(QueueName="sign-ins")["QueueUrl"]
    handler = importlib.import_module("functions.team.sign_in").handler
    again: list[str] = []
    while found := queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        records = [{"messageId": each["MessageId"], "body": each["Body"]} for each in found]
        again += [each["itemIdentifier"] for each in handler({"Records": records}, a_context())["batchItemFailures"]]
        for each in found:
            queue.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return again


def mails() -> list[Any]:
    """What was mailed, oldest first, once all links that were asked for are; moto runs in this process."""
    mail_links()
    return ses_backends["123456789012"]["eu-west-1"].sent_messages


def sign_in(browser: Browser, function: ModuleType, email: str) -> Answer:
    """Open a mailed link in the browser that asked for it, and press its button."""
    return browser.post(asked_by(browser, function, email))


def asked_by(browser: Browser, function: ModuleType, email: str, now: datetime | None = None) -> str:
    """The token of a link that a browser asked for, as the mail has it."""
    known = sessions.Browser(browser.jar.get(BROWSER_COOKIE) or sessions.Browser.new().secret)
    browser.jar[BROWSER_COOKIE] = known.secret
    token: str | None = function.visits.sessions.link(email, now or function.utc_now(), known.id)
    assert token
    return token


@pytest.fixture
def tills(browser: Browser, function: ModuleType) -> Browser:
    """Priya, signed in to the page of the tills."""
    assert sign_in(browser, function, PRIYA).status == 303
    return browser
