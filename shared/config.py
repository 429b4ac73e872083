"""`earshot.toml`, the admin's one file, read and checked once into the model that everything uses.

`load` returns a `Config` or raises `ConfigError` with one `Problem` per mistake: the key's path and what to do.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import time
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, NamedTuple, cast, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared import contact
from shared.addresses import LOOPBACK, find_problem
from shared.colours import darkened
from shared.feedback import Scale
from shared.texts import LANGUAGES

DEFAULT_PATH = Path(__file__).parent.parent / "earshot.toml"
MAX_TARGETS = 5  # EventBridge's limit for one rule

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_ARN = re.compile(r"arn:aws[a-z-]*:(sqs|sns|lambda|events):[a-z0-9-]+:\d{12}:\S+")


class Problem(NamedTuple):
    """One mistake in the file: where it is, and how it is mended."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


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
    if not re.fullmatch(r"https://[a-z0-9.-]+(:\d+)?|http://127\.0\.0\.1:\d+", value):
        raise ValueError(f"{value!r} must be https:// and a host, with no path or slash at the end")
    return value


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"no texts in {value!r}; use one of {', '.join(LANGUAGES)}, or add shared/texts/{value}.toml")
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
    try:
        time.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a time of day; write one like '08:30'") from None
    return value


def _account(value: str) -> str:
    if not re.fullmatch(r"\d{12}", value):
        raise ValueError(f"{value!r} is not an AWS account; write its 12 digits in quotes")
    return value


