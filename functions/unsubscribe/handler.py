"""`GET|POST /u/{link}`: being left alone, in one click. GET only shows the button, since scanners open links too."""

import base64
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydynox import DynamoDBClient

from shared.colours import lightened
from shared.config import load
from shared.feedback import utc_now
from shared.invitations import Invitations, ShortLink
from shared.observe import count, logger, metrics
from shared.people import People, Silence
from shared.settings import UnsubscribeSettings
from shared.texts import direction, texts

_FOLDER = Path(__file__).parent

settings = UnsubscribeSettings.from_environment()
config = load()
client = DynamoDBClient(connect_timeout=2, read_timeout=4, max_retries=2)
invitations = Invitations(client, settings.table)
people = People(client, settings.table)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point. A POST is one click (RFC 8058): no cookie, no login, whatever its body says."""
    link = event["pathParameters"]["link"]
    found = invitations.find(link) if link.isalnum() else None
    if found is None:
        count("UnsubscribeUnknown")
        return _page(404, config.language, "unknown")
    if event["requestContext"]["http"]["method"] != "POST":
        return _page(200, found.language, "ask", asks=True)
    _silence(found)
    count("Unsubscribed")
    return _page(200, found.language, "done")


def _silence(link: ShortLink) -> None:
    """No more mail to whom the link was sent; an invitation by text is silenced for that number."""
    address = link.customer.email or link.customer.phone
    if address:
        now = utc_now()
        people.change(address, lambda person: person.silenced(Silence.UNSUBSCRIBED, now), now)


def _page(status: int, language: str, what: str, *, asks: bool = False) -> dict[str, Any]:
    words = texts(language)
    button = f'<form method="post"><button>{escape(words["unsubscribe.button"])}</button></form>'
    business = escape(config.business.name)
    page = Template((_FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        language=language,
        direction=direction(language),
        business=business,
        title=escape(words[f"unsubscribe.{what}_title"]),
        text=escape(words[f"unsubscribe.{what}"].format(business=config.business.name)),
        form=button if asks else "",
        style=_style(),
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": f"default-src 'none'; style-src '{_fingerprint(_style())}'; form-action 'self'; "
        "img-src data:; base-uri 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    return {"statusCode": status, "headers": headers, "body": page}


@cache
def _style() -> str:
    colour = config.business.brand_colour
    style = Template((_FOLDER / "page.css").read_text(encoding="utf-8"))
    return style.substitute(brand=colour, brand_on_dark=lightened(colour))


def _fingerprint(text: str) -> str:
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"
