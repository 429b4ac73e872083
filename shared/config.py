"""`earshot.toml`, the admin's one file, read and checked once into the model that everything uses.

`load` returns a `Config` or raises `ConfigError` with one `Problem` per mistake: the key's path and what to do. Here is
what each value must be; shared/config_checks.py has what no single value shows, and the words for every mistake.
"""

import os
import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.addresses import contact
from shared.addresses.targets import Target, TargetText
from shared.colours import darkened
from shared.languages.packs import LANGUAGES
from shared.model.scales import Scale

DEFAULT_PATH = Path(__file__).parent.parent / "earshot.toml"
MAX_TARGETS = 5  # EventBridge's limit for one rule

MAX_MAILBOX = 20  # of the 64 characters that may stand before an @, what a reply's signature leaves (shared/replies.py)

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_URL = re.compile(r"https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(:[1-9]\d{0,4})?")


class Problem(NamedTuple):
    """One mistake in the file: where it is, and how it is mended."""

    path: str
    message: str

    def __str__(self) -> str:
        """One line, whatever the file's keys and values hold."""
        line = f"{self.path}: {self.message}"
        return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


class ConfigError(Exception):
    """The file cannot be used. `str()` is one line per mistake."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"earshot.toml: {problem}" for problem in problems))
        self.problems = problems


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


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(
            f"no texts in {value!r}; use one of {', '.join(LANGUAGES)}, or add shared/languages/{value}/texts.toml"
        )
    return value


def _brand_colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError(f"{value!r} is not a colour; write #rrggbb")
    darker = darkened(value.lower())  # the page's buttons and links carry text in it
    if darker != value.lower():
        raise ValueError(f"{value} is too pale to read on white; {darker} is the same hue and dark enough")
    return darker


def _phone(value: str) -> str:
    if not re.fullmatch(r"\+[1-9]\d{6,14}", value):
        raise ValueError(f"{value!r} is not a phone number; write it with its country, like '+447400900100'")
    return value


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError(f"{value!r} is not a country; write its two capital letters, like 'GB'")
    return value


def _twilio_account(value: str) -> str:
    if not re.fullmatch(r"AC[0-9a-f]{32}", value):
        raise ValueError(f"{value!r} is not a Twilio account SID; it is AC and 32 of 0-9 and a-f")
    return value


def _clock(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError(f"{value!r} is not a time of day; write one like '08:30'")
    return value


def _account(value: str) -> str:
    if not re.fullmatch(r"\d{12}", value):
        raise ValueError(f"{value!r} is not an AWS account; write its 12 digits in quotes")
    return value


def _mailbox(value: str) -> str:
    address = contact.email(value)
    name = address.partition("@")[0]
    if len(name) > MAX_MAILBOX or "+" in name:
        raise ValueError(
            f"{value!r} leaves replies no room for a signature; use at most {MAX_MAILBOX} characters before the @, no +"
        )
    return address


def _line(value: str) -> str:
    if not value.strip() or _CONTROLS.search(value):
        raise ValueError(f"{value!r} must be one line of text")
    return value


Email = Annotated[str, AfterValidator(contact.email)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Language = Annotated[str, AfterValidator(_language)]
Clock = Annotated[str, AfterValidator(_clock)]
Phone = Annotated[str, AfterValidator(_phone)]
Country = Annotated[str, AfterValidator(_country)]
Text = Annotated[str, Field(max_length=200), AfterValidator(_line)]
Account = Annotated[str, AfterValidator(_account)]
Labels = dict[str, Text]  # language → text


class Model(BaseModel):
    """Base of every table in the file: unknown keys are mistakes, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Business(Model):
    """Who is asking."""

    name: Text
    sender: Email
    public_url: Annotated[str, AfterValidator(_public_url)]
    time_zone: Annotated[str, AfterValidator(_time_zone)]
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    brand_colour: Annotated[str, AfterValidator(_brand_colour)]


class Person(Model):
    """Someone on a team."""

    name: Text
    email: Email


class Weekday(StrEnum):
    """Days as `hours` names them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Hours(Model):
    """When a team works, in the business's time zone."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    opens: Clock = Field(alias="from")
    closes: Clock = Field(alias="to")


class Team(Model):
    """Who acts on feedback, and where their cards go."""

    name: Text
    people: Annotated[tuple[Person, ...], Field(min_length=1)]
    hours: Hours
    cards: Annotated[tuple[TargetText, ...], Field(min_length=1, max_length=MAX_TARGETS)]


class Reason(Model):
    """What a customer can pick as the cause. `team` overrides the touchpoint's."""

    id: Identifier
    label: Labels
    team: str | None = None


class Touchpoint(Model):
    """A moment in which customers are asked."""

    team: str | None = None
    name: Labels
    question: Labels
    scale: Scale
    reasons: tuple[Reason, ...] = ()


class Route(Model):
    """Which feedback goes where. `when` is a condition (shared/conditions/language.py); empty matches every event."""

    team: str
    when: str = ""
    to: Annotated[tuple[TargetText, ...], Field(min_length=1, max_length=MAX_TARGETS)]
    settling: Annotated[int, Field(ge=0, le=900)] | None = None
    """Seconds a person's card waits for the customer's next words; unset: the stage's default."""

    @property
    def targets(self) -> tuple[Target, ...]:
        """The parsed targets, in the file's order."""
        return tuple(Target.parse(text) for text in self.to)


class Quiet(Model):
    """When nobody is asked, on the customer's clock. `from` may be later than `to`: the hours then span midnight."""

    starts: Clock = Field(alias="from")
    ends: Clock = Field(alias="to")


