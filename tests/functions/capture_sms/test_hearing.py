"""Texts and the table: one transaction each, once each."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydynox import DynamoDBClient

from functions.capture_sms.conversation import Text
from functions.capture_sms.hearing import Ear, TextOutcome
from functions.capture_sms.senders import read_sender
from shared.customers.budget import Budget
from shared.customers.messages import Purpose
from shared.customers.people import Person, Silence
from shared.ids import answer_id
from shared.model.feedback import Revision
from tests.kit.factories import RECEIVED_AT
from tests.kit.samples import load_rows
from tests.kit.tables import MAIN_TABLE

PHONE = "+447400123456"


def a_text(body: str, id: str = "m-1", sender: str = PHONE, at: datetime = RECEIVED_AT) -> Text:
    return Text("aws", id, sender, body, at)


def stored(ear: Ear, id: str = "m-1") -> Revision:
    revision = ear.store.get(answer_id("sms", "aws", id))
    assert revision is not None
    return revision


def test_a_text_is_stored_with_its_reply(ear: Ear, now: datetime) -> None:
    heard = ear.hear(a_text("2 queue too long"), now, sends_reply=True)
    assert heard.outcome is TextOutcome.STORED
    feedback = stored(ear).feedback
    assert (feedback.rating, feedback.comment, feedback.team) == (2, "queue too long", "tills")
    message = ear.messages.get(answer_id("reply", "aws", "m-1"))
    assert message is not None
    assert (message.to, message.purpose, message.feedback_id) == (PHONE, Purpose.THANKS, feedback.id)
    assert heard.reply is not None
    assert message.text == heard.reply.text


def test_the_same_text_delivered_twice_is_one(ear: Ear, now: datetime) -> None:
    ear.hear(a_text("2 queue too long"), now, sends_reply=True)
    again = ear.hear(a_text("2 queue too long"), now + timedelta(days=13), sends_reply=True)
    assert (again.outcome, again.reply) == (TextOutcome.REPEATED, None)
    assert stored(ear).number == 1


def test_texts_in_a_row_amend_one_feedback_and_are_thanked_once(ear: Ear, now: datetime) -> None:
    replies = [
        ear.hear(a_text(body, f"m-{number}"), now + timedelta(seconds=number), sends_reply=True).reply
        for number, body in enumerate(["2", "queue too long", "and the till was rude"])
    ]
    revision = stored(ear, "m-0")
    assert (revision.number, revision.feedback.rating) == (3, 2)
    assert revision.feedback.comment == "queue too long\nand the till was rude"
    assert [reply is not None for reply in replies] == [True, False, False]


def test_texts_in_any_order_come_to_the_same(ear: Ear, now: datetime) -> None:
    said = [("2 slow", now), ("5 sorted out", now + timedelta(minutes=1)), ("STOP", now + timedelta(minutes=2))]
    for number, (body, at) in enumerate(reversed(said)):
        ear.hear(a_text(body, f"m-{number}", at=at), now + timedelta(hours=1), sends_reply=True)
    feedback = stored(ear, "m-1").feedback
    assert (feedback.rating, feedback.comment) == (5, "sorted out\nslow")
    assert ear.people.get(PHONE).silence is Silence.STOPPED


def test_texts_that_cross_are_both_kept(ear: Ear, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    ear.hear(a_text("2"), now, sends_reply=True)
    crossing, get = [a_text("queue", "m-2")], ear.people.get

    def get_slowly(address: str) -> Person:
        person = get(address)
        if crossing:  # another text is stored between this one's reading and writing
            ear.hear(crossing.pop(), now, sends_reply=True)
        return person

    monkeypatch.setattr(ear.people, "get", get_slowly)
    assert ear.hear(a_text("price", "m-3"), now, sends_reply=True).outcome is TextOutcome.STORED
    assert stored(ear).feedback.comment == "queue\nprice"


def test_a_text_from_a_number_of_ours_is_refused_and_nothing_stored(
    ear: Ear, client: DynamoDBClient, now: datetime
) -> None:
    own = ear.hear(a_text("1 rude", sender="+447400900100"), now, sends_reply=True)
    assert own.outcome is TextOutcome.SENDER_REFUSED
    assert list(client.sync_scan(MAIN_TABLE["TableName"])) == []


@pytest.mark.parametrize("row", load_rows("samples/texts/senders.jsonl"))
def test_whatever_can_have_sent_a_text_is_heard_its_stop_above_all(
    ear: Ear, now: datetime, row: dict[str, Any]
) -> None:
    said = ear.hear(a_text("The milk was open", "m-1", row["number"]), now, sends_reply=True)
    assert (said.outcome, stored(ear).feedback.comment) == (TextOutcome.STORED, "The milk was open")
    assert stored(ear).feedback.customer.phone == row["silence_key"]
    stop = ear.hear(a_text("STOP", "m-2", row["number"]), now, sends_reply=True)
    assert ear.people.get(row["silence_key"]).silence is Silence.STOPPED
    if row["answerable"] is False:
        assert (said.reply, stop.reply) == (None, None)


@pytest.mark.parametrize("sender", ["", "Anonymous", "\u200b"])
def test_texts_whose_sender_is_hidden_are_kept_each_on_its_own(ear: Ear, now: datetime, sender: str) -> None:
    for id in ("m-1", "m-2"):
        assert ear.hear(a_text(f"rude {id}", id, sender), now, sends_reply=True).outcome is TextOutcome.STORED
        assert (stored(ear, id).feedback.comment, stored(ear, id).feedback.customer.phone) == (f"rude {id}", None)


@given(st.text(max_size=80))
def test_a_sender_read_again_is_the_same(text: str) -> None:
    sender = read_sender(text)
    assert sender is None or read_sender(sender) in (sender, None)


@pytest.mark.parametrize("body", ["", "  \n", "\x00"])
def test_an_empty_text_stores_nothing(ear: Ear, client: DynamoDBClient, now: datetime, body: str) -> None:
    assert ear.hear(a_text(body), now, sends_reply=True).outcome is TextOutcome.EMPTY
    assert list(client.sync_scan(MAIN_TABLE["TableName"])) == []


@pytest.mark.parametrize("body", ["😡", "x" * 1600, "ok \ud83d", "الطابور طويل 😤", "\u202e2 queue"])
def test_strange_texts_are_stored(ear: Ear, now: datetime, body: str) -> None:
    assert ear.hear(a_text(body), now, sends_reply=True).outcome is TextOutcome.STORED
    assert stored(ear).feedback.comment


def test_a_text_keeps_its_lines(ear: Ear, now: datetime) -> None:
    ear.hear(a_text("too slow\rno staff\r\n"), now, sends_reply=True)
    assert stored(ear).feedback.comment == "too slow\nno staff"


def test_over_the_cap_nothing_more_is_stored(ear: Ear, now: datetime) -> None:
    few = ear._replace(sms=ear.sms.model_copy(update={"texts_per_day": 2}))
    outcomes = [few.hear(a_text(f"text {n}", f"m-{n}"), now, sends_reply=True).outcome for n in range(4)]
    assert outcomes == [TextOutcome.STORED, TextOutcome.STORED, TextOutcome.OVER_CAP, TextOutcome.OVER_CAP]


def test_a_reply_that_goes_back_in_the_response_is_not_sent_again(ear: Ear, now: datetime) -> None:
    assert ear.hear(a_text("1 rude"), now, sends_reply=False).reply is not None
    assert ear.messages.get(answer_id("reply", "aws", "m-1")) is None


def narrow(ear: Ear, *, of_stage: int = 100, of_source: int = 100) -> Ear:
    return ear._replace(budget=Budget(ear.store.client, ear.store.table, of_stage=of_stage, of_source=of_source))


def test_numbers_without_end_are_heard_and_cost_no_more_than_a_days_budget(ear: Ear, now: datetime) -> None:
    ear = narrow(ear, of_source=10)
    numbers = [f"+4474001{number:05}" for number in range(25)]
    heard = [ear.hear(a_text("4 slow", sender, sender), now, sends_reply=True) for sender in numbers]
    assert sum(each.reply is not None for each in heard) == 10
    assert {each.outcome for each in heard} == {TextOutcome.STORED}
    assert all(stored(ear, sender).feedback.comment == "slow" for sender in numbers)


def test_whoever_was_invited_is_answered_when_strangers_have_used_up_theirs(ear: Ear, now: datetime) -> None:
    ear = narrow(ear, of_source=1)
    ear.hear(a_text("4", "m-1", "+447400100001"), now, sends_reply=True)
    ear.people.change(PHONE, lambda person: person.model_copy(update={"asked_at": now}), now)
    assert ear.hear(a_text("4 slow", "m-2", at=now), now, sends_reply=True).reply is not None


def test_a_stop_of_someone_we_wrote_to_is_confirmed_whatever_the_budget(ear: Ear, now: datetime) -> None:
    ear = narrow(ear, of_stage=1)
    assert ear.hear(a_text("4", "m-1"), now, sends_reply=True).reply is not None
    reply = ear.hear(a_text("STOP", "m-2", at=now), now, sends_reply=True).reply
    assert reply is not None
    assert reply.purpose is Purpose.STOPPED
    assert ear.hear(a_text("STOP", "m-3", "+447400100001"), now, sends_reply=True).reply is None
    assert ear.people.get("+447400100001").silence is Silence.STOPPED


def test_a_text_that_is_brought_twice_counts_once(ear: Ear, now: datetime) -> None:
    ear = narrow(ear, of_source=2)
    for _ in range(3):
        ear.hear(a_text("4", "m-1"), now, sends_reply=True)
    assert ear.hear(a_text("4", "m-2", "+447400100001"), now, sends_reply=True).reply is not None


def test_stop_and_start_in_turn_are_answered_within_the_cap(ear: Ear, now: datetime) -> None:
    replies = [
        ear.hear(
            a_text(("STOP", "START")[number % 2], f"m-{number}", at=now + timedelta(seconds=number)),
            now + timedelta(seconds=number),
            sends_reply=True,
        ).reply
        for number in range(40)
    ]
    said = [reply.purpose for reply in replies if reply is not None]
    assert len(said) <= ear.sms.replies_per_day + 1
    assert said[0] is Purpose.STOPPED


def test_a_first_stop_is_confirmed_beyond_the_cap_once(ear: Ear, now: datetime) -> None:
    for number in range(ear.sms.replies_per_day):
        assert ear.hear(a_text("HELP", f"h-{number}"), now, sends_reply=True).reply is not None
    assert ear.hear(a_text("HELP", "h-last"), now, sends_reply=True).reply is None
    stops = []
    for number, body in enumerate(["STOP", "START", "STOP"]):
        at = now + timedelta(seconds=number)
        stops.append(ear.hear(a_text(body, f"s-{number}", at=at), at, sends_reply=True).reply is not None)
    assert stops == [True, False, False]
