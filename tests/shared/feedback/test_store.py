from datetime import datetime, timedelta

import boto3
import pytest

from shared.config.model import Config
from shared.errors import TooManyChanges
from shared.feedback.store import CaptureStatus, Store, read_image
from shared.model.feedback import MAX_REVISIONS, Customer, Flag
from shared.model.scales import Mood, Scale
from tests.kit.factories import an_answer


def test_a_first_answer_is_new_and_owned(store: Store, config: Config, now: datetime) -> None:
    status, revision = store.capture(an_answer(), config, now)
    assert status is CaptureStatus.NEW
    assert (revision.number, revision.feedback.team, revision.feedback.mood) == (1, "tills", "unhappy")
    assert store.get(revision.feedback.id) == revision


def test_the_same_answer_twice_is_one(store: Store, config: Config, now: datetime) -> None:
    _, first = store.capture(an_answer(), config, now)
    status, second = store.capture(an_answer(), config, now + timedelta(days=13))
    assert status is CaptureStatus.REPEATED
    assert second == first


def test_words_amend_the_rating_and_keep_the_time_of_the_first_tap(store: Store, config: Config, now: datetime) -> None:
    store.capture(an_answer(), config, now)
    later = now + timedelta(seconds=20)
    status, revision = store.capture(an_answer(comment="Too slow"), config, later)
    assert status is CaptureStatus.AMENDED
    assert (revision.number, revision.feedback.comment, revision.feedback.rating) == (2, "Too slow", 2)
    assert (revision.feedback.received_at, revision.changed_at) == (now, later)


def test_a_late_repeat_of_the_tap_does_not_undo_the_words(store: Store, config: Config, now: datetime) -> None:
    store.capture(an_answer(), config, now)
    store.capture(an_answer(comment="Too slow", reasons=("price",)), config, now)
    status, revision = store.capture(an_answer(), config, now)
    assert status is CaptureStatus.REPEATED
    assert (revision.feedback.comment, revision.feedback.reasons, revision.feedback.team) == (
        "Too slow",
        ("price",),
        "care",
    )


def test_a_reason_of_another_team_moves_the_feedback_to_it(store: Store, config: Config, now: datetime) -> None:
    store.capture(an_answer(reasons=("queue",)), config, now)
    _, revision = store.capture(an_answer(reasons=("price",)), config, now)
    assert revision.feedback.team == "care"
    assert [r.feedback.id for r in store.by_team("care", now)] == [revision.feedback.id]
    assert list(store.by_team("tills", now)) == []


def test_contact_given_later_joins_what_is_known(store: Store, config: Config, now: datetime) -> None:
    store.capture(an_answer(), config, now)
    _, revision = store.capture(an_answer(given=Customer(email="a@example.com")), config, now)
    assert revision.feedback.customer == Customer(ref="order-1234", email="a@example.com")


def test_what_was_known_before_never_replaces_what_they_gave(store: Store, config: Config, now: datetime) -> None:
    known = Customer(ref="order-1234", name="Layla", email="layla@work.example")
    store.capture(an_answer(customer=Customer(), given=Customer(email="layla@home.example")), config, now)
    _, revision = store.capture(an_answer(customer=known, rating=1), config, now)
    assert revision.feedback.customer == known.model_copy(update={"email": "layla@home.example"})


def test_an_address_given_through_a_link_of_someone_elses_stands_beside_theirs(
    store: Store, config: Config, now: datetime
) -> None:
    known = Customer(ref="order-1234", email="layla@work.example", phone="+447700900123")
    given = Customer(email="thief@home.example", phone="+447700900456")
    _, revision = store.capture(an_answer(customer=known, given=given), config, now)
    assert revision.feedback.customer == known
    assert revision.feedback.other_contact == ("thief@home.example", "+447700900456")
    assert revision.feedback.flags == (Flag.OTHER_CONTACT,)
    again = an_answer(customer=known, given=Customer(email="LAYLA@work.example"))
    assert store.capture(again, config, now).revision.feedback.other_contact == revision.feedback.other_contact


def test_what_was_not_known_is_learnt_later(store: Store, config: Config, now: datetime) -> None:
    store.capture(an_answer(customer=Customer()), config, now)
    _, revision = store.capture(an_answer(comment="Too slow", customer=Customer(phone="+447700900123")), config, now)
    assert revision.feedback.customer.phone == "+447700900123"


def test_the_language_is_that_of_the_words(store: Store, config: Config, now: datetime) -> None:
    store.capture(an_answer(comment="بطيء", language="ar"), config, now)
    assert store.capture(an_answer(language="en"), config, now).status is CaptureStatus.REPEATED
    _, revision = store.capture(an_answer(comment="Too slow", language="en"), config, now)
    assert revision.feedback.language == "en"


def test_a_rating_brings_its_scale_along(store: Store, config: Config, now: datetime) -> None:
    store.capture(an_answer(rating=2), config, now)
    checkout = config.touchpoints["checkout"].model_copy(update={"scale": Scale.NPS})
    asked_anew = config.model_copy(update={"touchpoints": config.touchpoints | {"checkout": checkout}})
    _, revision = store.capture(an_answer(rating=9), asked_anew, now)
    assert (revision.feedback.scale, revision.feedback.mood) == (Scale.NPS, Mood.HAPPY)


def test_a_link_is_not_a_chat_room(store: Store, config: Config, now: datetime) -> None:
    for number in range(MAX_REVISIONS):
        store.capture(an_answer(comment=str(number)), config, now)
    with pytest.raises(TooManyChanges):
        store.capture(an_answer(comment="once more"), config, now)
    assert store.capture(an_answer(comment=str(MAX_REVISIONS - 1)), config, now).status is CaptureStatus.REPEATED


@pytest.mark.parametrize("words", ["كان الطابور طويلًا جدًا", "👩🏽‍🚀 great", "naïve", "a\r\nb\tc", "ﷺ﷽", "𝔘𝔫𝔦"])
def test_words_come_back_exactly_as_sent(store: Store, config: Config, now: datetime, words: str) -> None:
    store.capture(an_answer(comment=words), config, now)
    revision = store.get(an_answer().id)
    assert revision is not None
    assert revision.feedback.comment == words


def test_a_stream_image_reads_as_the_item_does(store: Store, config: Config, now: datetime) -> None:
    _, revision = store.capture(an_answer(comment="Too slow", reasons=("queue",)), config, now)
    image = boto3.client("dynamodb").get_item(
        TableName=store.table, Key={"pk": {"S": f"F#{revision.feedback.id}"}, "sk": {"S": "F"}}
    )["Item"]
    assert read_image(image) == revision


def test_a_team_finds_what_changed_since(store: Store, config: Config, now: datetime) -> None:
    for number in range(10):
        store.capture(an_answer(str(number)), config, now + timedelta(hours=number))
    found = {revision.feedback.id for revision in store.by_team("tills", now + timedelta(hours=5))}
    assert found == {an_answer(str(number)).id for number in range(5, 10)}
