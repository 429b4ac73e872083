"""`GET|POST /u/{link}`: being left alone, in one click. GET only shows the button, since scanners open links too."""

from html import escape
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydynox.exceptions import PydynoxException

from shared.config.load import load
from shared.customers.invitations import Invitations, is_short
from shared.customers.people import People, Silence
from shared.errors import Contended
from shared.languages.packs import texts
from shared.observe import count, logger, metrics
from shared.settings import UnsubscribeSettings
from shared.table.client import connect
from shared.values import utc_now
from shared.web.http import Request, Response, outage, page
from shared.web.layout import Layout

settings = UnsubscribeSettings.from_environment()
config = load(deployed=True)
client = connect()
invitations = Invitations(client, settings.table)
people = People(client, settings.table)
layout = Layout(config, Path(__file__).parent / "page.css")


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response:
    """Entry point. A POST is one click (RFC 8058): no cookie, no login, whatever its body says."""
    request = Request(event)
    try:
        return _answer(request)
    except (Contended, PydynoxException) as error:
        count("UnsubscribeUnavailable")
        return _page(request, outage(error).status, config.language, "unavailable")


def _answer(request: Request) -> Response:
    found = invitations.way_out(request.link) if is_short(request.link) else None
    if found is None:
        count("UnsubscribeUnknown")
        return _page(request, 404, config.language, "unknown")
    if not request.is_post:
        count("UnsubscribeAsked")
        return _page(request, 200, found.language, "ask", asks=True)
    _silence(found.address)
    count("Unsubscribed")
    return _page(request, 200, found.language, "done")


def _silence(address: str) -> None:
    """No more mail to whom the link was sent."""
    now = utc_now()
    people.change(address, lambda person: person.silenced(Silence.UNSUBSCRIBED, now), now)


def _page(request: Request, status: int, language: str, what: str, *, asks: bool = False) -> Response:
    words = texts(language)
    title = words[f"unsubscribe.{what}_title"]
    said = escape(words[f"unsubscribe.{what}"].format(business=config.business.name))
    button = f"<form method=post><button>{escape(words['unsubscribe.button'])}</button></form>" if asks else ""
    html = layout.render(language, title, f"<main><h1>{escape(title)}</h1><p>{said}</p>{button}</main>")
    return page(request, status, html, layout.content_security_policy)
