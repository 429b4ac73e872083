"""A customer's tap, `GET|HEAD|POST /f/{link}`: verify the link, read the answer, store it once, respond."""

import gc

gc.disable()  # until all is imported: what a start makes, stays; to look for garbage in it is 6% of a cold start

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydynox import DynamoDBClient

from functions.capture_web import body, opening
from functions.capture_web.respond import Responder
from shared.config import load
from shared.feedback import utc_now
from shared.invitations import Invitations
from shared.keys import Keys
from shared.observe import logger, metrics
from shared.settings import CaptureWebSettings
from shared.store import Store

settings = CaptureWebSettings.from_environment()
config = load(deployed=True)
client = DynamoDBClient(connect_timeout=2, read_timeout=4, max_retries=2)
store = Store(client, settings.table)
invitations = Invitations(client, settings.table)
keys = Keys(client, settings.keys_table)
app = APIGatewayHttpResolver()
respond = Responder(app, config)
gc.freeze()
gc.enable()


@app.route("/f/<token>", method=["GET", "HEAD"])
def show(token: str) -> Response[Any]:
    """The page that asks. It writes nothing: scanners and previews open links too."""
    return respond.question(opening.open_link(token, keys, invitations, config).link)


@app.post("/f/<token>")
def capture(token: str) -> Response[Any]:
    """Store an answer, or what a customer adds to one."""
    link, customer = opening.open_link(token, keys, invitations, config)
    respond.about(link)
    said = body.read(app.current_event, config.touchpoints[link.touchpoint])
    if said.trapped:
        return respond.trapped(link, said)
    answer = said.answer(link, respond.language, customer)
    captured = store.capture(answer, config, utc_now(), needs_rating=True)
    return respond.stored(link, said, captured)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point."""
    return app.resolve(event, context)
