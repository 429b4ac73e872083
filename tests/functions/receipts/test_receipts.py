"""Recorded receipts, bounces and complaints, and what each changes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.receipts.handler import handler
from functions.receipts.receipt import read_receipt
from functions.receipts.receipts import Receipts
from shared.cases.answers import Answers
from shared.cases.arrivals import Arrivals
from shared.cases.cases import Cases
from shared.cases.work import Action, Work
from shared.config.model import Config
from shared.customers.invitations import Invitations
from shared.customers.messages import Message, Messages, Purpose
from shared.customers.people import People, Silence
from shared.feedback.store import Store
from shared.keys.signing import Keys
from shared.model.case import Move
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Invitation, InvitationStatus
from tests.kit.factories import a_context, an_answer
from tests.kit.samples import load_event, load_rows

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
ADDRESSES = {Channel.SMS: "+447400123456", Channel.EMAIL: "layla@example.com"}
PROVIDER_IDS = {
    Channel.SMS: "9539975a-e71f-45f3-b496-8d98dc098a77",
    Channel.EMAIL: "0102018e3f0c7be4-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
}


@pytest.fixture
def receipts(store: Store, config: Config) -> Receipts:
    return Receipts(
        Messages(store.client, store.table),
        Invitations(store.client, store.table),
        People(store.client, store.table),
        Arrivals(Cases(store.client, store.table), config),
    )


def asked(receipts: Receipts, store: Store, channel: Channel, *, noted: bool = True) -> None:
    """An invitation that has left; where that is not `noted` yet, the table does not know the provider's id."""
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
    store.transact([*receipts.invitations.saving(invitation, None), receipts.messages.saving(message)])
    if noted:
        receipts.invitations.move("i-1", InvitationStatus.SENT, NOW)
        receipts.messages.sent(message, PROVIDER_IDS[channel], NOW)


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
        ("mail_reject", Channel.EMAIL, InvitationStatus.UNDELIVERED, "rejected", None),
    ],
)
def test_a_receipt_is_noted(
    receipts: Receipts,
    store: Store,
    sample: str,
    channel: Channel,
    status: InvitationStatus,
    reason: str | None,
    silence: Silence | None,
) -> None:
    asked(receipts, store, channel)
    receipt = read_receipt(load_event(f"samples/receipts/{sample}.json"))
    assert receipt is not None
    for _ in range(2):  # twice is as once
        assert receipts.take(receipt, NOW)
        kept = receipts.invitations.get("i-1")
        assert kept is not None
        assert (kept.invitation.status, kept.invitation.reason) == (status, reason)
        assert receipts.people.get(ADDRESSES[channel]).silence is silence


def of_mail(bounce: dict[str, Any]) -> None:
    bounce["detail"]["mail"]["tags"]["earshot_message"] = ["m-1"]


def of_text(receipt: dict[str, Any]) -> None:
    receipt["detail"]["context"] = {"earshot_message": "m-1"}


@pytest.mark.parametrize(
    ("sample", "channel", "tag"), [("mail_bounce", Channel.EMAIL, of_mail), ("text_invalid", Channel.SMS, of_text)]
)
def test_a_receipt_that_comes_before_the_providers_id_is_noted_names_its_message_itself(
    receipts: Receipts, store: Store, sample: str, channel: Channel, tag: Callable[[dict[str, Any]], None]
) -> None:
    asked(receipts, store, channel, noted=False)
    event = load_event(f"samples/receipts/{sample}.json")
    tag(event)
    receipt = read_receipt(event)
    assert receipt is not None
    assert receipts.take(receipt, NOW)
    kept = receipts.invitations.get("i-1")
    assert kept is not None
    assert kept.invitation.status is InvitationStatus.UNDELIVERED
    assert receipts.people.get(ADDRESSES[channel]).silence is Silence.BOUNCED