Email = Annotated[str, AfterValidator(contact.email)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Language = Annotated[str, AfterValidator(_language)]
Clock = Annotated[str, AfterValidator(_clock)]
Phone = Annotated[str, AfterValidator(_phone)]
Country = Annotated[str, AfterValidator(_country)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
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


class TargetKind(StrEnum):
    """What a card or an event can be sent to."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"
    TEAMS = "teams"
    SQS = "sqs"
    SNS = "sns"
    LAMBDA = "lambda"
    BUS = "bus"

    @property
    def is_aws(self) -> bool:
        """EventBridge delivers to these by itself; `notify` delivers to the others."""
        return self in (TargetKind.SQS, TargetKind.SNS, TargetKind.LAMBDA, TargetKind.BUS)

    @property
    def is_for_people(self) -> bool:
        """People get one settled card; machines get every event at once."""
        return self in (TargetKind.EMAIL, TargetKind.SLACK, TargetKind.TEAMS)


class Target(NamedTuple):
    """Where a route leads, written `kind:address`."""

    kind: TargetKind
    address: str

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read `kind:address`; ValueError says what is wrong with it."""
        kind, _, address = text.partition(":")
        if kind not in TargetKind.__members__.values():
            raise ValueError(f"{text!r} must start with one of {', '.join(f'{kind}:' for kind in TargetKind)}")
        target = cls(TargetKind(kind), address)
        target._check()
        return target

    def _check(self) -> None:
        if self.kind is TargetKind.EMAIL:
            contact.email(self.address)
        elif self.kind.is_aws:
            service = "events" if self.kind is TargetKind.BUS else self.kind
            match = _ARN.fullmatch(self.address)
            if not match or match[1] != service:
                raise ValueError(
                    f"{self.address!r} is not the ARN of {service}; write arn:aws:{service}:region:account:…"
                )
        elif (problem := find_problem(self.kind, self.address, loopback=True)) is not None:
            raise ValueError(f"{self.address!r} {problem}")

    @property
    def is_on_loopback(self) -> bool:
        """Whether it leads to the machine itself, which only the local stage has business with."""
        return self.kind is TargetKind.WEBHOOK and urlsplit(self.address).hostname in LOOPBACK

    @property
    def id(self) -> str:
        """Short and stable: deliveries are kept apart by it, and addresses stay out of keys and logs."""
        return sha256(str(self).encode()).hexdigest()[:10]

    def __str__(self) -> str:
        return f"{self.kind}:{self.address}"


def _target(value: str) -> str:
    Target.parse(value)
    return value


TargetText = Annotated[str, AfterValidator(_target)]


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
    """Which feedback goes where. `when` is a condition (shared/conditions.py); empty matches every event."""

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

    address: Email
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


def load(path: Path = DEFAULT_PATH, *, deployed: bool = False) -> Config:
    """Read and check the file; raises `ConfigError`.

    Functions pass `deployed`: what is deployed has been checked, and a cold start need not do so again.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError([Problem(str(path), "not found; run from the project's folder")]) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem(str(path.name), "is not UTF-8; save it as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem("syntax", f"{error}; {_syntax_help(str(error))}")]) from None
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        found = error.errors()
        # A list whose entries are wrong is also reported as too short; the entries say enough.
        inner = {detail["loc"][:depth] for detail in found for depth in range(len(detail["loc"]))}
        raise ConfigError([_explain(detail) for detail in found if detail["loc"] not in inner]) from None
    problems = [] if deployed else [*_cross_check(config), *_check_conditions(config)]
    if problems:
        raise ConfigError(problems)
    return config


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


def _targets(config: Config) -> Iterator[tuple[str, Iterable[Target]]]:
    for id, team in config.teams.items():
        yield f"teams.{id}.cards", map(Target.parse, team.cards)
    for id, route in config.routes.items():
        yield f"routes.{id}.to", route.targets


def _syntax_help(error: str) -> str:
    """What to do about what the reader of TOML says."""
    if "overwrite" in error or "declare" in error:
        return "an id or key may stand only once"
    return "texts stand in quotes, lists in [ ], and a line has one key = value"


def _explain(error: Mapping[str, Any]) -> Problem:
    """Turn one of pydantic's findings into a line that names the key and the fix."""
    location = [part for part in error["loc"] if part != "[key]"]
    path = ".".join(str(part) for part in location)
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = _known_keys(location[:-1])
        close = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(sorted(known))}"
        return Problem(path, f"unknown key; {hint}")
    if kind == "missing":
        return Problem(path, "missing; add it")
    if kind == "value_error":
        return Problem(path, str(context["error"]))
    if kind == "enum":
        return Problem(path, f"{error['input']!r} is not known; use one of {context['expected']}")
    if kind in ("tuple_type", "too_short"):
        return Problem(path, "must be a list with at least one entry")
    return Problem(path, f"{error['msg'][0].lower()}{error['msg'][1:]}; mend the value {error['input']!r}")


def _known_keys(location: Iterable[Any]) -> list[str]:
    """The keys that the table at a location may have."""
    model: type[BaseModel] = Config
    parts = iter(location)
    for part in parts:
        annotation = {field.alias or name: field for name, field in model.model_fields.items()}[part].annotation
        arguments = [each for each in get_args(annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
        if arguments:  # dict[id, Model] or tuple[Model, ...]: the id or index comes next
            next(parts, None)
        model = arguments[0] if arguments else cast(type[BaseModel], annotation)
    return [field.alias or name for name, field in model.model_fields.items()]


def _cross_check(config: Config) -> Iterator[Problem]:
    """What no single value shows: references between tables, texts per language, and ids that stand twice."""
    languages = config.business.languages
    if len(set(languages)) < len(languages):
        yield Problem("business.languages", "a language stands twice; remove one")
    yield from _check_team(config, "default_team", config.default_team)
    for id, touchpoint in config.touchpoints.items():
        yield from _check_touchpoint(config, f"touchpoints.{id}", touchpoint)
    for path, channel in (("sms", config.sms), ("mail", config.mail)):
        if channel is not None and channel.touchpoint not in config.touchpoints:
            close = difflib.get_close_matches(channel.touchpoint, config.touchpoints, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(config.touchpoints)}"
            yield Problem(f"{path}.touchpoint", f"no touchpoint {channel.touchpoint!r}; {hint}")
    if config.sms and len(config.sms.numbers) < 1 + len(config.sms.twilio):
        yield Problem("sms.twilio", "a number stands twice; every number belongs to one provider")
    for id, route in config.routes.items():
        yield from _check_route(config, id, route)


def _check_team(config: Config, path: str, id: str | None) -> Iterator[Problem]:
    if id is not None and id not in config.teams:
        close = difflib.get_close_matches(id, config.teams, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(config.teams)}"
        yield Problem(path, f"no team {id!r}; {hint}")


def _check_labels(config: Config, path: str, labels: Labels) -> Iterator[Problem]:
    languages = config.business.languages
    for language in languages:
        if language not in labels:
            yield Problem(f"{path}.{language}", "missing; every language of business.languages needs a text")
    for language in labels.keys() - set(languages):
        yield Problem(f"{path}.{language}", "not in business.languages; add it there or remove it here")


def _check_touchpoint(config: Config, path: str, touchpoint: Touchpoint) -> Iterator[Problem]:
    yield from _check_team(config, f"{path}.team", touchpoint.team)
    yield from _check_labels(config, f"{path}.name", touchpoint.name)
    yield from _check_labels(config, f"{path}.question", touchpoint.question)
    ids = [reason.id for reason in touchpoint.reasons]
    for index, reason in enumerate(touchpoint.reasons):
        if reason.id in ids[:index]:
            yield Problem(f"{path}.reasons.{index}.id", f"{reason.id!r} stands twice; rename one")
        yield from _check_labels(config, f"{path}.reasons.{index}.label", reason.label)
        yield from _check_team(config, f"{path}.reasons.{index}.team", reason.team)


def _check_route(config: Config, id: str, route: Route) -> Iterator[Problem]:
    if id.startswith("team-"):
        yield Problem(f"routes.{id}", "ids that start with 'team-' are the teams' own cards; rename it")
    yield from _check_team(config, f"routes.{id}.team", route.team)
    if len(set(route.to)) < len(route.to):
        yield Problem(f"routes.{id}.to", "a target stands twice; remove one")


def _check_conditions(config: Config) -> Iterator[Problem]:
    from shared.conditions import ConditionError, check, parse  # here, to stay off the path of a customer's answer
    from shared.patterns import rule_pattern

    for id, route in config.routes.items():
        try:
            condition = parse(route.when)
            check(condition, config.known_ids())
            rule_pattern(id, condition)
        except ConditionError as error:
            yield Problem(f"routes.{id}.when", error.message)
