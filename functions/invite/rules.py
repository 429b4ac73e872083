"""The rules that keep a customer from being invited. Pure functions of `[invitations]` and what is known of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.config.model import Config
from shared.customers.people import Person


def asked_recently(people: Iterable[Person], days: int, now: datetime) -> bool:
    """Whether any address of a customer was asked something less than `days` ago."""
    return any(person.asked_at and now - person.asked_at < timedelta(days=days) for person in people)


def zones_of(stated: str | None, of_phone: Iterable[str], config: Config) -> tuple[str, ...]:
    """Where the customer may be: as stated and as their number says, else with the business.

    A stated zone is added to the phone's own and never replaces them: a quiet hour in any of the zones counts.
    """
    zones = tuple(of_phone)
    if stated is not None:
        try:
            ZoneInfo(stated)
        except (KeyError, ValueError, OSError):
            pass  # a name that is none: what else is known decides
        else:
            zones += (stated,)
    return zones or (config.business.time_zone,)
