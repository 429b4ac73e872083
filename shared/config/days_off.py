"""The days on which a team does not work: public holidays and others.

Public holidays come from the package `holidays`, which is no part of what is deployed: its import costs more than a
whole cold start. The dates of some years are written into a file when the code is bundled, and read from there.
"""

import json
from collections.abc import Iterable
from datetime import date
from functools import cache

from shared.config.load import config_path
from shared.config.model import Config, Holidays

FILE = "holidays.json"
"""Stands beside `earshot.toml` in what is deployed: "GB-ENG" → dates."""
YEARS = 6
"""As many from the year of the deployment on are written."""


def days_off(holidays: Holidays) -> frozenset[date]:
    """All days off that are known: of the years of the file or, without one, of some years around today."""
    public = _kept().get(_name(holidays)) if holidays.country else []
    return frozenset(map(date.fromisoformat, public if public is not None else _listed(holidays))) | set(holidays.extra)


def as_file(config: Config) -> str:
    """What is written beside `earshot.toml` for all teams of a file."""
    named = [config.business.holidays, *(team.holidays for team in config.teams.values() if team.holidays)]
    return json.dumps({_name(each): _listed(each) for each in named if each.country}, sort_keys=True)


def problem(holidays: Holidays) -> str | None:
    """Why no public holidays are known by these names; None where they are."""
    import holidays as package  # here, and in no function

    if holidays.country is None:
        return "names a subdivision without a country; add country" if holidays.subdivision else None
    supported = package.list_supported_countries()
    if holidays.country not in supported:
        return f"no public holidays are known of {holidays.country!r}; leave country out and list the days in extra"
    parts = supported[holidays.country]
    if holidays.subdivision and holidays.subdivision not in parts:
        return (
            f"{holidays.country} has no subdivision {holidays.subdivision!r}; use one of {', '.join(parts) or 'none'}"
        )
    return None


def _listed(holidays: Holidays) -> list[str]:
    import holidays as package  # here, to stay off the path of a customer's answer

    this_year = date.today().year
    years: Iterable[int] = range(this_year - 1, this_year - 1 + YEARS)
    found = package.country_holidays(holidays.country or "", subdiv=holidays.subdivision, years=years)
    return sorted(day.isoformat() for day in found)


@cache
def _kept() -> dict[str, list[str]]:
    path = config_path().with_name(FILE)
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _name(holidays: Holidays) -> str:
    return "-".join(filter(None, (holidays.country, holidays.subdivision)))
