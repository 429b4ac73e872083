"""What customers text to whoever has answered them."""

from datetime import datetime, timedelta

import pytest

from functions.capture_sms.conversation import Text
from functions.capture_sms.hearing import Ear, Heard, TextOutcome
from shared.cases.answers import Answers
from shared.cases.work import Action, Work
from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.model.case import CaseState, Found, Move

PHONE, PRIYA = "+447400123456", "priya@fernleaf.example"
ID = answer_id("sms", "aws", "m-1")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def work(ear: Ear, keys: Keys) -> Work:
    return Work(ear.config, ear.cases, Answers(ear.store.client, ear.store.table, keys, ear.config))


@pytest.fixture
def complaint(ear: Ear, now: datetime) -> None:
    text(ear, "m-1", "2 The queue was endless", now)


def text(ear: Ear, id: str, body: str, now: datetime) -> Heard:
    return ear.hear(Text("aws", id, PHONE, body, now), now, sends_reply=True)


def tell(work: Work, action: Action, now: datetime) -> Found:
    return work.act(ID, "tills", PRIYA, action, {"text": "Two more tills are open."}, "page", now)


def the(ear: Ear) -> Found:
    found = ear.cases.get(ID)
    assert found is not None
    return found


@pytest.mark.usefixtures("complaint")
@pytest.mark.parametrize(
    ("words", "state", "move"),
    [
        ("Yes, thank you", CaseState.CONFIRMED, Move.CONFIRM),
        ("NOT YET", CaseState.TAKEN, Move.REOPEN),
        ("Partly, one of them closed again", CaseState.TAKEN, Move.REOPEN),
        ("Thanks!", CaseState.RESOLVED, Move.SAY),
        ("👍", CaseState.CONFIRMED, Move.CONFIRM),
        ("نعم", CaseState.CONFIRMED, Move.CONFIRM),
    ],
)
def test_one_word_says_whether_it_is_fixed(
    ear: Ear, work: Work, now: datetime, words: str, state: CaseState, move: Move
) -> None:
    tell(work, Action.TAKE, now + MINUTE)
    tell(work, Action.RESOLVE, now + MINUTE)
    for _ in range(2):  # as often as it is delivered
        text(ear, "m-2", words, now + 2 * DAY)
    found = the(ear)
    assert (found.case.state, found.case.owner) == (state, PRIYA)
    assert (found.timeline[-1].what, found.timeline[-1].text, found.timeline[-1].way) == (move, words, "sms")
    assert found.feedback.comment == "The queue was endless", "nothing is added to the complaint"
    assert [entry.what for entry in found.timeline].count(move) == 1


@pytest.mark.usefixtures("complaint")
@pytest.mark.parametrize(
    ("tapped", "action", "move"),
    [
        ("Liked “Two more tills are open.\nTills and queues, Fernleaf Market”", Action.REPLY, Move.SAY),
        ("👎 to “Two more tills are open. Tills and queues, Fernleaf Market”", Action.RESOLVE, Move.REOPEN),
        ("Liked “Two more tills are open. Is it fixed? Reply YES, PARTLY or NOT YET”", Action.RESOLVE, Move.CONFIRM),
        ("Questioned “Two more tills are open.”", Action.RESOLVE, Move.SAY),
    ],
)
def test_a_tap_on_our_text_is_the_sign_and_none_of_our_words(
    ear: Ear, work: Work, now: datetime, tapped: str, action: Action, move: Move
) -> None:
    tell(work, action, now + MINUTE)
    text(ear, "m-2", tapped, now + DAY)
    found = the(ear)
    assert found.timeline[-1].what is move
    assert "Two more" not in found.timeline[-1].text + found.feedback.comment


@pytest.mark.usefixtures("complaint")
def test_whoever_says_not_yet_hears_once_that_it_is_back(ear: Ear, work: Work, now: datetime) -> None:
    tell(work, Action.RESOLVE, now + MINUTE)
    reply = text(ear, "m-2", "Not yet", now + DAY).reply
    assert reply is not None
    assert "back with Tills and queues at Fernleaf Market" in reply.text
    assert text(ear, "m-3", "Thanks", now + DAY).reply is None


@pytest.mark.usefixtures("complaint")
def test_a_new_complaint_in_an_answer_joins_the_case_and_opens_it_again(ear: Ear, work: Work, now: datetime) -> None:
    tell(work, Action.RESOLVE, now + MINUTE)
    heard = text(ear, "m-2", "Thanks. Now the card reader is broken too", now + 3 * DAY)
    assert heard.outcome is TextOutcome.STORED
    found = the(ear)
    assert (found.case.state, found.case.owner) == (CaseState.TAKEN, PRIYA)
    assert found.feedback.comment.endswith("Thanks. Now the card reader is broken too")


@pytest.mark.usefixtures("complaint")
def test_what_answers_a_reply_joins_the_same_case_for_a_week_and_thanks_are_no_complaint(
    ear: Ear, work: Work, now: datetime
) -> None:
    tell(work, Action.REPLY, now + MINUTE)
    text(ear, "m-2", "Thanks!", now + 2 * MINUTE)
    found = the(ear)
    assert (found.case.state, found.timeline[-1].what) == (CaseState.ANSWERED, Move.SAY)
    assert found.feedback.comment == "The queue was endless"
    text(ear, "m-3", "It was on Monday evening", now + 6 * DAY)
    assert the(ear).feedback.comment == "The queue was endless\nIt was on Monday evening"
    text(ear, "m-4", "Lovely bread today", now + 8 * DAY)
    assert the(ear).feedback.comment.endswith("Monday evening"), "a week later it is about something new"


@pytest.mark.usefixtures("complaint")
def test_stop_is_stop_whatever_was_asked(ear: Ear, work: Work, now: datetime) -> None:
    tell(work, Action.RESOLVE, now + MINUTE)
    text(ear, "m-2", "Stop. Thank you", now + DAY)
    assert the(ear).case.state is CaseState.RESOLVED
    assert ear.people.get(PHONE).silence is not None


def test_thanks_to_nobodys_answer_are_what_they_say(ear: Ear, now: datetime) -> None:
    text(ear, "m-1", "2 The queue was endless", now)
    text(ear, "m-2", "Thanks!", now + MINUTE)
    assert the(ear).feedback.comment == "The queue was endless\nThanks!"
