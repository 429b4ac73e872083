from datetime import datetime, timedelta

import pytest

from functions.invite.rules import asked_recently, is_quiet, zones_of
from shared.config.model import Config, Quiet
from shared.customers.people import Person

OVERNIGHT = Quiet.model_validate({"from": "20:00", "to": "09:00"})
SIESTA = Quiet.model_validate({"from": "13:00", "to": "16:00"})


@pytest.mark.parametrize(
    ("quiet", "clock", "is_held"),
    [
        (OVERNIGHT, "19:59", False),
        (OVERNIGHT, "20:00", True),
        (OVERNIGHT, "23:59", True),
        (OVERNIGHT, "00:00", True),
        (OVERNIGHT, "08:59", True),
        (OVERNIGHT, "09:00", False),
        (SIESTA, "12:59", False),
        (SIESTA, "13:00", True),
        (SIESTA, "16:00", False),
    ],
)
def test_quiet_hours_begin_and_end_on_the_minute(quiet: Quiet, clock: str, is_held: bool) -> None:
    now = datetime.fromisoformat(f"2026-03-14T{clock}:00+00:00")
    assert is_quiet(quiet, ["Europe/London"], now) is is_held


def test_quiet_hours_are_those_of_the_customers_clock() -> None:
    noon_in_london = datetime.fromisoformat("2026-07-14T11:00:00+00:00")
    assert not is_quiet(OVERNIGHT, ["Europe/London"], noon_in_london)
    assert is_quiet(OVERNIGHT, ["America/New_York"], noon_in_london)
    assert is_quiet(OVERNIGHT, ["Europe/London", "America/New_York"], noon_in_london)


def test_the_clocks_going_forward_move_the_quiet_hours_with_them() -> None:
    assert is_quiet(OVERNIGHT, ["Europe/London"], datetime.fromisoformat("2026-03-28T08:30:00+00:00"))
    assert not is_quiet(OVERNIGHT, ["Europe/London"], datetime.fromisoformat("2026-03-29T08:30:00+00:00"))


def test_a_customer_is_where_they_say_and_where_their_phone_is_or_else_with_the_business(config: Config) -> None:
    assert zones_of("Asia/Riyadh", [], config) == ("Asia/Riyadh",)
    assert zones_of("Asia/Riyadh", ["Europe/London"], config) == ("Europe/London", "Asia/Riyadh")
    assert zones_of(None, ["America/New_York"], config) == ("America/New_York",)
    assert zones_of("Atlantis", [], config) == (config.business.time_zone,)
    assert zones_of("../etc/passwd", [], config) == (config.business.time_zone,)


def test_a_person_is_asked_once_in_so_many_days() -> None:
    now = datetime.fromisoformat("2026-03-14T12:00:00+00:00")
    new = Person(address="a@example.com")
    asked = Person(address="+447400123456", asked_at=now - timedelta(days=29, hours=23))
    assert not asked_recently([new], 30, now)
    assert asked_recently([new, asked], 30, now)
    assert not asked_recently([asked], 30, now + timedelta(hours=1))
