from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notify.floods import BETWEEN, CARDS, Flood, Turn, about, admit, is_same
from shared.model.feedback import Customer
from shared.model.scales import Mood
from tests.functions.notify.conftest import World
from tests.kit.factories import RECEIVED_AT, a_feedback, an_answer

MINUTE = timedelta(minutes=1)
MAIL = "email:tills@fernleaf.example"


def turns(minutes: list[float]) -> list[Turn]:
    """What becomes of one feedback after the other, each received at its minute and looked at then."""
    flood: Flood | None = None
    found = []
    for number, minute in enumerate(sorted(minutes)):
        now = RECEIVED_AT + minute * MINUTE
        feedback = a_feedback(id=f"f{number}", received_at=now)
        turn, after, _ = admit(flood, "key", feedback, now)
        flood = after.model_copy(update={"version": after.version + 1})
        assert admit(flood, "key", feedback, now).turn is turn, "asked twice, the answer is the same"
        found.append(turn)
    return found


def test_the_first_three_make_cards_and_the_fourth_one_for_all() -> None:
    assert turns([0, 1, 2, 3, 4, 5]) == [Turn.CARD] * 3 + [Turn.UPDATE, Turn.WAIT, Turn.WAIT]


def test_the_card_is_brought_up_to_date_at_most_every_quarter_of_an_hour() -> None:
    assert turns([0, 1, 2, 3, 17.9, 18]) == [Turn.CARD] * 3 + [Turn.UPDATE, Turn.WAIT, Turn.UPDATE]


def test_a_flood_is_over_when_nothing_has_come_for_a_quarter_of_an_hour() -> None:
    assert turns([0, 1, 2, 3, 4, 19.1]) == [Turn.CARD] * 3 + [Turn.UPDATE, Turn.WAIT, Turn.CARD]


@given(st.lists(st.integers(0, 240), max_size=60))
def test_updates_are_never_closer_than_that_and_cards_never_more_than_three_in_a_flood(minutes: list[int]) -> None:
    times = sorted(minutes)
    found = turns([float(each) for each in minutes])
    updates = [time for time, turn in zip(times, found, strict=True) if turn is Turn.UPDATE]
    assert all(after - before >= 15 for before, after in pairwise(updates))
    in_flood = last = 0
    for time, turn in zip(times, found, strict=True):
        in_flood = 0 if time - last >= 15 else in_flood
        in_flood, last = in_flood + (turn is Turn.CARD), time
        assert in_flood <= CARDS


@pytest.mark.parametrize(
    "other",
    [
        a_feedback(place="york-1"),
        a_feedback(touchpoint="delivery"),
        a_feedback(reasons=("staff",)),
        a_feedback(mood=Mood.HAPPY),
        a_feedback(reasons=()),
    ],
)
def test_who_says_something_else_is_no_part_of_it(other: object) -> None:
    assert about("r", "t", a_feedback()) != about("r", "t", other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("No till is open, says 1.", "NO TILL is open, says 27!", True),
        ("The reader is broken.", "The reader is broken again", False),
        ("", "", True),
        ("الصندوق مغلق اليوم", "الصندوق مغلق اليوم!", True),
        ("My milk was sour.", "Nobody answers the phone.", False),
    ],
)
def test_without_a_reason_the_words_say_what_it_is_about(one: str, other: str, same: bool) -> None:
    feedback = [a_feedback(reasons=(), comment=words) for words in (one, other)]
    assert is_same(*feedback) is same


def test_twenty_who_each_say_something_else_make_twenty_cards(world: World) -> None:
    world.route("r", MAIL, settling=0)
    things = ["milk", "bread", "eggs", "cheese", "rice", "lamps", "chairs", "flowers", "trousers", "batteries"]
    for number, (thing, fault) in enumerate((thing, fault) for thing in things for fault in ("broken", "missing")):
        answer = an_answer(str(number), comment=f"{thing} {fault}")
        world.handle(world.message("r", world.say(answer)))
    world.rest()
    assert len(world.sent) == 20


def say(world: World, number: int) -> None:
    answer = an_answer(str(number), comment=f"No till open, says {number}.", customer=Customer(ref=f"order-{number}"))
    world.handle(world.message("r", world.say(answer)))


def test_forty_who_say_the_same_make_five_cards_and_none_is_left_out(world: World) -> None:
    world.route("r", MAIL, settling=0)
    for number in range(40):
        world.rest_until(world.now + timedelta(seconds=25))
        say(world, number)
    while list(world.deliveries.due(world.now + timedelta(days=1))):
        world.sweep()
    subjects = [parcel.shown.subject for parcel in world.sent]
    assert [subject.startswith("No till open") for subject in subjects[:3]] == [True] * 3
    assert [subject.split(" · ")[0] for subject in subjects[3:]] == [
        "4 people say this",
        "40 people say this",
    ]
    assert world.sent[-1].shown.words == "No till open, says 39.", "the latest words lead"
    assert all(after.at - before.at >= BETWEEN for before, after in pairwise(world.sent[3:]))


def test_a_second_word_of_someone_who_had_a_card_is_no_part_of_a_flood(world: World) -> None:
    world.route("r", MAIL, settling=0)
    for number in range(6):
        say(world, number)
    world.rest()
    sent = len(world.sent)
    again = an_answer("0", comment="No till open, says 0. Still.", customer=Customer(ref="order-0"))
    world.handle(world.message("r", world.say(again)))
    assert len(world.sent) == sent + 1
    assert world.sent[-1].shown.words == "No till open, says 0. Still."
