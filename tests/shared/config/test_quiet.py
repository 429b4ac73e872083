"""Quiet hours on the customer's clock."""

from datetime import datetime, timedelta

import pytest

from shared.config.model import Quiet

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
    assert quiet.holds(["Europe/London"], now) is is_held


def test_quiet_hours_are_those_of_the_customers_clock() -> None:
    noon_in_london = datetime.fromisoformat("2026-07-14T11:00:00+00:00")
    assert not OVERNIGHT.holds(["Europe/London"], noon_in_london)
    assert OVERNIGHT.holds(["America/New_York"], noon_in_london)
    assert OVERNIGHT.holds(["Europe/London", "America/New_York"], noon_in_london)


def test_the_clocks_going_forward_move_the_quiet_hours_with_them() -> None:
    assert OVERNIGHT.holds(["Europe/London"], datetime.fromisoformat("2026-03-28T08:30:00+00:00"))
    assert not OVERNIGHT.holds(["Europe/London"], datetime.fromisoformat("2026-03-29T08:30:00+00:00"))


def test_they_are_over_at_the_first_quarter_at_which_they_hold_nowhere() -> None:
    evening = datetime.fromisoformat("2026-03-14T21:07:00+00:00")
    assert OVERNIGHT.over(["Europe/London"], evening) == datetime.fromisoformat("2026-03-15T09:07:00+00:00")
    assert OVERNIGHT.over([], evening) == evening
    two = OVERNIGHT.over(["Europe/London", "America/New_York"], evening)
    assert two == datetime.fromisoformat("2026-03-15T13:07:00+00:00")
    assert not OVERNIGHT.holds(["Europe/London", "America/New_York"], two)


def test_where_it_is_quiet_somewhere_all_day_it_is_looked_at_again_a_day_later() -> None:
    now = datetime.fromisoformat("2026-03-14T12:00:00+00:00")
    zones = ["Europe/London", "Pacific/Auckland", "America/Los_Angeles"]
    assert OVERNIGHT.over(zones, now) == now + timedelta(days=1)
