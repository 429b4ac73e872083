"""Stored messages leave once: what AWS was asked for, and what was noted of each."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from pydynox.exceptions import ConnectionException

from functions.send.handler import send
from functions.send.sender import Sender
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
from shared.mail.received import Mails
from shared.model.case import Move
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Invitation, InvitationStatus
from shared.table.items import MESSAGE
from tests.kit.factories import an_answer

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
PHONE = "+447400123456"
SIGNED = {"Reply-To": "feedback+labc@fernleaf.example"}


class FakeTexts:
    """End User Messaging, answering each call with the next of `answers`: an error, or an id."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    def send_text_message(self, **request: Any) -> dict[str, str]:
        answer = self.answers.pop(0) if self.answers else f"provider-{len(self.sent)}"
        if isinstance(answer, Exception):
            raise answer
        self.sent.append(request)
        return {"MessageId": answer}


class FakeMails(FakeTexts):
    """SES, likewise."""

    send_email = FakeTexts.send_text_message


def refusal(code: str, **more: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}, **more}, "SendTextMessage")  # type: ignore[typeddict-item]


@pytest.fixture
def sender(store: Store, config: Config) -> Sender:
    return Sender(
        messages=Messages(store.client, store.table),
        invitations=Invitations(store.client, store.table),
        people=People(store.client, store.table),
        mails=Mails(store.client, store.table),
        arrivals=Arrivals(Cases(store.client, store.table), config),
        config=config,
        sms=FakeTexts(),  # type: ignore[arg-type]
        ses=FakeMails(),  # type: ignore[arg-type]
        now=lambda: NOW,
        sleep=lambda seconds: None,
    )


def stored(sender: Sender, store: Store, **changes: Any) -> Message:
    message = Message(
        id="m-1", channel=Channel.SMS, to=PHONE, purpose=Purpose.THANKS, text="Thank you!", created_at=NOW
    ).model_copy(update=changes)
    assert store.transact([sender.messages.saving(message)])
    return message


def an_invitation(sender: Sender, store: Store, **changes: Any) -> Message:
    invitation = Invitation(
        id="i-1",
        status=InvitationStatus.SENDING,
        reason=None,
        touchpoint="delivery",
        place=None,
        channel=Channel.SMS,
        language="en",
        customer=Customer(phone=PHONE),
        requested_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )
    store.transact(sender.invitations.saving(invitation, None))
    return stored(sender, store, purpose=Purpose.INVITATION, invitation_id="i-1", **changes)


def status(sender: Sender) -> tuple[InvitationStatus, str | None]:
    kept = sender.invitations.get("i-1")
    assert kept is not None
    return kept.invitation.status, kept.invitation.reason


def run(
    sender: Sender, message: Message, *, remaining_ms: int = 30_000, event: str = "INSERT", **more: Any
) -> list[str]:
    item = {"kind": "message"} | message.model_dump(mode="json") | more
    image = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    record = {"eventName": event, "dynamodb": {"SequenceNumber": "1", "NewImage": image}}
    return send([record], sender, lambda: remaining_ms)


def test_an_answer_to_whoever_asked_for_silence_in_the_meantime_is_its_cases_to_know(
    sender: Sender, store: Store, keys: Keys, config: Config
) -> None:
    store.capture(an_answer(channel=Channel.SMS, customer=Customer(phone=PHONE)), config, NOW)
    work = Work(config, sender.arrivals.cases, Answers(store.client, store.table, keys, config))
    form = {"text": "Sorry. We look into it."}
    answered = work.act(an_answer().id, "tills", "priya@fernleaf.example", Action.REPLY, form, "page", NOW)
    message = sender.messages.get(answered.timeline[-1].message or "")
    assert message is not None
    sender.people.change(PHONE, lambda person: person.silenced(Silence.STOPPED, NOW), NOW)
    assert run(sender, message) == []
    assert sender.sms.sent == []  # type: ignore[attr-defined]
    assert sender.messages.progress(message.id) == {"failure": "stopped"}
    found = sender.arrivals.cases.get(an_answer().id)
    assert found is not None
    assert (found.timeline[-1].what, found.timeline[-1].text) == (Move.NOT_ARRIVED, "stopped")


