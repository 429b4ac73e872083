"""A customer's tap, `GET|HEAD|POST /f/{link}`: verify the link, read the answer, store it once, respond."""

import gc

gc.disable()  # until all is imported: what a start makes, stays; to look for garbage in it is 6% of a cold start

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydynox.exceptions import PydynoxException

from functions.capture_web import body, opening
from functions.capture_web.pages import Pages
from functions.capture_web.response import Responder
from shared.config.load import load
from shared.customers.invitations import Invitations
from shared.errors import EarshotError
from shared.feedback.store import Store
from shared.keys.signing import Keys
from shared.observe import logger, metrics
from shared.settings import CaptureWebSettings
from shared.table.client import connect
from shared.values import utc_now
from shared.web.http import Request, Response, outage

settings = CaptureWebSettings.from_environment()
config = load(deployed=True)
client = connect()
store = Store(client, settings.table)
invitations = Invitations(client, settings.table)
keys = Keys(client, settings.keys_table)
pages = Pages(config)
country = config.sms.countries[0] if config.sms else None
gc.freeze()
gc.enable()


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response:
    """Entry point."""
    request = Request(event)
    reply = Responder(request, config, pages, keys)
    try:
        if follow := opening.follow_link(request.link, keys):
            return reply.followed(follow, store)
        link, customer = opening.open_link(request.link, keys, invitations, config)
        reply.about(link)
        if not request.is_post:  # it writes nothing: scanners and previews open links too
            return reply.question(link, opening.answered(link, store))
        said = body.read(request, config.touchpoints[link.touchpoint], country)
        answer = said.answer(link, reply.language, customer)
        if said.trapped:
            return reply.trapped(link, said, answer.id)
        return reply.stored(link, said, store.capture(answer, config, utc_now(), needs_rating=True))
    except EarshotError as error:
        return reply.refused(error)
    except PydynoxException as error:  # said at once, while the customer still has the words
        return reply.refused(outage(error))
