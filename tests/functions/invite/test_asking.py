"""Asking and the table: what is stored when a customer is asked, and when they are left alone."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydynox import DynamoDBClient

from functions.invite.asking import Asked, Asker
from shared.config.model import Config
from shared.customers.invitations import Invitations
from shared.customers.messages import Messages, Purpose
from shared.customers.people import People, Silence
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.model.events import InvitationRequested
from shared.model.feedback import Channel
from shared.model.invitation import InvitationStatus
from tests.kit.tables import MAIN_TABLE

NOON = datetime.fromisoformat("2026-03-14T12:00:00Z")
PHONE, EMAIL = "+447400123456", "layla@example.com"


@pytest.fixture
def people(store: Store) -> People:
    return People(store.client, store.table)


@pytest.fixture
def asker(store: Store, keys: Keys, config: Config) -> Asker:
    return Asker(store, keys, config)


def request(**fields: Any) -> InvitationRequested:
    customer = {"ref": "order-1187", "name": "Layla", "phone": PHONE}
    return InvitationRequested.model_validate({"touchpoint": "delivery", "customer": customer} | fields)


def ask(asker: Asker, id: str = "i-1", now: datetime = NOON, **fields: Any) -> Asked:
    return asker.ask(id, request(**fields), now)


def test_a_text_is_stored_to_be_sent_with_its_link_and_conversation(asker: Asker, store: Store, people: People) -> None:
    outcome = ask(asker)
    assert (outcome.invitation.status, outcome.to, outcome.segments) == (InvitationStatus.SENDING, PHONE, 1)
    assert outcome.price == pytest.approx(0.0411)
    message = Messages(store.client, store.table).get("i-1")
    assert message is not None
    assert (message.channel, message.to, message.purpose) == (Channel.SMS, PHONE, Purpose.INVITATION)
    link = message.text.partition("/f/")[2][:12]
    followed = Invitations(store.client, store.table).follow(link, NOON)
    assert followed.customer.name == "Layla"
    talk = people.get(PHONE).conversation
    assert talk is not None
    assert (talk.feedback_id, talk.touchpoint) == (followed.link.answer_id(None), "delivery")


def test_a_mail_is_stored_with_its_way_out_and_its_signed_reply_address(asker: Asker, store: Store) -> None:
    outcome = ask(asker, customer={"email": EMAIL}, language="ar")
    assert outcome.invitation.channel is Channel.EMAIL
    message = Messages(store.client, store.table).get("i-1")
    assert message is not None
    [way_out] = re.findall(r"<https://feedback\.fernleaf\.example/u/(\w+)>", message.headers["List-Unsubscribe"])
    [link] = set(re.findall(r"/f/(\w+)", message.text))
    invitations = Invitations(store.client, store.table)
    assert invitations.way_out(way_out) == (EMAIL, "ar")
    assert (invitations.find(way_out), invitations.way_out(link)) == (None, None)
    assert message.headers["Reply-To"].startswith("feedback+l")
    assert 'dir="rtl"' in message.html


def test_the_same_request_asks_once(asker: Asker, client: DynamoDBClient) -> None:
    ask(asker)
    before = len(list(client.sync_scan(MAIN_TABLE["TableName"])))
    again = ask(asker, now=NOON + timedelta(minutes=1))
    assert again.repeated or again.invitation.reason == "asked-recently"
    kept = Invitations(client, MAIN_TABLE["TableName"]).get("i-1")
    assert kept is not None
    assert kept.invitation.status is InvitationStatus.SENDING
    assert len(list(client.sync_scan(MAIN_TABLE["TableName"]))) == before


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"customer": {}}, "no-address"),
        ({"customer": {"email": EMAIL}, "channel": "sms"}, "no-address"),
        ({"customer": {"phone": PHONE}, "channel": "email"}, "no-address"),
        ({"customer": {"phone": "+449098790123"}}, "address-refused"),
        ({"customer": {"phone": "+448450000000"}}, "address-refused"),
        ({"customer": {"phone": "nonsense"}}, "address-refused"),
        ({"customer": {"phone": "+442079460123"}}, "address-refused"),  # a landline
        ({"customer": {"phone": "+447011234567"}}, "address-refused"),  # a personal number
        ({"customer": {"phone": "+442079460123", "email": EMAIL}, "channel": "sms"}, "address-refused"),
        ({"customer": {"email": "nonsense"}}, "address-refused"),
        ({"customer": {"phone": "+33612345678"}}, "country-not-allowed"),
        ({"touchpoint": "gone"}, "unknown-touchpoint"),
        ({"expires_at": "2026-03-14T11:59:59Z"}, "expired"),
        ({"time_zone": "Pacific/Auckland"}, "quiet-hours"),
    ],
)
def test_who_is_left_out_is_stored_with_the_reason_and_nothing_is_sent(
    asker: Asker, store: Store, fields: dict[str, Any], reason: str
) -> None:
    outcome = ask(asker, **fields)
    assert (outcome.invitation.status, outcome.invitation.reason) == (InvitationStatus.SUPPRESSED, reason)
    kept = Invitations(store.client, store.table).get("i-1")
    assert kept is not None
    assert kept.invitation == outcome.invitation
    assert Messages(store.client, store.table).get("i-1") is None


def test_whoever_asked_for_silence_is_not_asked(asker: Asker, people: People) -> None:
    people.change(PHONE, lambda person: person.silenced(Silence.STOPPED, NOON), NOON)
    assert ask(asker).invitation.reason == "asked-for-silence"


def test_a_person_is_asked_once_across_channels_and_touchpoints(asker: Asker) -> None:
    both = {"phone": PHONE, "email": EMAIL}
    ask(asker, "i-1", customer=both)
    again = ask(asker, "i-2", customer={"email": EMAIL}, touchpoint="website", now=NOON + timedelta(days=29))
    assert again.invitation.reason == "asked-recently"
    later = ask(asker, "i-3", customer={"email": EMAIL}, now=NOON + timedelta(days=30))
    assert later.invitation.status is InvitationStatus.SENDING


@pytest.mark.parametrize("written", ["07400 123456", "+44 (0)7400 123-456", "0044 7400 123456"])
def test_a_person_is_one_however_their_addresses_are_written(asker: Asker, people: People, written: str) -> None:
    by_mail = ask(asker, "i-1", customer={"phone": written, "email": f" {EMAIL} "}, channel="email")
    assert by_mail.invitation.customer.phone == PHONE
    assert by_mail.invitation.customer.email == EMAIL
    assert people.get(PHONE).asked_at == NOON
    assert ask(asker, "i-2", customer={"phone": PHONE}).invitation.reason == "asked-recently"
    assert ask(asker, "i-3", customer={"email": EMAIL.upper()}).invitation.reason == "asked-recently"


@pytest.mark.parametrize(
    ("customer", "channel", "to"),
    [
        ({"phone": PHONE, "email": "nonsense"}, Channel.SMS, PHONE),
        ({"phone": "nonsense", "email": EMAIL}, Channel.EMAIL, EMAIL),
        ({"phone": EMAIL, "email": EMAIL}, Channel.EMAIL, EMAIL),
        ({"phone": "+442079460123", "email": EMAIL}, Channel.EMAIL, EMAIL),
    ],
)
def test_an_address_that_leads_to_nobody_does_not_keep_from_asking_at_the_other(
    asker: Asker, customer: dict[str, str], channel: Channel, to: str
) -> None:
    outcome = ask(asker, customer=customer)
    assert (outcome.invitation.channel, outcome.to, outcome.invitation.reason) == (channel, to, None)
    assert outcome.invitation.customer.model_dump(exclude_none=True) == customer


def test_whoever_is_asked_by_mail_is_left_alone_at_the_quiet_hours_of_their_phone(asker: Asker) -> None:
    in_new_york = {"phone": "+1 202-555-0123", "email": EMAIL}
    morning, evening = NOON.replace(hour=9), NOON.replace(hour=23)
    assert ask(asker, "i-1", morning, customer=in_new_york, channel="email").invitation.reason == "quiet-hours"
    assert ask(asker, "i-2", evening, customer=in_new_york, channel="email").invitation.reason is None


def test_a_time_zone_that_is_stated_does_not_beat_the_clock_of_the_phone(asker: Asker) -> None:
    noon_in_auckland = NOON.replace(hour=23)
    assert ask(asker, now=noon_in_auckland, time_zone="Pacific/Auckland").invitation.reason == "quiet-hours"
    by_mail = ask(asker, "i-2", noon_in_auckland, customer={"email": EMAIL}, time_zone="Pacific/Auckland")
    assert by_mail.invitation.reason is None


def test_a_request_from_an_archive_is_about_a_moment_that_has_passed(asker: Asker) -> None:
    outcome = asker.ask("i-1", request(), NOON, requested_at=NOON - timedelta(hours=25))
    assert outcome.invitation.reason == "expired"


def test_an_admin_may_ask_at_any_hour(asker: Asker) -> None:
    midnight = NOON.replace(hour=0)
    assert asker.ask("i-1", request(), midnight, dry_run=True).invitation.reason == "quiet-hours"
    assert asker.ask("i-2", request(), midnight, any_hour=True).invitation.status is InvitationStatus.SENDING


def test_a_dry_run_stores_nothing(asker: Asker, client: DynamoDBClient) -> None:
    outcome = asker.ask("i-1", request(), NOON, dry_run=True)
    assert outcome.text is not None
    assert "How did your delivery go?" in outcome.text
    assert list(client.sync_scan(MAIN_TABLE["TableName"])) == []


def test_a_national_number_is_read_in_the_first_country(asker: Asker) -> None:
    assert ask(asker, customer={"phone": "07400 123456"}).to == PHONE


def test_a_language_that_is_not_offered_is_said_and_never_asked_in_another(asker: Asker) -> None:
    assert ask(asker, language="fr-FR").invitation.reason == "language-not-offered"


@pytest.mark.parametrize("written", ["ar", "AR", "ar-EG", "ar_EG", "\u200far"])
def test_a_language_is_known_in_any_spelling(asker: Asker, written: str) -> None:
    asked = ask(asker, language=written).invitation
    assert (asked.language, asked.reason) == ("ar", None)


@pytest.mark.parametrize(
    "written", ["\u202d+44 7400 123456\u202c", "+44 (0)7400 123456", "tel:+447400123456", "07400 123456."]
)
def test_a_number_is_read_as_phone_books_copy_it(asker: Asker, written: str) -> None:
    assert ask(asker, customer={"phone": written}).to == "+447400123456"


def test_a_business_without_a_number_asks_by_mail(store: Store, keys: Keys, config: Config) -> None:
    asker = Asker(store, keys, config.model_copy(update={"sms": None}))
    assert ask(asker, customer={"phone": PHONE, "email": EMAIL}).invitation.channel is Channel.EMAIL
    assert ask(asker, "i-2", channel="sms").invitation.reason == "no-number-of-ours"


def test_the_answers_id_is_not_that_of_another_invitation(asker: Asker, people: People) -> None:
    ask(asker)
    first = people.get(PHONE).conversation
    ask(asker, "i-2", now=NOON + timedelta(days=31))
    second = people.get(PHONE).conversation
    assert first is not None
    assert second is not None
    assert first.feedback_id != second.feedback_id != answer_id("i-2")


def test_requests_of_one_system_cost_no_more_texts_than_its_days_budget(
    store: Store, keys: Keys, config: Config
) -> None:
    assert config.sms is not None
    sms = config.sms.model_copy(update={"sent_per_source": 5, "sent_per_day": 8})
    asker = Asker(store, keys, config.model_copy(update={"sms": sms}))

    def reasons(source: str | None, start: int, number: int = 10) -> list[str | None]:
        return [
            asker.ask(
                f"{source}-{each}", request(customer={"phone": f"+4474001{each:05}"}), NOON, source=source
            ).invitation.reason
            for each in range(start, start + number)
        ]

    assert reasons("com.shop", 0) == [None] * 5 + ["over-budget"] * 5
    assert reasons("com.till", 100) == [None] * 3 + ["over-budget"] * 7
    assert reasons(None, 200, 1) == ["over-budget"]
    kept = Invitations(store.client, store.table).get("com.shop-9")
    assert kept is not None
    assert kept.invitation.status is InvitationStatus.SUPPRESSED
    assert Messages(store.client, store.table).get("com.shop-9") is None
    by_mail = asker.ask("m", request(customer={"email": EMAIL}), NOON, source="com.shop")
    assert by_mail.invitation.reason is None


def test_a_request_that_comes_again_counts_once(store: Store, keys: Keys, config: Config) -> None:
    assert config.sms is not None
    sms = config.sms.model_copy(update={"sent_per_source": 2})
    asker = Asker(store, keys, config.model_copy(update={"sms": sms}))
    for _ in range(3):
        assert asker.ask("i-1", request(), NOON, source="com.shop").invitation.reason is None
    other = request(customer={"phone": "+447400100001"})
    assert asker.ask("i-2", other, NOON, source="com.shop").invitation.reason is None


def test_whoever_is_held_back_for_the_budget_can_be_asked_the_next_day(
    store: Store, keys: Keys, config: Config
) -> None:
    assert config.sms is not None
    sms = config.sms.model_copy(update={"sent_per_day": 1})
    asker = Asker(store, keys, config.model_copy(update={"sms": sms}))
    asker.ask("i-1", request(customer={"phone": "+447400100001"}), NOON)
    assert asker.ask("i-2", request(), NOON).invitation.reason == "over-budget"
    assert asker.ask("i-3", request(), NOON + timedelta(days=1)).invitation.reason is None


def test_a_question_that_was_stored_although_the_table_did_not_say_so_is_told_as_asked(
    asker: Asker, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact = store.transact

    def unanswered(operations: Any) -> bool:
        transact(operations)
        return False

    monkeypatch.setattr(store, "transact", unanswered)
    outcome = ask(asker)
    assert (outcome.repeated, outcome.segments) == (False, 1)
