from datetime import timedelta

import pytest

from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.config.model import CASES, Config
from shared.deliveries.queue import QueueMessage
from shared.model.case import Found
from shared.model.events import case_event
from tests.functions.notify.conftest import World
from tests.kit.factories import an_answer

CHIEF, LEAD, PRIYA = "chief@fernleaf.example", "lead@fernleaf.example", "priya@fernleaf.example"


@pytest.fixture
def config(config: Config) -> Config:
    business = config.business.model_copy(update={"chief": CHIEF})
    tills = config.teams["tills"].model_copy(update={"lead": LEAD})
    return config.model_copy(update={"business": business, "teams": config.teams | {"tills": tills}})


def found(world: World) -> Found:
    case = Cases(world.store.client, world.store.table).get(an_answer().id)
    assert case is not None
    return case


def overdue(world: World) -> None:
    """The case moves on by itself."""
    cases, before = Cases(world.store.client, world.store.table), found(world)
    world.now = before.case.wake_at or world.now
    assert cases.move(changes.overdue(before, Now(world.config, world.now)))
    case_happens(world)


def test_what_is_overdue_goes_to_the_taker_the_team_the_lead_and_the_chief(world: World) -> None:
    world.route("team-tills", "email:tills@fernleaf.example")
    world.say(comment="One till open.")
    cases = Cases(world.store.client, world.store.table)
    world.now += timedelta(minutes=1)
    assert cases.move(changes.take(found(world), PRIYA, "page", Now(world.config, world.now)))
    for _ in range(5):
        overdue(world)
    assert [parcel.target.address for parcel in world.sent] == [PRIYA, "tills@fernleaf.example", LEAD, CHIEF, CHIEF]
    assert {parcel.shown.words for parcel in world.sent} == {"One till open."}
    assert (
        world.sent[1].shown.note == "A promised time has passed, and Priya Nair has it. It comes to you to be seen to."
    )
    assert "Overdue since" in dict(world.sent[0].shown.facts)


def case_happens(world: World) -> None:
    """The rule of the bus brings the last event of the case to the queue."""
    event = case_event(found(world))
    assert event is not None
    detail = {"detail-type": event.detail_type, "detail": event.detail()}
    world.handle(QueueMessage(route=CASES, target=CASES, event=detail))
    world.rest()


def test_what_the_customer_calls_not_fixed_goes_to_the_same_person_with_their_words(world: World) -> None:
    world.route("team-tills", "email:tills@fernleaf.example")
    world.say(comment="One till open.")
    cases, now = Cases(world.store.client, world.store.table), Now(world.config, world.now)
    assert cases.move(changes.resolve(found(world), PRIYA, "Two tills more.", "page", None, now))
    assert cases.move(changes.reopen(found(world), "customer", "Not yet, one till at noon.", "sms", now))
    case_happens(world)
    (parcel,) = world.sent
    assert parcel.target.address == PRIYA
    assert parcel.shown.note == "It is open again. Not yet, one till at noon."


def test_a_case_that_is_the_teams_again_by_itself_makes_no_card(world: World) -> None:
    world.route("team-tills", "email:tills@fernleaf.example")
    world.say(comment="One till open.")
    cases, now = Cases(world.store.client, world.store.table), Now(world.config, world.now)
    assert cases.move(changes.take(found(world), PRIYA, "page", now))
    assert cases.move(changes.release(found(world), now))
    case_happens(world)
    assert world.sent == []


def test_the_same_message_twice_is_one_card(world: World) -> None:
    world.say(comment="One till open.")
    world.route("team-tills", "email:tills@fernleaf.example")
    overdue(world)
    case_happens(world)
    assert len(world.sent) == 1
