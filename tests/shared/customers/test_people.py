from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydynox import DynamoDBClient

from shared.customers.people import Conversation, People, Person, Silence
from shared.errors import Contended
from shared.model.feedback import Customer
from tests.kit.tables import MAIN_TABLE

PHONE = "+447400123456"


@pytest.fixture
def people(client: DynamoDBClient) -> People:
    return People(client, MAIN_TABLE["TableName"])


def stop(now: datetime):  # type: ignore[no-untyped-def]
    return lambda person: person.silenced(Silence.STOPPED, now)


def test_nobody_is_met_for_the_first_time_with_a_past(people: People) -> None:
    assert people.get(PHONE) == Person(address=PHONE)


def test_what_is_changed_is_remembered(people: People, now: datetime) -> None:
    talk = Conversation(
        feedback_id="f", touchpoint="checkout", place=None, customer=Customer(), language="en", expires_at=now
    )
    people.change(PHONE, lambda person: person.model_copy(update={"conversation": talk, "asked_at": now}), now)
    assert people.get(PHONE).conversation == talk
    assert people.get(PHONE).asked_at == now


def test_a_mail_address_is_one_person_in_any_case(people: People, now: datetime) -> None:
    people.change("Layla@Example.com", stop(now), now)
    assert people.get("layla@example.com").silence is Silence.STOPPED


def test_the_first_reason_for_silence_stands_until_they_come_back(people: People, now: datetime) -> None:
    people.change(PHONE, stop(now), now)
    people.change(PHONE, lambda person: person.silenced(Silence.BOUNCED, now + timedelta(days=1)), now)
    assert (people.get(PHONE).silence, people.get(PHONE).silent_since) == (Silence.STOPPED, now)
    people.change(PHONE, lambda person: person.resumed(now), now)
    assert people.get(PHONE).silence is None


def test_what_was_wished_before_the_last_decision_is_overtaken(now: datetime) -> None:
    day = timedelta(days=1)
    silent = Person(address=PHONE).silenced(Silence.STOPPED, now).silenced(Silence.COMPLAINED, now + day)
    back = silent.resumed(now + 2 * day)
    assert [person.decided_since(now + day) for person in (Person(address=PHONE), silent, back)] == [False, False, True]
    assert silent.decided_since(now + day / 2)
    stored_before = Person(address=PHONE, silence=Silence.STOPPED, silent_since=now)
    assert stored_before.decided_since(now - day)


def test_a_wish_for_silence_does_not_age(people: People, client: DynamoDBClient, now: datetime) -> None:
    def ttl() -> int | None:
        [item] = client.sync_scan(MAIN_TABLE["TableName"])
        return item.get("ttl")

    people.change(PHONE, lambda person: person.model_copy(update={"heard": 1}), now)
    assert ttl() is not None
    people.change(PHONE, stop(now), now)
    assert ttl() is None


def test_a_change_made_meanwhile_is_not_overwritten(people: People, now: datetime) -> None:
    interrupted: list[bool] = []

    def count(person: Person) -> Person:
        if not interrupted:
            interrupted.append(True)
            people.change(PHONE, stop(now), now)
        return person.model_copy(update={"heard": person.heard + 1})

    people.change(PHONE, count, now)
    assert (people.get(PHONE).silence, people.get(PHONE).heard) == (Silence.STOPPED, 1)


def test_a_change_that_never_comes_through_says_so(people: People, now: datetime) -> None:
    def beaten(person: Person) -> Person:
        people.change(PHONE, lambda other: other.model_copy(update={"told": other.told + 1}), now)
        return person.model_copy(update={"heard": 99})

    with pytest.raises(Contended):
        people.change(PHONE, beaten, now)


@given(st.integers(0, 9), st.integers(0, 3))
def test_counts_are_those_of_today(count: int, days: int) -> None:
    first = datetime.fromisoformat("2026-03-14T10:00:00Z")
    person = Person(address=PHONE).on(first).model_copy(update={"heard": count, "told": count})
    later = person.on(first + timedelta(days=days))
    assert later.heard == later.told == (count if days == 0 else 0)
