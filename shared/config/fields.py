"""What a single value in `earshot.toml` must be. Each check returns the value or raises ValueError with what to do."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from shared.addresses import contact
from shared.config.colours import WHITE, darkened
from shared.languages.packs import LANGUAGES

MAX_MAILBOX = 20  # of the 64 characters before an @, what the signature of a reply address leaves

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_CONTROLS = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"
_HOST = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
_URL = re.compile(rf"https://{_HOST}(:[1-9]\d{{0,4}})?")


def is_identifier(value: str) -> bool:
    """Whether a text can be the id of a team, a touchpoint, a reason or a route."""
    return _ID.fullmatch(value) is not None


def _identifier(value: str) -> str:
    if not is_identifier(value):
        raise ValueError(f"{value!r} cannot be an id; use 1 to 40 of a-z, 0-9 and '-', not at the ends")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is not a time zone; write one like 'Europe/London'") from None
    return value


def _public_url(value: str) -> str:
    if not _URL.fullmatch(value):
        raise ValueError(f"{value!r} must be https:// and a host, with no path or slash at the end")
    return value


def _host(value: str) -> str:
    if not re.fullmatch(_HOST, value):
        raise ValueError(f"{value!r} is not a host; write one like 'hooks.slack.com', with no https:// and no path")
    return value


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(
            f"no texts in {value!r}; use one of {', '.join(LANGUAGES)}, or add shared/languages/{value}/texts.toml"
        )
    return value


def _brand_colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError(f"{value!r} is not a colour; write #rrggbb")
    darker = darkened(value.lower(), WHITE)  # buttons and links carry text in it
    if darker != value.lower():
        raise ValueError(f"{value} is too pale to read on white; {darker} is the same hue and dark enough")
    return darker


def _like(pattern: str, what: str) -> Callable[[str], str]:
    """A check that a value is all of a pattern; `what` it is not, and how one is written, is said otherwise."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} is not {what}")
        return value

    return check


def _mailbox(value: str) -> str:
    address = contact.email(value)
    name = address.partition("@")[0]
    if len(name) > MAX_MAILBOX or "+" in name:
        raise ValueError(
            f"{value!r} leaves replies no room for a signature; use at most {MAX_MAILBOX} characters before the @, no +"
        )
    return address


def as_list(value: Any) -> Any:
    """One table where a list of them may stand."""
    if not isinstance(value, Mapping | list | tuple):
        raise ValueError("must be a table of keys and values, or a list of them")  # noqa: TRY004 - as pydantic takes it
    return [value] if isinstance(value, Mapping) else value


_WORKING_TIME = re.compile(r"([1-9]\d{0,3})(m|h)")
_WHOLE = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
    *("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
)
_THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(hours=500)


def working_time(value: Any) -> timedelta | None:
    """A length of working time as it is written, such as `30m` or `8h`; None for anything else."""
    match = _WORKING_TIME.fullmatch(value) if isinstance(value, str) else None
    return timedelta(minutes=int(match[1]) * (60 if match[2] == "h" else 1)) if match else None


def decimals(currency: Any) -> int:
    """How many decimal places amounts have in a currency (ISO 4217); 0 for things, which are counted."""
    return 0 if currency in (None, *_WHOLE) else 3 if currency in _THOUSANDTHS else 2


def _working_time(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    length = working_time(value)
    if length is None:
        raise ValueError(f"{value!r} is not a length of working time; write one like '30m' or '8h'")
    if not _SHORTEST <= length <= _LONGEST:
        raise ValueError(f"{value!r} must be from 5m to 500h")
    return length


def _source(value: str) -> str:  # 20 of them fit into the 2,048 characters of a rule's pattern
    if not re.fullmatch(r"[A-Za-z0-9._/-]{1,60}", value):
        raise ValueError(f"{value!r} is no source of events; write one like 'shop.payments', of at most 60 characters")
    if value.lower().split(".")[0] in ("aws", "earshot"):
        raise ValueError(f"{value!r} is reserved; name the system that carries remedies out")
    return value


def _line(value: str) -> str:
    if not value.strip() or (not value.isprintable() and re.search(_CONTROLS, value)):
        raise ValueError(f"{value!r} must be one line of text")
    return value


Email = Annotated[str, AfterValidator(contact.email)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Host = Annotated[str, AfterValidator(_host)]
Language = Annotated[str, AfterValidator(_language)]
Clock = Annotated[str, AfterValidator(_like(r"([01]\d|2[0-3]):[0-5]\d", "a time of day; write one like '08:30'"))]
Phone = Annotated[
    str, AfterValidator(_like(r"\+[1-9]\d{6,14}", "a phone number; write it with its country, like '+447400900100'"))
]
Country = Annotated[str, AfterValidator(_like(r"[A-Z]{2}", "a country; write its two capital letters, like 'GB'"))]
Text = Annotated[str, Field(max_length=200), AfterValidator(_line)]
Account = Annotated[str, AfterValidator(_like(r"\d{12}", "an AWS account; write its 12 digits in quotes"))]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
BrandColour = Annotated[str, AfterValidator(_brand_colour)]
TwilioAccount = Annotated[
    str, AfterValidator(_like(r"AC[0-9a-f]{32}", "a Twilio account SID; it is AC and 32 of 0-9 and a-f"))
]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
WorkingTime = Annotated[timedelta, BeforeValidator(_working_time)]
Currency = Annotated[str, AfterValidator(_like(r"[A-Z]{3}", "a currency; write its three capital letters, like 'GBP'"))]
Source = Annotated[str, AfterValidator(_source)]
Labels = dict[str, Text]  # language → text
