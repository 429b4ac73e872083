"""What is under way while its route is paused is not delivered, then or later."""

from datetime import timedelta

import pytest

from functions.notify.retries import Attempt
from shared.deliveries.delivery import State
from shared.routes.route_table import TeamRoute
from tests.functions.notify.conftest import World

DOWN = Attempt(error="It answered 500.")


def pause(world: World, to: str, *, paused: bool = True, settling: int = 0) -> None:
    """The route `r` as it is stored from now on."""
    world.routes["r"] = TeamRoute(
        id="r", team="tills", to=(to,), settling=settling, paused=paused, created_by="Amal", changed_at=world.now
    )


@pytest.mark.parametrize("to", ["email:tills@fernleaf.example", "webhook:https://orders.example/hook"])
def test_what_is_tried_again_ends_when_its_route_is_paused_and_a_replay_brings_it_later(world: World, to: str) -> None:
    pause(world, to, paused=False)
    world.answers = [DOWN]
    tap = world.say()
    message = world.message("r", tap)
    world.handle(message)

    pause(world, to)
    world.wake()
    delivery = world.only_delivery(tap)
    assert (len(world.sent), delivery.state, delivery.error) == (1, State.SKIPPED, "The route is paused.")
    assert list(world.deliveries.due(world.now + timedelta(days=30))) == []

    pause(world, to, paused=False)
    world.handle(message)
    assert len(world.sent) == 1, "what happened while it was paused is not delivered later"
    world.handle(world.message("r", tap, replay="again"))
    assert len(world.sent) == 2


def test_what_a_pause_kept_from_a_card_that_had_left_is_not_taken_for_delivered(world: World) -> None:
    to = "email:tills@fernleaf.example"
    pause(world, to, paused=False)
    tap = world.say()
    world.handle(world.message("r", tap))
    pause(world, to)
    words = world.say(comment="One till open.", rating=1)
    world.handle(world.message("r", words, tap))
    delivery = world.only_delivery(tap)
    assert (len(world.sent), delivery.state, delivery.error) == (1, State.SKIPPED, "The route is paused.")


def test_a_card_that_settles_while_its_route_is_paused_is_not_sent(world: World) -> None:
    to = "email:tills@fernleaf.example"
    pause(world, to, paused=False, settling=45)
    tap = world.say()
    world.handle(world.message("r", tap))
    pause(world, to, settling=45)
    world.wake()
    assert (world.sent, world.only_delivery(tap).error) == ([], "The route is paused.")


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("webhook:https://collector.example.com/all", "outside of this business"),
        ("webhook:https://orders.fernleaf.example/hooks/feedback", "not this team's"),
    ],
)
def test_what_a_team_may_not_take_out_by_its_page_is_not_sent(world: World, to: str, why: str) -> None:
    """Such as of a route that was saved before earshot.toml said so; made by an admin, it brings what it says."""
    business = world.config.business.model_copy(update={"open": False})
    world.notifier._config = world.config.model_copy(update={"business": business})
    theirs = world.say(reasons=("price",))
    assert theirs.feedback.team == "care"
    pause(world, to, paused=False)
    made = world.routes["r"]
    world.routes["r"] = made.model_copy(update={"from_page": True})
    world.handle(world.message("r", theirs))
    assert world.sent == []
    assert why in str(world.only_delivery(theirs).error)

    world.routes["r"] = made
    world.handle(world.message("r", theirs, replay="again"))
    assert len(world.sent) == 1
