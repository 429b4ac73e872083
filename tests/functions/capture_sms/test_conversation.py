"""What a text does, decided without a table: the person, the feedback and the reply that follow."""

from datetime import datetime, timedelta

import pytest
from grapheme import graphemes
from hypothesis import given
from hypothesis import strategies as st

from functions.capture_sms.conversation import CLOCKS, PAUSE, Text, Turn, take_turn, topic
from shared.config import load as config_module
from shared.customers.messages import Purpose
from shared.customers.people import Conversation, Person, Silence
from shared.ids import answer_id
from shared.languages.commands import Command
from shared.languages.reading import clean
from shared.model.feedback import MAX_REVISIONS, Channel, Customer, Flag, Revision
from shared.model.scales import Scale
from tests.kit.factories import a_feedback

NOW = datetime.fromisoformat("2026-03-14T10:00:00Z")
MINUTE, LATER = timedelta(minutes=1), timedelta(hours=1)
PHONE = "+447400123456"
CONFIG = config_module.load()
assert CONFIG.sms is not None
SMS = CONFIG.sms
ASKED = Conversation(
    feedback_id=answer_id("an invitation"),
    touchpoint="delivery",
    place=None,
    customer=Customer(ref="order-1187", name="Layla"),
    language="en",
    expires_at=NOW + timedelta(days=30),
)
INVITED = Person(address=PHONE, version=1, conversation=ASKED)
STRANGER = Person(address=PHONE)


def turn(
    body: str,
    person: Person = STRANGER,
    before: Revision | None = None,
    now: datetime = NOW,
    at: datetime | None = None,
) -> Turn:
    """What a text comes to that is heard `now`, and was said just then or `at` an earlier moment."""
    text = Text("aws", "m-1", PHONE, body, at or now)
    return take_turn(text, person, topic(person, text, SMS, CONFIG), before, SMS, CONFIG, now)


def said(number: int = 1, **changes: object) -> Revision:
    feedback = a_feedback(id=ASKED.feedback_id, touchpoint="delivery", scale=Scale.STARS5, rating=2, comment="")
    said = feedback.model_copy(update={"channel": Channel.SMS, "reasons": (), **changes})
    return Revision(number, NOW, said, answers=number)


def test_a_text_out_of_nowhere_is_about_the_numbers_touchpoint() -> None:
    answer = turn("2 queue too long").answer
    assert answer is not None
    assert (answer.id, answer.touchpoint) == (answer_id("sms", "aws", "m-1"), "checkout")
    assert (answer.rating, answer.comment, answer.customer.phone) == (2, "queue too long", PHONE)


def test_an_answer_to_last_weeks_question_is_about_that_question() -> None:
    answer = turn("4", INVITED, now=NOW + timedelta(days=7)).answer
    assert answer is not None
    assert (answer.id, answer.touchpoint) == (ASKED.feedback_id, "delivery")
    assert answer.customer == Customer(ref="order-1187", name="Layla", phone=PHONE)


def test_a_question_that_expired_is_not_answered_by_what_comes_later() -> None:
    answer = turn("4", INVITED, now=NOW + timedelta(days=30)).answer
    assert answer is not None
    assert answer.touchpoint == "checkout"


def test_a_touchpoint_that_is_no_longer_asked_about_falls_back() -> None:
    gone = INVITED.model_copy(update={"conversation": ASKED.model_copy(update={"touchpoint": "gone"})})
    answer = turn("4", gone).answer
    assert answer is not None
    assert answer.touchpoint == "checkout"


def test_texts_in_a_row_are_one_feedback_with_all_their_words() -> None:
    first = turn("2", INVITED)
    second = turn("and cold", first.person, said(comment="Late"), NOW + timedelta(minutes=1))
    assert second.answer is not None
    assert (second.answer.id, second.answer.comment) == (ASKED.feedback_id, "Late\nand cold")


def test_after_a_pause_a_text_is_about_something_new() -> None:
    first = turn("2 late", INVITED)
    later = turn("and today again", first.person, now=NOW + PAUSE)
    assert later.answer is not None
    assert later.answer.id != ASKED.feedback_id


def test_the_same_words_again_change_nothing() -> None:
    assert turn("late", INVITED, said(comment="late\nand cold")).answer is None


@pytest.mark.parametrize("full", [said(MAX_REVISIONS, comment="x"), said(comment="x" * 4_999)])
def test_what_one_feedback_cannot_hold_opens_the_next(full: Revision) -> None:
    answer = turn("3 - again", INVITED, full).answer
    assert answer is not None
    assert (answer.id, answer.touchpoint, answer.rating) == (answer_id("sms", "aws", "m-1"), "checkout", 3)


