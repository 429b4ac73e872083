"""Responses of `/f/{link}`: a page for people, JSON for programs, and the headers of both."""

import gzip
import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydynox.exceptions import PydynoxException

from functions.capture_web import body, language
from functions.capture_web.body import Said
from functions.capture_web.pages import Pages, Step
from shared.config import Config
from shared.errors import EarshotError, LinkInvalid, Unavailable
from shared.links import Link
from shared.observe import count, logger
from shared.store import Captured, CaptureStatus

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept, Accept-Encoding, Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


class Responder:
    """Answers the request that the resolver is working on, also when that fails."""

    def __init__(self, app: APIGatewayHttpResolver, config: Config) -> None:
        self._app = app
        self._config = config
        self._pages = Pages(config)
        app.exception_handler(EarshotError)(self.refused)
        app.exception_handler(PydynoxException)(self.unavailable)
        app.not_found(self.unknown)

    def about(self, link: Link) -> None:
        """From here on, what goes wrong with this request is said on the page of this link."""
        self._app.context["link"] = link

    @property
    def language(self) -> str:
        """The language that this customer reads, of those that the business speaks."""
        offered = self._config.business.languages
        return language.choose(offered, self._query("lang"), self._header("accept-language"))

    def question(self, link: Link) -> Response[Any]:
        """The page that asks; `?r=` selects a rating on it and stores nothing."""
        count("PageViewed")
        return self._page(self._pages.form(link, self.language, Step.RATE, {"rating": self._query("r")}))

    def stored(self, link: Link, said: Said, captured: Captured) -> Response[Any]:
        """What was stored, and to a person: what they may add."""
        status = captured.status
        count(f"Answer{status.capitalize()}")
        if body.is_form(self._app.current_event):
            return self._accepted(link, said)
        answer = {"id": captured.revision.feedback.id, "status": status.value}
        return self._json(201 if status is CaptureStatus.NEW else 200, answer)

    def trapped(self, link: Link, said: Said) -> Response[Any]:
        """A program filled what no human sees: it reads what everyone reads, and nothing is kept."""
        count("AnswerTrapped")
        return self._accepted(link, said)

    def refused(self, error: EarshotError) -> Response[Any]:
        """What is wrong and what to do. A person's words stand on the page as they were; the log has only the kind."""
        count(f"Refused{type(error).__name__}")
        status, content = error.to_http()
        if self._reads_json:
            return self._json(status, content)
        link: Link | None = self._app.context.get("link")
        if link is None:
            return self._page(self._pages.notice(error, self.language), status)
        fields = body.kept_words(self._app.current_event)
        step = Step.RATE if fields.keys() <= {"rating", "submission", body.TRAP} else Step.TELL
        return self._page(self._pages.form(link, self.language, step, fields, error), status)

    def unavailable(self, error: PydynoxException) -> Response[Any]:
        """The table did not answer: said at once, while the customer still has the words."""
        logger.error("The table did not answer", error=type(error).__name__)
        return self.refused(Unavailable("Nothing was stored just now. Send it again in a moment."))

    def unknown(self, _: Exception) -> Response[Any]:
        """A path that cannot be a link, such as one with a quote in it."""
        return self.refused(LinkInvalid("This is not one of our links."))

    def _accepted(self, link: Link, said: Said) -> Response[Any]:
        step = Step.DONE if said.is_last_step else Step.TELL
        fields = {**body.kept_words(self._app.current_event), "submission": said.submission}
        return self._page(self._pages.form(link, self.language, step, fields))

    @property
    def _reads_json(self) -> bool:
        if self._app.current_event.http_method == "POST":
            return not body.is_form(self._app.current_event)
        accept = self._header("accept")
        return "application/json" in accept and "text/html" not in accept

    def _page(self, html: str, status: int = 200) -> Response[Any]:
        headers = {**_HEADERS, "Content-Security-Policy": self._pages.content_security_policy}
        content: str | bytes = html
        if _accepts_gzip(self._header("accept-encoding")):
            headers["Content-Encoding"] = "gzip"
            content = gzip.compress(html.encode(), mtime=0)
        if self._app.current_event.http_method == "HEAD":
            content = ""
        return Response(status, "text/html; charset=utf-8", content, headers=dict(headers))

    def _json(self, status: int, content: dict[str, Any]) -> Response[Any]:
        text = "" if self._app.current_event.http_method == "HEAD" else json.dumps(content)
        return Response(status, "application/json", text, headers=dict(_HEADERS))

    def _header(self, name: str) -> str:
        return self._app.current_event.headers.get(name) or ""

    def _query(self, name: str) -> str | None:
        return (self._app.current_event.query_string_parameters or {}).get(name)


def _accepts_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
