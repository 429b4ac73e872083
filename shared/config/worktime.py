"""Working time: when a team's hours are over that begin at a moment, and when it next goes home. Pure.

A team works in shifts, which begin at a time of day on some days of the week and may end on the next day. A shift that
would begin on a day off does not take place. Times are of the business's clock, so a shift over a change of the clocks
is an hour longer or shorter; where a shift would begin in the hour that is left out, it begins when that is over.
"""

from collections.abc import Iterable, Set
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_DAY = 86_400
_MOST_DAYS = 800
"""As far ahead as is looked. A team that does not work for so long has no working time."""


class Shift(NamedTuple):
    """A shift of each week: the weekday on which it begins (Monday is 0), and its times of day."""

    weekday: int
    opens: time
    closes: time


class WorkTime:
    """The working time of one team."""

    def __init__(self, shifts: Iterable[Shift], zone: str, days_off: Set[date] = frozenset()) -> None:
        self._shifts: dict[int, list[Shift]] = {}
        for shift in shifts:
            self._shifts.setdefault(shift.weekday, []).append(shift)
        self._zone = ZoneInfo(zone)
        self._days_off = days_off
        self._days: dict[int, tuple[tuple[float, float], ...]] = {}

    def after(self, start: datetime, work: timedelta) -> datetime:
        """The moment by which `work` of the team's time has gone by since `start`.

        A team without working time is given the time as it is.
        """
        since, left = start.timestamp(), work.total_seconds()
        first = int(since // _DAY)
        for day in range(first, first + _MOST_DAYS):
            for opens, closes in self._open(day):
                begins = opens if opens > since else since
                if closes - begins >= left and closes > begins:
                    return datetime.fromtimestamp(begins + left, UTC)
                if closes > begins:
                    left -= closes - begins
        return start + work

    def closes(self, moment: datetime) -> datetime | None:
        """When the shift is over in which the team works at a moment; None where it does not, or never goes home."""
        end: float | None = None
        first = int(moment.timestamp() // _DAY)
        for day in range(first, first + _MOST_DAYS):
            for opens, closes in self._open(day):
                if (end is None and opens <= moment.timestamp() < closes) or opens == end:
                    end = closes
            if end is None or end < (day + 1) * _DAY:
                return None if end is None else datetime.fromtimestamp(end, UTC)
        return None

    def _open(self, day: int) -> tuple[tuple[float, float], ...]:
        """The times of a UTC day, counted from 1970, in which the team works: seconds of Unix time, in order."""
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = tuple(self._merged(day))
        return found

    def _merged(self, day: int) -> Iterable[tuple[float, float]]:
        """Shifts that overlap or meet are one; what goes on over midnight is cut there."""
        here = date(1970, 1, 1) + timedelta(days=day)
        spans = sorted(span for near in (-2, -1, 0, 1, 2) for span in self._spans(here + timedelta(days=near)))
        merged: list[tuple[float, float]] = []
        for opens, closes in spans:
            if merged and opens <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(merged[-1][1], closes)
            else:
                merged.append((opens, closes))
        begins, ends = day * _DAY, (day + 1) * _DAY
        for opens, closes in merged:
            if opens < ends and closes > begins:
                yield max(opens, begins), min(closes, ends)

    def _spans(self, local: date) -> Iterable[tuple[float, float]]:
        if local in self._days_off:
            return
        for shift in self._shifts.get(local.weekday(), ()):
            ends = local if shift.closes > shift.opens else local + timedelta(days=1)
            opens, closes = self._moment(local, shift.opens), self._moment(ends, shift.closes)
            if closes > opens:
                yield opens, closes

    def _moment(self, day: date, clock: time) -> float:
        """A time of day as Unix time: the first where it comes twice; where it is left out, when that is over."""
        local = datetime.combine(day, clock, self._zone)
        moment = local.timestamp()
        back = datetime.fromtimestamp(moment, self._zone)
        if back.replace(tzinfo=None, fold=0) == local.replace(tzinfo=None):
            return moment
        return self._gap_end(local)

    def _gap_end(self, local: datetime) -> float:
        """When the clocks have jumped over a time that is left out."""
        before, after = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
        assert before is not None and after is not None  # noqa: S101, PT018 - a ZoneInfo always says
        low = (local.replace(tzinfo=UTC) - max(before, after)).timestamp()
        high = (local.replace(tzinfo=UTC) - min(before, after)).timestamp()
        jumped = datetime.fromtimestamp(high, self._zone).utcoffset()
        while high - low > 1:  # to the second
            middle = (low + high) // 2
            if datetime.fromtimestamp(middle, self._zone).utcoffset() == jumped:
                high = middle
            else:
                low = middle
        return high
