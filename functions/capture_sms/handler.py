"""A customer's text, from AWS End User Messaging (through SNS) or from Twilio (`POST /sms/twilio`)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydynox.exceptions import PydynoxException

from functions.capture_sms import twilio
from functions.capture_sms.conversation import Text
from functions.capture_sms.hearing import Ear
from shared.config.load import load
from shared.customers.messages import Messages
from shared.customers.people import People
from shared.errors import EarshotError, Forged, NotConfigured, Unreadable
from shared.feedback.store import Store
from shared.keys.twilio_tokens import TwilioTokens
from shared.observe import count, logger, metrics
from shared.settings import CaptureSmsSettings
from shared.table.client import connect
from shared.values import utc_now
from shared.web import http
from shared.web.http import Request, Response

settings = CaptureSmsSettings.from_environment()
config = load(deployed=True)
client = connect()
tokens = TwilioTokens(client, settings.keys_table, settings.secrets_key)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response | None:
    """Entry point of both ways in."""
    if "Records" not in event:
        return _answer_twilio(Request(event))
    for record in event["Records"]:
        _hear_aws(record["Sns"])
    return None


def ear() -> Ear:
    """What hears texts, in the business's current configuration; raises `NotConfigured`."""
    if config.sms is None:
        raise NotConfigured("This business has no number: earshot.toml has no [sms].")
    table = settings.table
    return Ear(Store(client, table), People(client, table), Messages(client, table), config, config.sms)


def _hear_aws(notification: Mapping[str, Any]) -> None:
    """A text that SNS brings. One that cannot be read is refused once, not retried for ever."""
    try:
        if notification["TopicArn"] != settings.sms_topic:
            raise Forged("This topic is not ours.")
        now = utc_now()
        heard = ear().hear(_read_aws(notification, now), now, sends_reply=True)
    except (Forged, Unreadable) as error:
        count(f"Refused{type(error).__name__}")
        logger.warning("A text was refused", reason=error.code, topic=notification.get("TopicArn"))
    else:
        count(heard.outcome)


def _read_aws(notification: Mapping[str, Any], now: datetime) -> Text:
    try:
        fields = json.loads(notification["Message"])
        id, sender, body = fields["inboundMessageId"], fields["originationNumber"], fields["messageBody"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable("This is no text of AWS End User Messaging.") from None
    if not all(isinstance(field, str) for field in (id, sender, body)) or not id or not id.isascii():
        raise Unreadable("This is no text of AWS End User Messaging.")
    return Text("aws", id, sender, body, at=_said_at(notification.get("Timestamp"), now))


def _said_at(timestamp: Any, now: datetime) -> datetime:
    """When SNS got a text, never later than now. One that does not say so readably is heard all the same, as of now."""
    try:
        return min(datetime.fromisoformat(timestamp).astimezone(UTC), now)
    except (TypeError, ValueError, OverflowError):
        return now


def _answer_twilio(request: Request) -> Response:
    """A text that Twilio brings; its reply goes back in the response, from the number that was texted."""
    try:
        parameters = twilio.read_form(request.body)
        signature = request.header("x-twilio-signature")
        hearing = ear()
        incoming = twilio.verify(parameters, signature, _public_url(request), hearing.sms, tokens)
        now = utc_now()  # Twilio does not say when
        text = Text("twilio", incoming.id, incoming.sender, incoming.body, now, incoming.command)
        heard = hearing.hear(text, now, sends_reply=False)
    except EarshotError as error:
        return _refuse(request, error)
    except PydynoxException as error:
        return _refuse(request, http.outage(error))
    count(heard.outcome)
    reply = None if incoming.handled or heard.reply is None else heard.reply.text
    return http.text(request, 200, twilio.respond(reply), "text/xml")


def _refuse(request: Request, error: EarshotError) -> Response:
    count(f"Refused{type(error).__name__}")
    return http.refusal(request, error)


def _public_url(request: Request) -> str:
    """The URL as Twilio was given it: the setting, since the function's own host is not the one that is public."""
    return f"{settings.public_url}/sms/twilio" + (f"?{request.raw_query}" if request.raw_query else "")
