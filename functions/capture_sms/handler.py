"""A customer's text, from AWS End User Messaging (through SNS) or from Twilio (`POST /sms/twilio`)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.capture_sms import aws, twilio
from functions.capture_sms.hearing import Ear
from shared.config.load import load
from shared.keys.twilio_tokens import TwilioTokens
from shared.observe import logger, metrics
from shared.settings import CaptureSmsSettings
from shared.table.client import connect
from shared.values import utc_now
from shared.web.http import Request, Response

settings = CaptureSmsSettings.from_environment()
config = load(deployed=True)
client = connect()
tokens = TwilioTokens(client, settings.keys_table, settings.secrets_key)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response | None:
    """Entry point of both ways in."""
    now = utc_now()
    if "Records" not in event:
        return twilio.answer(Request(event), ear, settings.public_url, tokens, now)
    for record in event["Records"]:
        aws.take(record["Sns"], settings.sms_topic, ear, now)
    return None


def ear() -> Ear:
    """What hears texts, in the business's current configuration; raises `NotConfigured`."""
    return Ear.of(client, settings.table, config)
