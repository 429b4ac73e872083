"""Who a text came from. Whatever can have sent one is heard: which numbers may be texted is another question."""

import re

from shared.addresses.phones import read_phone
from shared.text.unseen import plain

_CHANNEL = re.compile(r"(?:whatsapp|rcs|sms|tel):", re.IGNORECASE)  # as Twilio and links write it
_NUMBER = re.compile(r"\+?\d[\d ().\-–/]*")
_HIDDEN = frozenset({"", "anonymous", "unknown", "restricted", "unavailable"})
_LONGEST_LOCAL = 9  # digits of a number without its country
_LONGEST = 64


def read_sender(text: str) -> str | None:
    """The sender, always written alike: numbers in E.164, also those of ranges that no plan knows yet; short codes and
    names as they stand. None for one that is hidden.
    """
    shown = " ".join(_CHANNEL.sub("", plain(text).strip(), count=1).split())[:_LONGEST]
    if shown.lower() in _HIDDEN:
        return None
    if not _NUMBER.fullmatch(shown):
        return shown
    digits = "".join(str(int(sign)) for sign in shown if sign.isdecimal())
    has_country = shown.startswith("+")
    if not has_country and digits.startswith("00"):
        digits, has_country = digits[2:] or digits, True
    known = read_phone(f"+{digits}")
    if known and (has_country or len(digits) > 6):
        return known.number
    return f"+{digits}" if has_country or len(digits) > _LONGEST_LOCAL else digits
