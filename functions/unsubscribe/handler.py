"""`GET|HEAD|POST /u/{link}`: no more mail, in one click. GET only shows the button, since scanners open links too."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydynox.exceptions import PydynoxException

from functions.unsubscribe.pages import Pages
from shared.config.load import load
from shared.customers.invitations import Invitations, is_short
from shared.customers.people import People, Silence
from shared.errors import Contended
from shared.keys.links import written
from shared.observe import count, logger, metrics
from shared.settings import UnsubscribeSettings
from shared.table.client import connect
from shared.values import utc_now
from shared.web.http import Request, Response, outage, page

settings = UnsubscribeSettings.from_environment()
config = load(deployed=True)
client = connect()
invitations = Invitations(client, settings.table)
people = People(client, settings.table)
pages = Pages(config)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response:
    """Entry point. A POST is one click (RFC 8058): no cookie, no login, whatever its body says."""
    request = Request(event)
    try:
        link = written(request.link)
        found = invitations.way_out(link) if is_short(link) else None
        if found is None:
            count("UnsubscribeUnknown")
            return _page(request, 404, config.language, "unknown")
        if not request.is_post:
            count("UnsubscribeAsked")
            return _page(request, 200, found.language, "ask")
        _silence(found.address)
        count("Unsubscribed")
        return _page(request, 200, found.language, "done")
    except (Contended, PydynoxException) as error:
        count("UnsubscribeUnavailable")
        return _page(request, outage(error).status, config.language, "unavailable")


def _silence(address: str) -> None:
    """Record that this address is not asked any more."""
    now = utc_now()
    people.change(address, lambda person: person.silenced(Silence.UNSUBSCRIBED, now), now)


def _page(request: Request, status: int, language: str, what: str) -> Response:
    return page(request, status, pages.render(language, what), pages.content_security_policy)
