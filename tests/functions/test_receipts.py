"""Recorded receipts, bounces and complaints, and what each changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.receipts import Desk, read_receipt
from shared.feedback import Channel, Customer
from shared.invitations import Invitation, Invitations, InvitationStatus
from shared.messages import Message, Messages, Purpose
from shared.people import People, Silence
from shared.store import Store
from tests.samples import load_event

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
ADDRESSES = {Channel.SMS: "+447400123456", Channel.EMAIL: "layla@example.com"}
PROVIDER_IDS = {
    Channel.SMS: "9539975a-e71f-45f3-b496-8d98dc098a77",
    Channel.EMAIL: "0102018e3f0c7be4-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
}


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(
        Messages(store.client, store.table),
        Invitations(store.client, store.table),
        People(store.client, store.table),
    )


def asked(desk: Desk, store: Store, channel: Channel) -> None:
    """An invitation that has left."""
    to = ADDRESSES[channel]
    invitation = Invitation(
        id="i-1",
        status=InvitationStatus.SENDING,
        reason=None,
        touchpoint="delivery",
        place=None,
        channel=channel,
        language="en",
        customer=Customer(),
        requested_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )
    message = Message(
        id="m-1", channel=channel, to=to, purpose=Purpose.INVITATION, text="?", created_at=NOW, invitation_id="i-1"
    )
    store.transact([*desk.invitations.saving(invitation, None), desk.messages.saving(message)])
    desk.invitations.move("i-1", InvitationStatus.SENT, NOW)
    desk.messages.sent(message, PROVIDER_IDS[channel], NOW)


@pytest.mark.parametrize(
    ("sample", "channel", "status", "reason", "silence"),
    [
        ("text_delivered", Channel.SMS, InvitationStatus.SENT, None, None),
        ("text_unreachable", Channel.SMS, InvitationStatus.UNDELIVERED, "unreachable", None),
        ("text_invalid", Channel.SMS, InvitationStatus.UNDELIVERED, "invalid", Silence.BOUNCED),
        ("mail_delivery", Channel.EMAIL, InvitationStatus.SENT, None, None),
        ("mail_bounce", Channel.EMAIL, InvitationStatus.UNDELIVERED, "bounced-permanent", Silence.BOUNCED),
        ("mail_soft_bounce", Channel.EMAIL, InvitationStatus.UNDELIVERED, "bounced-transient", None),
        ("mail_complaint", Channel.EMAIL, InvitationStatus.SENT, None, Silence.COMPLAINED),
    ],
)
def test_a_receipt_is_noted(
    desk: Desk,
    store: Store,
    sample: str,
    channel: Channel,
    status: InvitationStatus,
    reason: str | None,
    silence: Silence | None,
) -> None:
    asked(desk, store, channel)
    receipt = read_receipt(load_event(f"samples/receipts/{sample}.json"))
    assert receipt is not None
    for _ in range(2):  # twice is as once
        assert desk.take(receipt, NOW)
        kept = desk.invitations.get("i-1")
        assert kept is not None
        assert (kept.invitation.status, kept.invitation.reason) == (status, reason)
        assert desk.people.get(ADDRESSES[channel]).silence is silence


def test_a_receipt_of_a_card_to_a_team_is_not_ours_to_note(desk: Desk) -> None:
    receipt = read_receipt(load_event("samples/receipts/mail_bounce.json"))
    assert receipt is not None
    assert not desk.take(receipt, NOW)


@pytest.mark.parametrize("changes", [{"isFinal": False, "eventType": "TEXT_UNREACHABLE"}, {"eventType": "VOICE_BUSY"}])
def test_what_is_not_the_last_word_on_a_text_changes_nothing(changes: dict[str, Any]) -> None:
    event = load_event("samples/receipts/text_unreachable.json")
    event["detail"].update(changes)
    assert read_receipt(event) is None
