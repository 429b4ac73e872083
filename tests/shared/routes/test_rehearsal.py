from datetime import datetime, timedelta

import pytest

from shared.conditions.language import Condition
from shared.conditions.reader import parse
from shared.config.model import Config, Route
from shared.feedback.store import Store
from shared.routes import rehearsal
from shared.routes.rehearsal import rehearse
from shared.routes.route_table import TeamRoute
from tests.kit.factories import an_answer

OTHERS = {
    "team-care": Route(team="care", when="team = care", to=("email:care@fernleaf.example",)),
    "team-tills": Route(team="tills", when="team = tills", to=("email:tills@fernleaf.example",)),
    "unhappy": Route(team="care", when="mood = unhappy", to=("email:lead@fernleaf.example",)),
}


def capture(store: Store, config: Config, at: datetime, name: str, **said: object) -> None:
    store.capture(an_answer(name, **said), config, at)


def test_a_rehearsal_tells_how_many_and_shows_the_latest_ten(store: Store, config: Config, now: datetime) -> None:
    for number in range(12):
        capture(store, config, now - timedelta(days=number), f"tap {number}", comment=f"Words {number}")
    capture(store, config, now, "happy", rating=5)
    found = rehearse(config, store, OTHERS, parse("mood = unhappy"), now)

    assert (found.looked_at, found.complete, found.caught) == (13, True, 12)
    assert [revision.feedback.comment for revision in found.latest] == [f"Words {number}" for number in range(10)]


def test_what_is_older_than_90_days_does_not_count_even_if_it_was_amended_since(
    store: Store, config: Config, now: datetime
) -> None:
    capture(store, config, now - timedelta(days=91), "old")
    capture(store, config, now, "old", comment="One more thing")
    capture(store, config, now - timedelta(days=89), "recent")

    assert rehearse(config, store, {}, parse(""), now).caught == 1


def test_an_amended_feedback_counts_for_conditions_on_either_event(store: Store, config: Config, now: datetime) -> None:
    capture(store, config, now, "tap")
    assert rehearse(config, store, {}, parse("event = FeedbackAmended"), now).caught == 0
    capture(store, config, now, "tap", comment="Words")
    assert rehearse(config, store, {}, parse("event = FeedbackAmended"), now).caught == 1
    assert rehearse(config, store, {}, parse("event = FeedbackCaptured"), now).caught == 1


def test_overlaps_name_the_other_routes_and_how_much_they_share(store: Store, config: Config, now: datetime) -> None:
    capture(store, config, now, "a", reasons=("queue",))
    capture(store, config, now, "b", reasons=("price",))
    capture(store, config, now, "c", rating=5)
    paused = TeamRoute(
        id="paused", team="care", to=("email:a@b.example",), paused=True, created_by="Amal", changed_at=now
    )

    assert rehearse(config, store, OTHERS | {"paused": paused}, parse("touchpoint = checkout"), now).overlaps == {
        "team-tills": 2,
        "unhappy": 2,
        "team-care": 1,
    }


@pytest.fixture
def unclaimed(config: Config) -> Config:
    """Nobody is named for the checkout, so the default team owns what no reason gives to another."""
    checkout = config.touchpoints["checkout"].model_copy(update={"team": None})
    return config.model_copy(update={"touchpoints": config.touchpoints | {"checkout": checkout}})


def test_feedback_that_no_team_claims_and_no_route_catches_is_named(
    store: Store, unclaimed: Config, now: datetime
) -> None:
    capture(store, unclaimed, now, "nobody's", rating=5, comment="Nobody reads this")
    capture(store, unclaimed, now, "another route catches it", rating=1)
    capture(store, unclaimed, now, "a reason names the team", rating=5, reasons=("price",))

    found = rehearse(unclaimed, store, OTHERS, None, now)
    assert found.uncaught == 1
    assert [revision.feedback.comment for revision in found.uncaught_latest] == ["Nobody reads this"]
    assert rehearse(unclaimed, store, OTHERS, parse("mood = happy"), now).uncaught == 0


def test_the_latest_are_the_latest_of_all_teams_even_past_the_most_that_is_looked_at(
    store: Store, config: Config, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "LOOK_AT", 4)
    for number in range(6):
        capture(store, config, now - timedelta(hours=1 + number), f"{number}", reasons=("queue",))
    capture(store, config, now, "just now", reasons=("price",), comment="Just now")
    found = rehearse(config, store, {}, parse("reason = price"), now)
    assert (found.caught, found.looked_at, found.complete) == (1, 4, False)
    everything = rehearse(config, store, {}, parse(""), now)
    assert [revision.feedback.reasons for revision in everything.latest] == [("price",), *[("queue",)] * 3]


def test_with_many_routes_only_the_latest_are_compared_and_that_is_said(
    store: Store, unclaimed: Config, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "COMPARE", 2 * len(OTHERS))
    monkeypatch.setattr(rehearsal, "LATEST", 1)
    for number in range(3):
        capture(store, unclaimed, now - timedelta(hours=number), f"unhappy {number}")
        capture(store, unclaimed, now - timedelta(hours=number), f"happy {number}", rating=5)
    found = rehearse(unclaimed, store, OTHERS, parse("mood = unhappy"), now)
    assert (found.caught, found.compared, found.compared_all) == (3, 2, False)
    assert (found.overlaps["unhappy"], found.uncaught) == (2, 2)


def test_routes_with_one_condition_are_asked_once(
    store: Store, config: Config, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(text: str) -> Condition:
        asked.append(text)
        return parse(text)

    monkeypatch.setattr(rehearsal, "parse", counted)
    capture(store, config, now, "a")
    alike = {f"alike-{n}": OTHERS["unhappy"] for n in range(3)}
    assert rehearse(config, store, alike, parse(""), now).overlaps == dict.fromkeys(alike, 1)
    assert asked == ["mood = unhappy"]


def test_a_rehearsal_says_when_it_did_not_look_at_everything(
    store: Store, config: Config, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "LOOK_AT", 2)
    for number in range(3):
        capture(store, config, now, f"tap {number}")

    found = rehearse(config, store, {}, parse(""), now)
    assert (found.looked_at, found.caught, found.complete) == (2, 2, False)
