"""Addresses that people write or paste: a mail address as it is sent to, a phone number as it is dialled."""

import re
import unicodedata
from typing import TYPE_CHECKING

from shared.text.unseen import seen

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_LONGEST = 500  # characters, with the name and whatever else was pasted around an address; a longer one is none
_ASIDE = " \t\r\n\"'“”‘’„«»<>()[]"  # that wraps an address
_BEHIND = ".,;:!?。、，；"  # of the sentence that it stood in
_MAILTO = re.compile(r"(?:mailto|e-?mail)\s*:\s*", re.IGNORECASE)
_NAMED = re.compile(r"[^<>]*<([^<>]+)>")
_BLANKS = re.compile(r"[ \t]*([@.])[ \t]*")  # that keyboards put there
_LOCAL = re.compile(r"[^@\s<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}")
_LABEL = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")
_TOP = re.compile(r"[a-zA-Z]{2,63}|[xX][nN]--[a-zA-Z0-9-]{1,59}")
_DOTS = str.maketrans("。", ".")
_WORDS = ("L", "M", "N")  # letters, marks and digits of any script: what a domain is made of

# Of numbers, which few customers write: compiled once one does.
_BEFORE = r"(?i)[^\w+(-]*(?:[a-z]+[.:]\s*)?(?=[+(\d])"  # `tel:`, `Mobile:`, `="`, a picture
_PUNCTUATION = r"[\s()\[\].\-/·‐‑‒–−]"
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NUMBER = r"\+?[0-9]{6,15}"


def email(text: str) -> str:
    """The address alone, its domain as mail servers know it (a domain in another script as `xn--…`).

    What cannot be seen, a name, brackets, quotes and a full stop around it are no part of it. ValueError says how to
    write one.
    """
    pasted = seen(text).strip()
    if len(pasted) > _LONGEST:
        raise _no_email(text)
    plain = unicodedata.normalize("NFKC", pasted).translate(_DOTS).replace("’", "'")
    address = _MAILTO.sub("", _BLANKS.sub(r"\1", plain).strip().strip(_ASIDE + _BEHIND), count=1)
    named = _NAMED.fullmatch(f"{address}>" if "<" in address and not address.endswith(">") else address)
    address = _MAILTO.sub("", named[1]) if named else address
    local, _, domain = address.rpartition("@")
    domain = ".".join(map(_ascii, domain.partition("?")[0].split(".")))
    address = f"{local}@{domain}"
    *labels, top = domain.split(".")
    is_domain = labels and all(map(_LABEL.fullmatch, labels)) and _TOP.fullmatch(top)
    if len(address) > 254 or not _LOCAL.fullmatch(local) or not is_domain:
        raise _no_email(text)
    return address


def phone(text: str, country: str | None = None) -> str:
    """The number in E.164; one without a country code is of `country`, or stays as it was dialled where that is None.

    Digits of any script, and what phone books, links and spreadsheets put around a number, are read. ValueError says
    how to write one.
    """
    pasted = seen(text).strip()
    if len(pasted) > _LONGEST:
        raise _no_phone()
    plain = pasted.translate(_WIDE).rstrip(_ASIDE + _BEHIND)
    number = re.sub(_PUNCTUATION, "", re.sub(_BEFORE, "", plain, count=1))
    number = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in number)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not re.fullmatch(_NUMBER, number):
        raise _no_phone()
    if country is None and not number.startswith("+"):
        return number
    return _dialled(number, country)


def _no_email(text: str) -> ValueError:
    return ValueError(f"{text.strip()[:60]!r} is not an email address; write name@host.tld")


def _no_phone() -> ValueError:
    return ValueError("is not a phone number; write one like +44 7700 900123")


def _dialled(number: str, country: str | None) -> str:
    """Only who knows every country's plan can tell which zero is dialled from abroad."""
    import phonenumbers  # here, since most answers have no number, and its tables are large

    try:
        found = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        found = None
    possible = phonenumbers.ValidationResult.IS_POSSIBLE  # and not only from the same town
    if found is None or phonenumbers.is_possible_number_with_reason(found) != possible or _has_lost_digits(found):
        raise ValueError("is not a phone number of its country; write one like +44 7700 900123")
    return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))


def _has_lost_digits(found: "PhoneNumber") -> bool:
    """Whether the zero that is dialled at home was taken for a digit, since too few stand behind it."""
    import phonenumbers

    return bool(found.italian_leading_zero) and not phonenumbers.is_valid_number(found)


def _ascii(label: str) -> str:
    if label.isascii() or not all(sign == "-" or unicodedata.category(sign)[0] in _WORDS for sign in label):
        return label
    return f"xn--{label.lower().encode('punycode').decode()}"
