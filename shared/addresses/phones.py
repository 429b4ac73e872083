"""Phone numbers: one way to write each, and which of them a text may go to."""

from collections.abc import Container
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})  # some countries' plans do not tell
_COSTLY = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN})


class Phone(NamedTuple):
    """A number that exists in its country's plan, in E.164, and the country (`GB`).

    `mobile`: texts may be sent to it; others are heard only, since a text to a landline, a pager or a personal number
    reaches nobody or costs more.
    """

    number: str
    country: str
    mobile: bool = True


def read_phone(text: str, country: str | None = None) -> Phone | None:
    """Read a number, written nationally only where a `country` is given.

    None for what is no number that a person texts from: short codes, names, premium and shared-cost numbers.
    """
    try:
        number = phonenumbers.parse(text[:40], country)
    except NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(number)
    kind = phonenumbers.number_type(number)
    if region is None or not phonenumbers.is_valid_number(number) or kind in _COSTLY:
        return None
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164), region, kind in _MOBILE)


def may_text(number: str, countries: Container[str]) -> bool:
    """Whether texts may be sent to a number: a mobile one, in one of the countries."""
    phone = read_phone(number)
    return phone is not None and phone.mobile and phone.country in countries


def time_zones(number: str) -> tuple[str, ...]:
    """The time zones in which the phone of an E.164 number may be; none when they are unknown."""
    from phonenumbers import timezone  # its table is large, and few functions need it

    zones: tuple[str, ...] = timezone.time_zones_for_number(phonenumbers.parse(number))
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)
