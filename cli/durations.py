"""Lengths of time as people type them: `45s`, `30m`, `12h`, `30d`."""

import re
from datetime import timedelta

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """A click parameter that reads into a timedelta."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read `30d` and the like; anything else is bad usage."""
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if not match:
            self.fail(f"{value!r} is not a length of time; write one like 45s, 30m, 12h or 30d", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


DURATION = Duration()
