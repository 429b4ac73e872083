"""A customer's text, from AWS End User Messaging (through SNS) or from Twilio (`POST /sms/twilio`)."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydynox import DynamoDBClient

from functions.capture_sms import twilio
from functions.capture_sms.conversation import Text
from functions.capture_sms.hearing import Ear
from shared.config import Sms, load
from shared.errors import EarshotError, Forged, TooLarge, Unreadable
from shared.feedback import utc_now
from shared.messages import Messages
from shared.observe import count, logger, metrics
from shared.people import People
from shared.settings import CaptureSmsSettings
from shared.store import Store
from shared.twilio_tokens import TwilioTokens

MAX_BYTES = 64 * 1024

settings = CaptureSmsSettings.from_environment()
config = load()
client = DynamoDBClient(connect_timeout=2, read_timeout=4, max_retries=2)
tokens = TwilioTokens(client, settings.keys_table)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any] | None:
    """Entry point of both ways in."""
    if "Records" not in event:
        return _answer_twilio(event)
    for record in event["Records"]:
        _hear_aws(record["Sns"])
    return None


def ear() -> Ear:
    """What hears texts, in the business's current configuration."""
    sms: Sms | None = config.sms
    if sms is None:
        raise Forged("This business has no number.")
    return Ear(
        Store(client, settings.table), People(client, settings.table), Messages(client, settings.table), config, sms
    )


def _hear_aws(notification: Mapping[str, Any]) -> None:
    """A text that SNS brings. One that cannot be read is refused once, not retried for ever."""
    try:
        if notification["TopicArn"] != settings.sms_topic:
            raise Forged("This topic is not ours.")
        text = _read_aws(notification["Message"])
        heard = ear().hear(text, utc_now(), sends_reply=True)
    except (Forged, Unreadable) as error:
        count(f"Refused{type(error).__name__}")
        logger.warning("A text was refused", reason=error.code, topic=notification.get("TopicArn"))
    else:
        count(heard.outcome)


def _read_aws(message: str) -> Text:
    try:
        fields = json.loads(message)
        named = (fields["inboundMessageId"], fields["originationNumber"], fields["messageBody"])
    except (ValueError, KeyError, TypeError):
        raise Unreadable("This is no text of AWS End User Messaging.") from None
    if not all(isinstance(field, str) for field in named):
        raise Unreadable("This is no text of AWS End User Messaging.")
    return Text("aws", *named)


def _answer_twilio(event: Mapping[str, Any]) -> dict[str, Any]:
    """A text that Twilio brings; its reply goes back in the response, from the number that was texted."""
    try:
        parameters = twilio.read_form(_body(event))
        signature = event.get("headers", {}).get("x-twilio-signature", "")
        incoming = twilio.verify(parameters, signature, _public_url(event), ear().sms, tokens)
        text = Text("twilio", incoming.id, incoming.sender, incoming.body)
        heard = ear().hear(text, utc_now(), sends_reply=False)
    except EarshotError as error:
        count(f"Refused{type(error).__name__}")
        status, content = error.to_http()
        return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(content)}
    count(heard.outcome)
    reply = None if incoming.handled or heard.reply is None else heard.reply.text
    return {"statusCode": 200, "headers": {"Content-Type": "text/xml"}, "body": twilio.respond(reply)}


def _public_url(event: Mapping[str, Any]) -> str:
    """The URL as Twilio was given it: the setting, since the function's own host is not the one that is public."""
    query = event.get("rawQueryString") or ""
    return f"{settings.public_url}/sms/twilio" + (f"?{query}" if query else "")


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError):
        raise Unreadable("The body is neither text nor base64.") from None
    if len(raw) > MAX_BYTES:
        raise TooLarge(f"The body is over {MAX_BYTES // 1024} kB.")
    return bytes(raw)
