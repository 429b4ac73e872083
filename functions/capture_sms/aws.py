"""Texts of AWS End User Messaging, as SNS brings them: JSON in a notification that alone says when."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from functions.capture_sms.conversation import Text
from functions.capture_sms.hearing import Ear
from shared.errors import Forged, Unreadable
from shared.observe import count, logger


def take(notification: Mapping[str, Any], topic: str, ear: Callable[[], Ear], now: datetime) -> None:
    """Hear a text; one that cannot be read is refused once, not retried for ever. Raises what keeps it from storing."""
    try:
        text = read(notification, topic, now)
    except (Forged, Unreadable) as error:
        count(f"Refused{type(error).__name__}")
        logger.warning("A text was refused", reason=error.code, topic=notification.get("TopicArn"))
    else:
        count(ear().hear(text, now, sends_reply=True).outcome)


def read(notification: Mapping[str, Any], topic: str, now: datetime) -> Text:
    """The text in a notification of our `topic` (an ARN); raises `Forged` or `Unreadable`."""
    if notification["TopicArn"] != topic:
        raise Forged("This topic is not ours.")
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