def test_a_text_leaves_from_our_number(sender: Sender, store: Store) -> None:
    texts = FakeTexts()
    sender = sender._replace(sms=texts)  # type: ignore[arg-type]
    assert run(sender, stored(sender, store, feedback_id="f-1")) == []
    assert texts.sent == [
        {
            "DestinationPhoneNumber": PHONE,
            "OriginationIdentity": "+447400900100",
            "MessageBody": "Thank you!",
            "MessageType": "TRANSACTIONAL",
            "Context": {"earshot_message": "m-1", "feedback_id": "f-1"},
        }
    ]


def test_a_record_that_comes_again_sends_nothing_again(sender: Sender, store: Store) -> None:
    texts = FakeTexts()
    sender = sender._replace(sms=texts)  # type: ignore[arg-type]
    message = stored(sender, store)
    assert run(sender, message) == run(sender, message) == []
    assert len(texts.sent) == 1


def test_an_invitation_that_left_is_sent(sender: Sender, store: Store) -> None:
    run(sender, an_invitation(sender, store))
    assert status(sender) == (InvitationStatus.SENT, None)
    assert sender.messages.of_receipt("provider-0") is not None


def test_a_mail_leaves_with_its_headers_and_is_found_by_its_id(sender: Sender, store: Store) -> None:
    mails = FakeMails("0102-000000")
    sender = sender._replace(ses=mails)  # type: ignore[arg-type]
    headers = {"Reply-To": "feedback+labc@fernleaf.example", "Auto-Submitted": "auto-generated"}
    run(sender, stored(sender, store, channel=Channel.EMAIL, to="a@example.com", subject="Hello", headers=headers))
    [request] = mails.sent
    assert request["ReplyToAddresses"] == ["feedback+labc@fernleaf.example"]
    assert {"Name": "Auto-Submitted", "Value": "auto-generated"} in request["Content"]["Simple"]["Headers"]
    assert request["EmailTags"] == [{"Name": "earshot_message", "Value": "m-1"}]
    assert sender.mails.reply_address("0102-000000") == "feedback+labc@fernleaf.example"


def test_no_text_goes_to_someone_who_said_stop_meanwhile(sender: Sender, store: Store) -> None:
    texts = FakeTexts()
    sender = sender._replace(sms=texts)  # type: ignore[arg-type]
    message = an_invitation(sender, store)
    sender.people.change(PHONE, lambda person: person.silenced(Silence.STOPPED, NOW), NOW)
    assert run(sender, message) == []
    assert texts.sent == []
    assert status(sender) == (InvitationStatus.SUPPRESSED, "asked-for-silence")


@pytest.mark.parametrize("purpose", [Purpose.STOPPED, Purpose.HELP])
def test_the_confirmation_of_a_stop_passes_the_silence_it_causes(
    sender: Sender, store: Store, purpose: Purpose
) -> None:
    texts = FakeTexts()
    sender = sender._replace(sms=texts)  # type: ignore[arg-type]
    sender.people.change(PHONE, lambda person: person.silenced(Silence.STOPPED, NOW), NOW)
    run(sender, stored(sender, store, purpose=purpose))
    assert len(texts.sent) == 1


def test_a_throttled_number_waits_its_turn(sender: Sender, store: Store) -> None:
    texts, waits = FakeTexts(refusal("ThrottlingException"), refusal("ThrottlingException")), []  # type: ignore[var-annotated]
    sender = sender._replace(sms=texts, sleep=waits.append)  # type: ignore[arg-type]
    assert run(sender, an_invitation(sender, store)) == []
    assert (len(texts.sent), len(waits)) == (1, 2)


def at(sender: Sender, moment: datetime) -> Sender:
    return sender._replace(now=lambda: moment)


def swept(sender: Sender, moment: datetime) -> list[str]:
    """Wake what is due and send it, as the sweep and the stream do."""
    failed: list[str] = []
    for waiting in list(sender.messages.due(moment)):
        assert sender.messages.wake(waiting, moment)
        message = sender.messages.get(waiting.id)
        assert message is not None
        failed += run(at(sender, moment), message, event="MODIFY", woken=True)
    return failed


