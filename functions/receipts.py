"""What became of messages on their way: carriers' receipts, bounces and complaints, from the account's default bus.

An address that does not exist, blocks us or complained of us is written to no more; an invitation that did not arrive
says so on our bus, and the case of an answer that did not is the team's again.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.cases.arrivals import Arrivals
from shared.cases.cases import Cases
from shared.config.load import load
from shared.customers.invitations import Invitations
from shared.customers.messages import TAG, Message, Messages
from shared.customers.people import People, Silence
from shared.model.invitation import InvitationStatus
from shared.observe import count, logger, metrics
from shared.settings import ReceiptsSettings
from shared.table.client import connect
from shared.values import utc_now

_ARRIVED = frozenset({"TEXT_DELIVERED", "TEXT_SUCCESSFUL"})
_UNKNOWN = "TEXT_UNKNOWN"  # no carrier has said anything for 72 hours, which many never do: no failure
_NO_COMPLAINT = frozenset({"notspam", "authfailure"})  # a report that says the opposite, or is of a machine's own
_UNWANTED = frozenset({"TEXT_INVALID", "TEXT_BLOCKED"})  # no such number, or its owner blocks us


class Receipt(NamedTuple):
    """What a receipt says: that a message arrived, or why not, and whether to write to its address again.

    It names the message by the provider's id and, where that was sent along, by ours.
    """

    provider_id: str
    message_id: str | None = None
    failure: str | None = None
    silence: Silence | None = None


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Entry point: one event of `aws.ses` or `aws.sms-voice`."""
    receipt = read_receipt(event)
    if receipt is None or not _receipts().take(receipt, utc_now()):
        count("ReceiptsIgnored")


def read_receipt(event: Mapping[str, Any]) -> Receipt | None:
    """Read either service's event; None for one that is no receipt, or changes nothing.

    The type comes first: the services also put events on the bus that are about no message.
    """
    detail = event["detail"]
    if event["detail-type"].startswith("Email ") and not (detail.get("mail") or {}).get("messageId"):
        return None
    match event["detail-type"]:
        case "Text Message Delivery Status Updated":
            return _of_text(detail)
        case "Email Delivered":
            return _of_mail(detail)
        case "Email Complaint Received":
            return _of_mail(detail)._replace(silence=_silence_of(detail.get("complaint") or {}))
        case "Email Rejected":
            return _of_mail(detail)._replace(failure="rejected")
        case "Email Bounced":
            kind = detail["bounce"].get("bounceType", "Undetermined").lower()
            silence = Silence.BOUNCED if kind == "permanent" else None
            return _of_mail(detail)._replace(failure=f"bounced-{kind}", silence=silence)
    return None


def _of_text(detail: Mapping[str, Any]) -> Receipt | None:
    kind = detail.get("eventType", "")
    receipt = Receipt(detail["messageId"], detail.get("context", {}).get(TAG))
    if kind in _ARRIVED:
        return receipt
    if kind == _UNKNOWN or not kind.startswith("TEXT_") or not detail.get("isFinal"):
        return None
    reason = kind.removeprefix("TEXT_").lower().replace("_", "-")
    return receipt._replace(failure=reason, silence=Silence.BOUNCED if kind in _UNWANTED else None)


def _silence_of(complaint: Mapping[str, Any]) -> Silence | None:
    """A complaint silences unless its feedback type (RFC 5965) says that nobody complains."""
    kind = re.sub(r"[\W_]", "", str(complaint.get("complaintFeedbackType"))).lower()
    return None if kind in _NO_COMPLAINT else Silence.COMPLAINED


def _of_mail(detail: Mapping[str, Any]) -> Receipt:
    mail = detail["mail"]
    return Receipt(mail["messageId"], mail.get("tags", {}).get(TAG, [None])[0])


class Receipts(NamedTuple):
    """Notes what receipts say of messages, with their invitations, people and cases."""

    messages: Messages
    invitations: Invitations
    people: People
    arrivals: Arrivals

    def take(self, receipt: Receipt, now: datetime) -> bool:
        """Note what became of a message; False for a message that is not a customer's. Taking it twice is as once."""
        message = self._message(receipt)
        if message is None:
            return False
        if receipt.silence:
            why = receipt.silence
            count("AddressesSilenced")
            self.people.change(message.to, lambda person: person.silenced(why, now), now)
        if receipt.failure:
            self._not_delivered(message, receipt.failure, now)
        elif not receipt.silence:
            count("MessagesDelivered")
            self.messages.delivered(message.id, now)
        return True

    def _message(self, receipt: Receipt) -> Message | None:
        """By our own id, since a receipt may come before the provider's is noted; else by the provider's."""
        tagged = self.messages.get(receipt.message_id) if receipt.message_id else None
        return tagged or self.messages.of_receipt(receipt.provider_id)

    def _not_delivered(self, message: Message, reason: str, now: datetime) -> None:
        count("MessagesUndelivered")
        self.messages.failed(message.id, reason)
        self.arrivals.failed(message, reason, now)
        if message.invitation_id:
            self.invitations.move(message.invitation_id, InvitationStatus.UNDELIVERED, now, reason=reason)


@cache
def _receipts() -> Receipts:
    table = ReceiptsSettings.from_environment().table
    client = connect()
    arrivals = Arrivals(Cases(client, table), load(deployed=True))
    return Receipts(Messages(client, table), Invitations(client, table), People(client, table), arrivals)
