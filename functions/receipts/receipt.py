"""What a carrier's receipt, a bounce or a complaint says of a message, in one form for both services."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.customers.messages import TAG
from shared.customers.people import Silence

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
