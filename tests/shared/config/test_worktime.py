from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.config.days_off import days_off
from shared.config.model import Holidays, Weekday
from shared.config.worktime import Shift, WorkTime
from tests.kit.samples import load_rows

LONDON = "Europe/London"
OFFICE = [Shift(day, time(9), time(17)) for day in range(5)]
MINUTE = timedelta(minutes=1)


def at(text: str, zone: str = LONDON) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-25 10:00", 2, "2026-11-25 12:00"),
        ("2026-11-25 16:00", 2, "2026-11-26 10:00"),
        ("2026-11-25 03:00", 2, "2026-11-25 11:00"),
        ("2026-11-27 16:30", 1, "2026-11-30 09:30"),  # over the weekend
        ("2026-11-25 09:00", 8, "2026-11-25 17:00"),
        ("2026-12-31 16:00", 2, "2027-01-04 10:00"),  # New Year's Day is off
        ("2028-02-28 16:00", 9, "2028-02-29 17:00"),
    ],
)
def test_only_the_hours_of_the_team_count(start: str, hours: int, end: str) -> None:
    work = WorkTime(OFFICE, LONDON, {date(2027, 1, 1)})
    assert work.after(at(start), timedelta(hours=hours)) == at(end)


NIGHT = [Shift(day, time(22), time(6)) for day in range(7)]


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-25 23:00", 4, "2026-11-26 03:00"),
        ("2026-11-25 05:00", 2, "2026-11-25 23:00"),
        ("2026-03-28 23:00", 7, "2026-03-29 23:00"),  # the night on which the clocks go forward has seven hours
        ("2026-10-24 23:00", 8, "2026-10-25 06:00"),  # and that on which they go back nine
    ],
)
def test_a_night_shift_belongs_to_the_day_on_which_it_begins(start: str, hours: int, end: str) -> None:
    assert WorkTime(NIGHT, LONDON).after(at(start), timedelta(hours=hours)) == at(end)


def test_a_night_shift_that_begins_before_a_day_off_goes_on_into_it() -> None:
    work = WorkTime(NIGHT, LONDON, {date(2026, 12, 25)})
    assert work.after(at("2026-12-24 23:00"), timedelta(hours=4)) == at("2026-12-25 03:00")
    assert work.after(at("2026-12-25 05:00"), timedelta(hours=2)) == at("2026-12-26 23:00")


def test_a_shift_that_begins_in_the_hour_left_out_begins_when_that_is_over() -> None:
    work = WorkTime([Shift(6, time(1, 30), time(4))], LONDON)
    assert work.after(at("2026-03-29 00:00"), MINUTE) == at("2026-03-29 02:01")


def test_a_team_goes_home_at_the_end_of_its_shift() -> None:
    assert WorkTime(OFFICE, LONDON).closes(at("2026-11-25 10:00")) == at("2026-11-25 17:00")
    assert WorkTime(OFFICE, LONDON).closes(at("2026-11-25 17:00")) is None
    assert WorkTime(NIGHT, LONDON).closes(at("2026-11-25 23:00")) == at("2026-11-26 06:00")
    always = [Shift(day, time(0), time(0)) for day in range(7)]
    assert WorkTime(always, LONDON).closes(at("2026-11-25 23:00")) is None


def test_a_team_that_never_works_is_given_the_time_as_it_is() -> None:
    nobody = WorkTime([], LONDON)
    assert nobody.after(at("2026-11-25 10:00"), timedelta(hours=1)) == at("2026-11-25 11:00")


def slowly(shifts: list[Shift], zone: str, off: set[date], start: datetime, work: timedelta) -> datetime:
    """The same minute by minute: somebody works who has come and has not gone home."""
    tz = ZoneInfo(zone)
    spans = []
    day = start.astimezone(tz).date() - timedelta(days=2)
    for _ in range(60):
        for shift in shifts:
            if day.weekday() == shift.weekday and day not in off:
                ends = day if shift.closes > shift.opens else day + timedelta(days=1)
                spans.append((first(day, shift.opens, tz), first(ends, shift.closes, tz)))
        day += timedelta(days=1)
    moment, left = start, work
    while True:
        if any(opens <= moment < closes for opens, closes in spans):
            left -= MINUTE
        moment += MINUTE
        if left <= timedelta():
            return moment


def first(day: date, clock: time, tz: ZoneInfo) -> datetime:
    """The first minute of a day at which its clock shows a time, or a later one."""
    moment = datetime.combine(day, time(), UTC) - timedelta(hours=15)
    while True:
        local = moment.astimezone(tz)
        if local.date() > day or (local.date() == day and local.time() >= clock):
            return moment
        moment += MINUTE


zones = st.sampled_from([LONDON, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo", "UTC"])
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
turns = st.sampled_from(
    ["2026-03-07", "2026-03-28", "2026-10-03", "2026-10-24", "2026-12-30", "2028-02-28", "2026-04-04"]
)


@settings(max_examples=25, deadline=None)
@given(
    shifts=st.lists(st.builds(Shift, st.integers(0, 6), clocks, clocks), min_size=1, max_size=3),
    zone=zones,
    day=turns,
    minute=st.integers(0, 2880),
    work=st.integers(1, 600),
    off=st.sets(st.integers(0, 6), max_size=2),
)
def test_it_is_what_counting_minutes_gives(
    shifts: list[Shift], zone: str, day: str, minute: int, work: int, off: set[int]
) -> None:
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC)
    days_off = {begin.date() + timedelta(days=each) for each in off}
    start, length = begin + minute * MINUTE, work * MINUTE
    assert WorkTime(shifts, zone, days_off).after(start, length) == slowly(shifts, zone, days_off, start, length)


@pytest.mark.parametrize("row", load_rows("samples/loop/due.jsonl"))
def test_a_promise_is_due_when_the_teams_minutes_are_over(row: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    received = datetime.fromisoformat(row["receipt"])
    shifts = [
        Shift(list(Weekday).index(Weekday(day)), opens, time.fromisoformat(closes.replace("24:00", "00:00")))
        for day, spans in row["hours"].items()
        for opens, closes in ((time.fromisoformat(span[:5]), span[6:]) for span in spans)
    ]
    holidays = Holidays(country=row["country"], subdivision=row["subdivision"], extra=tuple(row["extra_days"]))
    monkeypatch.setattr("shared.config.days_off.date", _Day)
    monkeypatch.setattr(_Day, "year_now", received.year)
    work = WorkTime(shifts, row["tz"], days_off(holidays))
    assert work.after(received, timedelta(minutes=row["minutes"])) == datetime.fromisoformat(row["due"])


class _Day(date):
    """A day whose today is in the year of the row."""

    year_now = 2026

    @classmethod
    def today(cls) -> Self:
        return cls(cls.year_now, 1, 1)