class Invitations(Model):
    """What protects people from being asked too often, too late, or for too long."""

    days_between: Annotated[int, Field(ge=1, le=365)]
    """A person is asked at most once in this many days, across touchpoints and channels."""
    expiry_days: Annotated[int, Field(ge=1, le=90)]
    """How long an invitation's link works, and a text answers it."""
    quiet: Quiet


class Twilio(Model):
    """A Twilio account whose number customers text. Its auth token is kept by `earshot keys twilio`."""

    account: Annotated[str, AfterValidator(_twilio_account)]
    number: Phone


class NumberType(StrEnum):
    """The kinds of number that AWS sells, as it names them."""

    LONG_CODE = "LONG_CODE"
    TOLL_FREE = "TOLL_FREE"
    TEN_DLC = "TEN_DLC"
    SIMULATOR = "SIMULATOR"


class Sms(Model):
    """Texts: the number they come to and leave from, and what bounds them."""

    number: Phone
    request: NumberType | None = None
    """Asks AWS for a number of this kind, in the first of `countries`, that brings texts to Earshot. Unset: the number
    exists. Its digits are known once it does, and then stand in `number`."""
    origination: Text | None = None
    """What texts are sent from, where that is not `number`: a pool, a sender id or an ARN of End User Messaging."""
    touchpoint: str
    """The moment that a text out of nowhere is about."""
    help: Text
    """Whom HELP names: an address, a number or a page."""
    countries: Annotated[tuple[Country, ...], Field(min_length=1)]
    """Where texts may be sent. A text from elsewhere is heard, and not answered."""
    price: dict[Country, Annotated[float, Field(ge=0, le=10)]] = {}
    """US dollars per segment, for estimates before sending."""
    texts_per_day: Annotated[int, Field(ge=1, le=1000)] = 50
    """Texts heard from one number in a day."""
    replies_per_day: Annotated[int, Field(ge=1, le=50)] = 5
    """Texts sent back to one number in a day."""
    twilio: tuple[Twilio, ...] = ()

    @property
    def numbers(self) -> frozenset[str]:
        """All numbers that are ours."""
        return frozenset({self.number, *(account.number for account in self.twilio)})


class Mail(Model):
    """Mail that customers write."""

    address: Annotated[str, AfterValidator(_mailbox)]
    """Where a fresh mail is feedback, and which replies come to, with a signature after a plus."""
    touchpoint: str
    """The moment that a fresh mail is about."""
    answers_per_day: Annotated[int, Field(ge=1, le=50)] = 3
    """Mails sent back to one address in a day."""


class Config(Model):
    """The whole file."""

    default_team: str
    business: Business
    teams: Annotated[dict[Identifier, Team], Field(min_length=1)]
    touchpoints: Annotated[dict[Identifier, Touchpoint], Field(min_length=1)]
    routes: dict[Identifier, Route] = {}
    accounts: tuple[Account, ...] = ()
    """Other AWS accounts that may make rules of their own on the bus."""
    invitations: Invitations
    sms: Sms | None = None
    """Without a number, nobody is texted."""
    mail: Mail

    @property
    def language(self) -> str:
        """The language spoken when the customer's own is not listed."""
        return self.business.languages[0]

    @property
    def is_local(self) -> bool:
        """Whether it is the local stage's: nothing else is served without TLS."""
        return self.business.public_url.startswith("http:")

    def at(self, public_url: str) -> "Config":
        """The same for a stage with a URL of its own, as the local one has."""
        return self.model_copy(update={"business": self.business.model_copy(update={"public_url": public_url})})

    def known_ids(self) -> dict[str, list[str]]:
        """Field of a condition → every value there can be, for those that this file decides."""
        return {
            "team": list(self.teams),
            "touchpoint": list(self.touchpoints),
            "reason": [reason.id for touchpoint in self.touchpoints.values() for reason in touchpoint.reasons],
            "language": list(self.business.languages),
        }

    def declared_routes(self) -> dict[str, Route]:
        """Route id → route: each team's own cards as `team-<id>`, and the routes of the file."""
        own = {f"team-{id}": Route(team=id, when=f"team = {id}", to=team.cards) for id, team in self.teams.items()}
        return own | self.routes


def config_path() -> Path:
    """Where the file is: `EARSHOT_CONFIG` in the environment names another than the project's own."""
    return Path(os.environ.get("EARSHOT_CONFIG") or DEFAULT_PATH)


def load(path: Path | None = None, *, deployed: bool = False) -> Config:
    """Read and check the file, by default the one at `config_path()`; raises `ConfigError`.

    Functions pass `deployed`: what is deployed has been checked, and a cold start need not do so again.
    """
    path = path or config_path()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError([Problem(str(path), "not found; run from the project's folder")]) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem(str(path.name), "is not UTF-8; save it as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem("syntax", f"{error}; {_syntax_help(str(error))}")]) from None
    if not deployed:
        from shared.config_checks import find_problems  # here, to stay off the path of a customer's answer

        if problems := find_problems(data):
            raise ConfigError(problems)
    return Config.model_validate(data)


def check_for_aws(config: Config) -> None:
    """Raises `ConfigError` for what only the local stage can have."""
    problems = [
        Problem(path, f"{target} leads to this machine; on AWS it must be https and on the public internet")
        for path, targets in _targets(config)
        for target in targets
        if target.is_on_loopback
    ]
    if problems:
        raise ConfigError(problems)


def _targets(config: Config) -> Iterator[tuple[str, tuple[Target, ...]]]:
    for id, team in config.teams.items():
        yield f"teams.{id}.cards", tuple(Target.parse(card) for card in team.cards)
    for id, route in config.routes.items():
        yield f"routes.{id}.to", route.targets


def _syntax_help(error: str) -> str:
    """What to do about what the reader of TOML says."""
    if "overwrite" in error or "declare" in error:
        return "an id or key may stand only once"
    return "texts stand in quotes, lists in [ ], and a line has one key = value"
