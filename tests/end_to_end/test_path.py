"""The whole path, deployed: from a tap to the team that is responsible for it."""

from pathlib import Path

import pytest
import urllib3

from tests.end_to_end.world import Subscriber, World, eventually

WORDS = "انتظرت أربعين دقيقة — nobody came 👩🏽‍🔧 & I left <b>angry</b>"


def test_a_tap_reaches_the_responsible_team_in_the_customers_own_words(world: World, subscriber: Subscriber) -> None:
    answered = world.answer(world.link("checkout"), rating=1, reasons=["queue"], comment=WORDS, submission="one")
    assert answered.status == 201
    id = answered.body["id"]

    stored = world.feedback(id)
    assert stored is not None
    assert (stored.feedback.comment, stored.feedback.rating, stored.feedback.team) == (WORDS, 1, "tills")

    [event] = eventually(lambda: subscriber.events(id))
    assert (event["detail-type"], event["source"]) == ("FeedbackCaptured", "earshot")
    assert event["detail"]["feedback"]["comment"] == WORDS

    [card] = eventually(lambda: world.left(id))
    assert (card["kind"], card["to"], card["team"]) == ("email", "tills@fernleaf.example", "tills")
    assert WORDS in card["text"]
    assert "<b>angry</b>" not in card["html"]


def test_the_same_answer_twice_is_one_feedback_and_one_card(world: World, subscriber: Subscriber) -> None:
    link = world.link("checkout")
    first = world.answer(link, rating=2, submission="double tap")
    second = world.answer(link, rating=2, submission="double tap")
    assert (first.status, second.status) == (201, 200)
    id = first.body["id"]
    assert second.body["id"] == id

    later = world.answer(world.link("checkout"), rating=2).body["id"]
    eventually(lambda: world.left(later) and world.left(id))
    assert len(world.left(id)) == 1
    assert len(eventually(lambda: subscriber.events(id))) == 1


def test_words_that_follow_a_rating_are_on_the_one_card(world: World, subscriber: Subscriber) -> None:
    link = world.link("checkout", ref="order-77")
    id = world.answer(link, rating=1).body["id"]
    amended = world.answer(link, comment="The belt was broken.")
    assert (amended.status, amended.body) == (200, {"id": id, "status": "amended"})

    events = eventually(lambda: (found := subscriber.events(id))[1:] and found)
    assert sorted((event["detail"]["revision"], event["detail-type"]) for event in events) == [
        (1, "FeedbackCaptured"),
        (2, "FeedbackAmended"),
    ]
    later = world.answer(world.link("checkout"), rating=1).body["id"]  # whose card comes when both changes have settled
    eventually(lambda: world.left(later) and world.left(id))
    [card] = world.left(id)
    assert "The belt was broken." in card["text"]


def test_a_change_of_owner_reaches_the_new_team(world: World) -> None:
    link = world.link("checkout", ref="order-78")
    id = world.answer(link, rating=1).body["id"]
    world.answer(link, reasons=["price"], comment="Charged twice for milk.")
    cards = eventually(lambda: [card for card in world.left(id) if card["to"] == "care@fernleaf.example"])
    assert "Charged twice for milk." in cards[0]["text"]


def test_a_machine_is_told_at_once_and_signed(world: World) -> None:
    id = world.answer(world.link("delivery"), rating=4, comment="On time.").body["id"]
    hooks = eventually(lambda: [left for left in world.left(id) if left["kind"] == "webhook"])
    assert hooks[0]["to"] == "https://orders.fernleaf.example/hooks/feedback"
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= {name.lower() for name in hooks[0]["headers"]}
    assert hooks[0]["payload"]["data"]["feedback"]["comment"] == "On time."


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_page_writes_nothing(world: World, method: str) -> None:
    before = world.feedback_items()
    response = urllib3.request(method, f"{world.link('checkout')}?r=1", timeout=30, retries=False)
    assert response.status == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert world.feedback_items() == before


def test_a_link_that_was_changed_records_nothing(world: World) -> None:
    before = world.feedback_items()
    link = world.link("checkout")
    changed = f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}"
    assert world.answer(changed, rating=1).status == 404
    assert world.feedback_items() == before


def test_the_command_finds_the_stage_and_its_link_takes_an_answer(world: World, tmp_path: Path) -> None:
    link = world.earshot(tmp_path, "link", "website", "--ref", "visit-9")
    answered = world.answer(link.strip(), rating=0)
    stored = world.feedback(answered.body["id"])
    assert stored is not None
    assert (stored.feedback.touchpoint, stored.feedback.customer.ref) == ("website", "visit-9")
