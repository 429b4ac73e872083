"""Noting what became of a message: with its invitation, its person and its case."""

from datetime import datetime
from typing import NamedTuple

from functions.receipts.receipt import Receipt
from shared.cases.arrivals import Arrivals
from shared.customers.invitations import Invitations
from shared.customers.messages import Message, Messages
from shared.customers.people import People
from shared.model.invitation import InvitationStatus
from shared.observe import count


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
