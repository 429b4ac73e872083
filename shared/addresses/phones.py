"""Phone numbers: one way to write each, and which of them a text may go to."""

from collections.abc import Container
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_COSTLY = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN})


class Phone(NamedTuple):
    """A number that exists in its country's plan, in E.164, and the country (`GB`)."""

    number: str
    country: str


def read_phone(text: str, country: str | None = None) -> Phone | None:
    """Read a number, written nationally only where a `country` is given.

    None for what is no number that a person texts from: short codes, names, premium and shared-cost numbers.
    """
    try:
        number = phonenumbers.parse(text[:40], country)
    except NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(number)
    if region is None or not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) in _COSTLY:
        return None
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164), region)


def may_text(number: str, countries: Container[str]) -> bool:
    """Whether texts may be sent to a number: one that `read_phone` takes, in one of the countries."""
    phone = read_phone(number)
    return phone is not None and phone.country in countries


def time_zones(number: str) -> tuple[str, ...]:
    """The time zones in which the phone of an E.164 number may be; none when they are unknown."""
    from phonenumbers import timezone  # its table is large, and only those who ask need it

    zones: tuple[str, ...] = timezone.time_zones_for_number(phonenumbers.parse(number))
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)
