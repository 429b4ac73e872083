"""Addresses that people write: an email address as it stands, a phone number as a telephone would dial it."""

import re

_EMAIL = re.compile(r"[^@\s<>()\[\],;:\\\"]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[\s().\-/\u200e\u200f\u2011\u2013]")  # with the marks that right-to-left keyboards add


def email(text: str) -> str:
    """The address without the spaces around it; ValueError says how to write one."""
    address = text.strip()
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise ValueError(f"{address!r} is not an email address; write name@host.tld")
    return address


def phone(text: str) -> str:
    """Digits, with `+` before a country code; any script's digits are read. ValueError says how to write one."""
    number = _PUNCTUATION.sub("", text)
    number = "".join(str(int(character)) if character.isdecimal() else character for character in number)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not re.fullmatch(r"\+?[0-9]{6,15}", number):
        raise ValueError("is not a phone number; write one like +44 7700 900123")
    return number