def until(sender: Sender) -> datetime:
    [waiting] = sender.messages.due(NOW + timedelta(days=30))
    return waiting.due_at


@pytest.mark.parametrize(
    "error",
    [
        refusal("InternalServerException"),
        refusal("AccessDeniedException"),
        refusal("MessageRejected"),
        refusal("ConflictException", Reason="DESTINATION_PHONE_NUMBER_NOT_VERIFIED"),
        refusal("ConflictException", Reason="RESOURCE_NOT_ACTIVE"),
        refusal("ServiceQuotaExceededException", Reason="MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
        EndpointConnectionError(endpoint_url="https://sms-voice.eu-west-1.amazonaws.com"),
    ],
)
def test_what_certainly_did_not_leave_waits_in_the_table_and_leaves_later(
    sender: Sender, store: Store, error: Exception
) -> None:
    texts = FakeTexts(error)
    sender = sender._replace(sms=texts)  # type: ignore[arg-type]
    message = an_invitation(sender, store)
    assert run(sender, message) == []
    assert status(sender) == (InvitationStatus.SENDING, None)
    assert NOW < until(sender) <= NOW + timedelta(minutes=15)
    assert swept(sender, NOW + timedelta(minutes=1)) == []
    assert texts.sent == []
    assert swept(sender, NOW + timedelta(minutes=15)) == []
    assert len(texts.sent) == 1
    assert status(sender) == (InvitationStatus.SENT, None)
    assert list(sender.messages.due(NOW + timedelta(days=30))) == []


def test_a_first_record_that_comes_again_leaves_alone_what_waits(sender: Sender, store: Store) -> None:
    texts = FakeTexts(refusal("MessageRejected"))
    sender = sender._replace(sms=texts)  # type: ignore[arg-type]
    message = an_invitation(sender, store)
    assert run(sender, message) == run(sender, message) == []
    assert (texts.sent, status(sender)) == ([], (InvitationStatus.SENDING, None))
    assert "due_at" in sender.messages.progress(message.id)


def test_what_was_woken_and_lost_is_woken_again(sender: Sender, store: Store) -> None:
    sender = sender._replace(sms=FakeTexts(refusal("MessageRejected")))  # type: ignore[arg-type]
    run(sender, an_invitation(sender, store))
    [waiting] = sender.messages.due(NOW + timedelta(minutes=15))
    assert sender.messages.wake(waiting, NOW + timedelta(minutes=15))
    assert not sender.messages.wake(waiting, NOW + timedelta(minutes=15))
    assert list(sender.messages.due(NOW + timedelta(minutes=16))) == []
    assert swept(sender, NOW + timedelta(minutes=30)) == []
    assert status(sender) == (InvitationStatus.SENT, None)


def test_what_waits_for_somebody_who_says_stop_meanwhile_is_not_owed_any_more(sender: Sender, store: Store) -> None:
    message = stored(sender, store)
    assert sender.messages.start(message.id, NOW)
    assert sender.messages.hold(message, NOW + timedelta(minutes=2), "throttled")
    later = NOW + timedelta(minutes=3)
    sender.people.change(PHONE, lambda person: person.silenced(Silence.STOPPED, NOW), NOW)
    assert swept(sender, later) == []
    assert list(sender.messages.due(later + timedelta(days=1))) == []
    # While it says that it was woken, each note about it brings it to its sender again.
    assert sender.messages.progress(message.id) == {"failure": Silence.STOPPED}
    item: Any = store.client.sync_get_item(store.table, MESSAGE.key(message.id))
    assert "woken" not in item


def test_the_pauses_grow_to_two_hours(sender: Sender, store: Store) -> None:
    sender = sender._replace(sms=FakeTexts(*[refusal("MessageRejected")] * 9))  # type: ignore[arg-type]
    run(sender, an_invitation(sender, store))
    pauses, moment = [], NOW
    for _ in range(5):
        pauses.append(until(sender) - moment)
        moment = until(sender)
        swept(sender, moment)
    assert [pause / timedelta(minutes=1) for pause in pauses] == [15, 30, 60, 120, 120]


def test_after_a_week_it_is_given_up_and_nobody_counts_as_asked(sender: Sender, store: Store) -> None:
    sender = sender._replace(sms=FakeTexts(*[refusal("MessageRejected")] * 9))  # type: ignore[arg-type]
    message = an_invitation(sender, store)
    sender.people.change(PHONE, lambda person: person.model_copy(update={"asked_at": NOW}), NOW)
    run(sender, message)
    assert sender.people.get(PHONE).asked_at == NOW
    swept(sender, NOW + timedelta(days=7))
    assert status(sender) == (InvitationStatus.UNDELIVERED, "messagerejected")
    assert sender.messages.progress(message.id)["failure"] == "messagerejected"
    assert sender.people.get(PHONE).asked_at is None
    assert list(sender.messages.due(NOW + timedelta(days=30))) == []


def test_whoever_was_asked_again_since_stays_so(sender: Sender, store: Store) -> None:
    sender = sender._replace(sms=FakeTexts(refusal("ValidationException")))  # type: ignore[arg-type]
    message = an_invitation(sender, store)
    later = NOW + timedelta(minutes=1)
    sender.people.change(PHONE, lambda person: person.model_copy(update={"asked_at": later}), NOW)
    run(sender, message)
    assert sender.people.get(PHONE).asked_at == later


def test_an_invitation_whose_time_is_over_does_not_leave(sender: Sender, store: Store) -> None:
    texts = FakeTexts()
    sender = sender._replace(sms=texts)  # type: ignore[arg-type]
    message = an_invitation(sender, store, expires_at=NOW + timedelta(hours=1))
    assert run(at(sender, NOW + timedelta(hours=1)), message) == []
    assert (texts.sent, status(sender)) == ([], (InvitationStatus.SUPPRESSED, "expired"))


def test_an_invitation_that_is_late_waits_for_the_end_of_quiet_hours(sender: Sender, store: Store) -> None:
    texts = FakeTexts(refusal("MessageRejected"))
    sender = sender._replace(sms=texts)  # type: ignore[arg-type]
    run(sender, an_invitation(sender, store, zones=("Europe/London",)))
    night = NOW.replace(hour=23)
    morning = sender.config.invitations.quiet.over(["Europe/London"], night)
    assert morning > night
    swept(sender, night)
    assert texts.sent == []
    assert sender.messages.progress("m-1")["held"] == "quiet-hours"
    assert until(sender) == morning
    swept(sender, morning)
    assert status(sender) == (InvitationStatus.SENT, None)


def test_what_may_leave_at_any_hour_does(sender: Sender, store: Store) -> None:
    assert run(at(sender, NOW.replace(hour=23)), an_invitation(sender, store)) == []
    assert status(sender) == (InvitationStatus.SENT, None)


def test_no_text_is_lost_while_the_business_has_no_number(sender: Sender, store: Store) -> None:
    without = sender._replace(config=sender.config.model_copy(update={"sms": None}))
    run(without, stored(sender, store))
    assert swept(sender, until(sender)) == []
    assert "sent_at" in sender.messages.progress("m-1")


def test_throttled_to_the_end_of_the_functions_time_it_waits(sender: Sender, store: Store) -> None:
    sender = sender._replace(sms=FakeTexts(refusal("ThrottlingException")))  # type: ignore[arg-type]
    assert run(sender, stored(sender, store), remaining_ms=9_000) == []
    assert until(sender) == NOW + timedelta(minutes=2)


def test_what_may_have_left_is_not_sent_twice_and_its_invitation_says_so(sender: Sender, store: Store) -> None:
    texts = FakeTexts(ReadTimeoutError(endpoint_url="https://sms-voice.eu-west-1.amazonaws.com"))
    sender = sender._replace(sms=texts)  # type: ignore[arg-type]
    message = an_invitation(sender, store)
    assert run(sender, message) == ["1"]
    assert run(sender, message) == []
    assert texts.sent == []
    assert status(sender) == (InvitationStatus.UNDELIVERED, "interrupted")


class Unsteady:
    """A part of the table that does not answer the next `failures` times that something is noted in it."""

    def __init__(self, part: Any, failures: int) -> None:
        self.part = part
        self.failures = failures

    def __getattr__(self, name: str) -> Any:
        if name not in ("sent", "move", "hold"):
            return getattr(self.part, name)

        def note(*arguments: Any, **more: Any) -> Any:
            self.failures -= 1
            if self.failures >= 0:
                raise ConnectionException("the table does not answer")
            return getattr(self.part, name)(*arguments, **more)

        return note


@pytest.mark.parametrize("part", ["messages", "invitations", "mails"])
def test_what_left_is_noted_although_the_table_does_not_answer_at_once(sender: Sender, store: Store, part: str) -> None:
    mails = FakeMails("0102-000000")
    message = an_invitation(
        sender, store, channel=Channel.EMAIL, headers={"Reply-To": "feedback+labc@fernleaf.example"}
    )
    unsteady = sender._replace(ses=mails, **{part: Unsteady(getattr(sender, part), 3)})  # type: ignore[arg-type]
    assert run(unsteady, message) == []
    assert len(mails.sent) == 1
    assert status(sender) == (InvitationStatus.SENT, None)
    assert sender.messages.of_receipt("0102-000000") is not None
    assert sender.mails.reply_address("0102-000000") == SIGNED["Reply-To"]


@pytest.mark.parametrize("part", ["invitations", "mails"])
def test_what_left_and_was_noted_in_part_is_noted_to_the_end_when_the_record_comes_again(
    sender: Sender, store: Store, part: str
) -> None:
    mails = FakeMails("0102-000000")
    message = an_invitation(
        sender, store, channel=Channel.EMAIL, headers={"Reply-To": "feedback+labc@fernleaf.example"}
    )
    sender = sender._replace(ses=mails)  # type: ignore[arg-type]
    assert run(sender._replace(**{part: Unsteady(getattr(sender, part), 99)}), message) == ["1"]  # type: ignore[arg-type]
    assert run(sender, message) == []
    assert len(mails.sent) == 1
    assert status(sender) == (InvitationStatus.SENT, None)
    assert sender.mails.reply_address("0102-000000") == SIGNED["Reply-To"]


def test_what_did_not_leave_is_kept_although_the_table_does_not_answer_at_once(sender: Sender, store: Store) -> None:
    texts = FakeTexts(refusal("InternalServerException"))
    message = an_invitation(sender, store)
    unsteady = sender._replace(sms=texts, messages=Unsteady(sender.messages, 2))  # type: ignore[arg-type]
    assert run(unsteady, message) == []
    assert swept(unsteady, until(sender)) == []
    assert len(texts.sent) == 1


def test_a_message_that_is_refused_is_not_delivered(sender: Sender, store: Store) -> None:
    sender = sender._replace(sms=FakeTexts(refusal("ValidationException", Reason="INVALID_PARAMETER")))  # type: ignore[arg-type]
    assert run(sender, an_invitation(sender, store)) == []
    assert status(sender) == (InvitationStatus.UNDELIVERED, "invalid-parameter")


def test_a_carriers_own_stop_list_silences_the_number(sender: Sender, store: Store) -> None:
    opted_out = refusal("ConflictException", Reason="DESTINATION_PHONE_NUMBER_OPTED_OUT")
    sender = sender._replace(sms=FakeTexts(opted_out))  # type: ignore[arg-type]
    assert run(sender, an_invitation(sender, store)) == []
    assert sender.people.get(PHONE).silence is Silence.STOPPED


def test_records_that_are_no_new_message_send_nothing(sender: Sender) -> None:
    records = [
        {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "1", "NewImage": {"kind": {"S": "message"}}}},
        {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "2", "NewImage": {"kind": {"S": "feedback"}}}},
        {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "3"}},
    ]
    assert send(records, sender, lambda: 30_000) == []