@pytest.mark.parametrize("body", ["x" * 21_000, "ب" * 21_000, "👩‍👩‍👧‍👦" * 2_000])
def test_a_text_longer_than_a_feedback_is_kept_as_far_as_it_fits(body: str) -> None:
    for before in (None, said(comment="")):
        answer = turn(body, INVITED, before).answer
        assert answer is not None
        assert answer.id == ASKED.feedback_id
        assert answer.comment is not None
        assert answer.comment.endswith("…")
        assert set(graphemes(answer.comment)) <= {*graphemes(body), "…"}
    answer = turn(body, INVITED, said(comment="late")).answer
    assert answer is not None
    assert answer.id == answer_id("sms", "aws", "m-1")


def test_thanks_come_once_and_say_who_reads_it() -> None:
    first = turn("2 late", INVITED)
    assert first.reply is not None
    assert first.reply.purpose is Purpose.THANKS
    assert "Home delivery at Fernleaf Market" in first.reply.text
    assert turn("and cold", first.person, said(comment="late")).reply is None


def test_thanks_name_the_team_that_owns_the_feedback() -> None:
    for team, name in (("care", "Customer care"), ("dissolved", "Home delivery")):
        reply = turn("and cold", INVITED, said(team=team, comment="late")).reply
        assert reply is not None
        assert name in reply.text


def test_an_unhappy_rating_alone_is_asked_what_happened() -> None:
    unhappy, happy = turn("1", INVITED).reply, turn("5", INVITED).reply
    assert unhappy is not None
    assert "What happened?" in unhappy.text
    assert happy is not None
    assert "What happened?" not in happy.text


def test_replies_speak_the_language_of_the_text_or_else_of_the_question() -> None:
    in_arabic = INVITED.model_copy(update={"conversation": ASKED.model_copy(update={"language": "ar"})})
    for body, person in (("الطابور طويل", STRANGER), ("4", in_arabic)):
        reply = turn(body, person).reply
        assert reply is not None
        assert reply.text.startswith("شكرًا")


def test_stop_is_honoured_and_confirmed_once() -> None:
    first = turn("STOP", INVITED)
    assert (first.person.silence, first.answer) == (Silence.STOPPED, None)
    assert first.reply is not None
    assert first.reply.purpose is Purpose.STOPPED
    assert turn("STOP", first.person).reply is None


def test_stop_overcharging_me_is_a_complaint_and_a_stop() -> None:
    heard = turn("Stop overcharging me", INVITED)
    assert heard.person.silence is Silence.STOPPED
    assert heard.answer is not None
    assert (heard.answer.comment, heard.answer.flags) == ("Stop overcharging me", (Flag.OPTED_OUT,))
    assert heard.reply is not None
    assert heard.reply.purpose is Purpose.STOPPED
    assert "will read what you wrote" in heard.reply.text


def test_a_stop_after_the_words_tells_the_team() -> None:
    heard = turn("stop", INVITED, said(comment="late"))
    assert heard.answer is not None
    assert (heard.answer.comment, heard.answer.flags) == (None, (Flag.OPTED_OUT,))  # what was said stays


def test_what_a_provider_took_for_a_command_is_one_and_loses_no_words() -> None:
    def taken(body: str, command: Command, person: Person = INVITED) -> Turn:
        text = Text("twilio", "m-1", PHONE, body, NOW, command)
        return take_turn(text, person, topic(person, text, SMS, CONFIG), None, SMS, CONFIG, NOW)

    alone = taken("ALTO", Command.STOP)
    assert (alone.person.silence, alone.answer) == (Silence.STOPPED, None)
    pictured = taken("ALTO\n📎 https://api.twilio.com/ME1", Command.STOP)
    assert pictured.answer is not None
    assert pictured.answer.comment == "ALTO\n📎 https://api.twilio.com/ME1"
    # Twilio takes YES for a START, even where it answers "Did you find what you came for?"
    asked = INVITED.model_copy(update={"conversation": ASKED.model_copy(update={"touchpoint": "website"})})
    answered = taken("YES", Command.START, asked)
    assert answered.answer is not None
    assert answered.answer.rating == 1


def test_whoever_stopped_is_heard_and_not_answered() -> None:
    silent = INVITED.silenced(Silence.STOPPED, NOW)
    heard = turn("still late", silent)
    assert heard.answer is not None
    assert heard.answer.flags == (Flag.OPTED_OUT,)
    assert heard.reply is None


def test_start_brings_texts_back() -> None:
    heard = turn("START", INVITED.silenced(Silence.STOPPED, NOW), said(flags=(Flag.OPTED_OUT,)))
    assert heard.person.silence is None
    assert heard.answer is not None
    assert heard.answer.flags == ()
    assert heard.reply is not None
    assert heard.reply.purpose is Purpose.RESUMED


def test_a_start_that_comes_late_does_not_end_a_silence_asked_for_since() -> None:
    silent = turn("STOP", INVITED, now=NOW).person
    late = turn("START", silent, now=NOW + LATER, at=NOW - MINUTE)
    assert (late.person.silence, late.answer, late.reply) == (Silence.STOPPED, None, None)
    silent_again = turn("STOP", silent, now=NOW + 2 * MINUTE).person
    assert turn("START", silent_again, now=NOW + LATER, at=NOW + MINUTE).person.silence is Silence.STOPPED
    assert turn("START", silent_again, now=NOW + LATER, at=NOW + 3 * MINUTE).person.silence is None