@pytest.mark.parametrize(
    ("sample", "channel", "reason"),
    [
        ("mail_bounce", Channel.EMAIL, "bounced-permanent"),
        ("text_invalid", Channel.SMS, "invalid"),
    ],
)
def test_an_answer_that_did_not_arrive_is_its_cases_to_know_once(
    receipts: Receipts, store: Store, keys: Keys, config: Config, sample: str, channel: Channel, reason: str
) -> None:
    customer = (
        Customer(email=ADDRESSES[Channel.EMAIL]) if channel is Channel.EMAIL else Customer(phone=ADDRESSES[channel])
    )
    store.capture(an_answer(channel=channel, customer=customer), config, NOW)
    work = Work(config, receipts.arrivals.cases, Answers(store.client, store.table, keys, config))
    form = {"text": "Sorry. We look into it."}
    answered = work.act(an_answer().id, "tills", "priya@fernleaf.example", Action.REPLY, form, "page", NOW)
    message = receipts.messages.get(answered.timeline[-1].message or "")
    assert message is not None
    receipts.messages.sent(message, PROVIDER_IDS[channel], NOW)
    receipt = read_receipt(load_event(f"samples/receipts/{sample}.json"))
    assert receipt is not None
    for _ in range(2):
        assert receipts.take(receipt, NOW)
    found = receipts.arrivals.cases.get(an_answer().id)
    assert found is not None
    assert [(entry.what, entry.text) for entry in found.timeline] == [
        (Move.REPLY, "Sorry. We look into it."),
        (Move.NOT_ARRIVED, reason),
    ]


def test_a_receipt_of_a_card_to_a_team_is_not_ours_to_note(receipts: Receipts) -> None:
    receipt = read_receipt(load_event("samples/receipts/mail_bounce.json"))
    assert receipt is not None
    assert not receipts.take(receipt, NOW)


@pytest.mark.parametrize(
    "changes",
    [{"isFinal": False, "eventType": "TEXT_UNREACHABLE"}, {"eventType": "VOICE_BUSY"}, {"eventType": "TEXT_UNKNOWN"}],
)
def test_what_is_not_the_last_word_on_a_text_changes_nothing(changes: dict[str, Any]) -> None:
    event = load_event("samples/receipts/text_unreachable.json")
    event["detail"].update(changes)
    assert read_receipt(event) is None


@pytest.mark.parametrize(
    ("source", "kind", "detail"),
    [
        ("aws.ses", "Sending Status Disabled", {"version": "1.0.0", "data": {"reason": "bounces"}}),
        ("aws.ses", "Advisor Recommendation Status Open", {"version": "1.0.0", "data": {"type": "DKIM"}}),
        ("aws.ses", "AWS API Call via CloudTrail", {"eventName": "SendEmail"}),
        ("aws.ses", "Email Delivery Delayed", {"eventType": "DeliveryDelay", "mail": {"messageId": "0102"}}),
        ("aws.sms-voice", "Registration Status Change", {"registrationDetails": {"currentStatus": "COMPLETE"}}),
    ],
)
def test_what_is_no_receipt_is_ignored_and_counted(
    source: str, kind: str, detail: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    handler({"source": source, "detail-type": kind, "detail": detail}, a_context())
    assert '"ReceiptsIgnored":[1.0]' in capsys.readouterr().out


EVENTS = {
    "complaint abuse": ("mail_complaint", {"complaintFeedbackType": "abuse"}),
    "complaint not-spam": ("mail_complaint", {"complaintFeedbackType": "not-spam"}),
    "bounce Permanent": ("mail_bounce", {}),
}


def events_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of a row, about the message that was sent."""
    if row["part"] == "ses":
        detail = row["event"]["detail"]
        if isinstance(detail.get("mail"), dict):
            detail["mail"]["messageId"] = PROVIDER_IDS[Channel.EMAIL]
        return [row["event"]]
    events = []
    for name in row["events"]:
        if name in EVENTS:
            sample, complaint = EVENTS[name]
            event = load_event(f"samples/receipts/{sample}.json")
            event["detail"].get("complaint", {}).update(complaint)
            events.append(event)
    return events


@pytest.mark.parametrize(
    "row", load_rows("samples/edges/receipts.jsonl", "ses") + load_rows("samples/edges/receipts.jsonl", "ses-sequence")
)
def test_only_whoever_complains_or_cannot_be_reached_is_silenced(
    receipts: Receipts, store: Store, row: dict[str, Any]
) -> None:
    asked(receipts, store, Channel.EMAIL)
    to = ADDRESSES[Channel.EMAIL]
    if "unsubscribe" in row.get("events", ()):
        receipts.people.change(to, lambda person: person.silenced(Silence.UNSUBSCRIBED, NOW), NOW)
    for event in events_of(row):
        if receipt := read_receipt(event):
            receipts.take(receipt, NOW)
    if row["silences"] is not None:  # else it is enough that it is taken
        assert bool(receipts.people.get(to).silence) is row["silences"]
