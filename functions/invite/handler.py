"""Asking customers: for an `InvitationRequested` on the bus, or for the list that `earshot invite` hands over."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.invite.asking import Asker
from functions.invite.requests import read_requests, take
from shared.config.load import load
from shared.feedback.store import Store
from shared.keys.signing import Keys
from shared.observe import logger, metrics
from shared.settings import InviteSettings
from shared.table.client import connect
from shared.values import utc_now

settings = InviteSettings.from_environment()
client = connect()
config = load(deployed=True).at(settings.public_url)
asker = Asker(Store(client, settings.table), Keys(client, settings.keys_table), config)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point of both; returns `{"outcomes": [...]}`, one per request and in its order."""
    return {"outcomes": [take(requested, asker, utc_now()) for requested in read_requests(event)]}