def test_a_stop_that_comes_late_does_not_undo_a_start_since() -> None:
    back = turn("START", INVITED, now=NOW).person
    late = turn("Stop overcharging me", back, now=NOW + LATER, at=NOW - MINUTE)
    assert late.person.silence is None
    assert late.answer is not None
    assert (late.answer.comment, late.answer.flags) == ("Stop overcharging me", ())


def test_a_silence_begins_when_it_was_asked_for() -> None:
    assert turn("STOP", INVITED, now=NOW, at=NOW - MINUTE).person.silent_since == NOW - MINUTE


def test_a_rating_that_comes_late_does_not_replace_a_later_one_and_its_words_are_kept() -> None:
    first = turn("5 good", INVITED, now=NOW)
    late = turn("2 queue too long", first.person, said(rating=5, comment="good"), NOW + LATER, at=NOW - MINUTE)
    assert late.answer is not None
    assert (late.answer.rating, late.answer.comment) == (None, "good\nqueue too long")
    assert late.person.conversation is not None
    assert late.person.conversation.answered_at == NOW
    assert turn("2", first.person, said(rating=5, comment="good"), NOW + LATER, at=NOW - MINUTE).answer is None


def test_a_rating_that_comes_after_later_words_is_the_rating() -> None:
    words = turn("queue too long", INVITED, now=NOW)
    late = turn("2", words.person, said(rating=None, comment="queue too long"), NOW + LATER, at=NOW - MINUTE)
    assert late.answer is not None
    assert late.answer.rating == 2
    later = turn("thanks", late.person, said(comment="queue too long"), NOW + 2 * MINUTE)
    between = turn("4", later.person, said(comment="queue too long"), NOW + LATER, at=NOW + MINUTE)
    assert between.answer is not None
    assert between.answer.rating == 4


def test_a_rating_that_comes_late_does_not_replace_a_tap_since() -> None:
    assert turn("2", INVITED, said(rating=5), NOW + LATER, at=NOW - MINUTE).answer is None


def test_a_text_from_before_the_question_is_not_its_answer() -> None:
    asked = INVITED.model_copy(update={"asked_at": NOW})
    late = turn("1 rude", asked, now=NOW + LATER, at=NOW - MINUTE)
    assert late.answer is not None
    assert (late.answer.touchpoint, late.answer.rating) == ("checkout", 1)
    assert late.person.conversation == ASKED, "the question still waits for its answer"
    assert topic(asked, Text("aws", "m-2", PHONE, "5", NOW - CLOCKS), SMS, CONFIG) == ASKED, "clocks differ"


def test_a_text_of_last_week_that_comes_late_is_not_about_what_they_talk_of_now() -> None:
    talking = turn("2 late", INVITED, now=NOW)
    late = turn("5 nice", talking.person, now=NOW + LATER, at=NOW - timedelta(days=7))
    assert late.answer is not None
    assert (late.answer.touchpoint, late.answer.rating) == ("checkout", 5)
    assert late.person.conversation == talking.person.conversation


def test_help_names_a_contact_even_to_those_who_stopped() -> None:
    for person in (INVITED, INVITED.silenced(Silence.STOPPED, NOW)):
        reply = turn("HELP", person).reply
        assert reply is not None
        assert SMS.help in reply.text


def test_a_machine_that_answers_everything_is_soon_answered_no_more() -> None:
    person, replies = STRANGER, 0
    for _ in range(40):
        heard = turn("HELP", person)
        person, replies = heard.person, replies + (heard.reply is not None)
    assert replies == SMS.replies_per_day


def test_a_number_is_heard_so_often_a_day_and_its_stop_always() -> None:
    person = INVITED.on(NOW).model_copy(update={"heard": SMS.texts_per_day})
    assert turn("more", person) == Turn(person, None, None)
    assert turn("stop", person).person.silence is Silence.STOPPED
    assert turn("more", person, now=NOW + timedelta(days=1)).answer is not None


def test_a_country_that_is_not_allowed_is_heard_and_not_answered() -> None:
    text = Text("aws", "m-1", "+33612345678", "2 queue too long", NOW)
    person = Person(address=text.sender)
    heard = take_turn(text, person, topic(person, text, SMS, CONFIG), None, SMS, CONFIG, NOW)
    assert heard.answer is not None
    assert heard.reply is None


@given(st.text(min_size=1, max_size=1600))
def test_any_text_of_a_stranger_is_stored_or_a_command(body: str) -> None:
    heard = turn(body)
    assert heard.person.heard == 1
    if heard.answer is None:
        assert heard.person.silence or heard.reply or not clean(body).strip()
    else:
        assert heard.answer.rating is not None or heard.answer.comment
