"""A customer's tap, `GET|HEAD|POST /f/{link}`: verify the link, read the answer, store it once, respond."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydynox import DynamoDBClient
from pydynox.exceptions import PydynoxException

from functions.capture_web import body
from functions.capture_web.respond import Responder
from shared import links
from shared.config import load
from shared.errors import EarshotError, LinkExpired, LinkInvalid, Unavailable
from shared.feedback import utc_now
from shared.invitations import Invitations, is_short
from shared.keys import Keys
from shared.observe import count, logger, metrics
from shared.settings import CaptureWebSettings
from shared.store import CaptureStatus, Store

settings = CaptureWebSettings.from_environment()
config = load(deployed=True)
client = DynamoDBClient(connect_timeout=2, read_timeout=4, max_retries=2)
store = Store(client, settings.table)
invitations = Invitations(client, settings.table)
keys = Keys(client, settings.keys_table)
app = APIGatewayHttpResolver()
respond = Responder(app, config)


@app.route("/f/<token>", method=["GET", "HEAD"])
def show(token: str) -> Response[Any]:
    """The page that asks. It writes nothing: scanners and previews open links too."""
    count("PageViewed")
    return respond.question(_open(token))


@app.post("/f/<token>")
def capture(token: str) -> Response[Any]:
    """Store an answer, or what a customer adds to one."""
    link = _open(token)
    said = body.read(app.current_event, config.touchpoints[link.touchpoint])
    if said.trapped:  # filled what no human sees: the same answer as to everyone, and nothing is kept
        count("AnswerTrapped")
        return respond.stored(link, said, "", CaptureStatus.NEW)
    answer = said.answer(link, respond.language, app.context["customer"])
    captured = store.capture(answer, config, utc_now(), needs_rating=True)
    count(f"Answer{captured.status.capitalize()}")
    return respond.stored(link, said, captured.revision.feedback.id, captured.status)


def _open(token: str) -> links.Link:
    """The link of a request: signed, or the short one of a text, which is one read of the table."""
    customer = None
    if is_short(token):
        followed = invitations.follow(token, utc_now())
        link, customer = followed.link, followed.customer
    else:
        link = links.read(token, keys, utc_now())
    if link.touchpoint not in config.touchpoints:
        raise LinkExpired("This question is no longer asked.")
    app.context.update(link=link, customer=customer)
    return link


@app.not_found
def unknown(_: Exception) -> Response[Any]:
    """A path that cannot be a link, such as one with a quote in it."""
    return refuse(LinkInvalid("This is not one of our links."))


def refuse(error: EarshotError) -> Response[Any]:
    """Say what to do, on a page or in JSON. The reason goes to the metric, the words nowhere."""
    count(f"Refused{type(error).__name__}")
    return respond.refused(error, app.context.get("link"))


def cannot_store(error: PydynoxException) -> Response[Any]:
    """The table did not answer: say so at once, while the customer still has the words."""
    logger.error("The table did not answer", error=type(error).__name__)
    return refuse(Unavailable("Nothing was stored just now. Send it again in a moment."))


app.exception_handler(EarshotError)(refuse)
app.exception_handler(PydynoxException)(cannot_store)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point."""
    return app.resolve(event, context)
