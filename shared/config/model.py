"""The tables of `earshot.toml` as everything uses them, and what each value must be.

shared/config/fields.py has the kinds of value, shared/config/checks.py what no single value shows.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.addresses.targets import Target, TargetKind, TargetText
from shared.config.fields import (
    Account,
    BrandColour,
    Clock,
    Country,
    Email,
    Host,
    Identifier,
    Labels,
    Language,
    Mailbox,
    Phone,
    PublicUrl,
    Text,
    TimeZone,
    TwilioAccount,
)
from shared.model.scales import Scale

MAX_TARGETS = 5  # EventBridge's limit for one rule


class Model(BaseModel):
    """Base of every table in the file: unknown keys are mistakes, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Business(Model):
    """The business: its name, addresses, languages and colour."""

    name: Text
    sender: Email
    public_url: PublicUrl
    time_zone: TimeZone
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    brand_colour: BrandColour
    open: bool = True
    """Whether teams may read, and subscribe to on their pages, what other teams own."""
    hosts: Annotated[tuple[Host, ...], Field(max_length=50)] = ()
    """Where routes that teams make on their pages may lead, beside the business's own addresses."""


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

    def holds(self, zones: Iterable[str], now: datetime) -> bool:
        """Whether it is a quiet hour in any of the time zones, in all of which the customer may be."""
        starts, ends = time.fromisoformat(self.starts), time.fromisoformat(self.ends)
        clocks = (now.astimezone(ZoneInfo(zone)).time() for zone in zones)
        return any(starts <= clock < ends if starts <= ends else clock >= starts or clock < ends for clock in clocks)

    def over(self, zones: Iterable[str], now: datetime) -> datetime:
        """When it is quiet in none of them any more, to a quarter of an hour; a day from now where it always is."""
        zones = tuple(zones)
        later = (now + quarter * timedelta(minutes=15) for quarter in range(24 * 4))
        return next((each for each in later if not self.holds(zones, each)), now + timedelta(days=1))


class Invitations(Model):
    """What protects people from being asked too often, too late, or for too long."""

    days_between: Annotated[int, Field(ge=1, le=365)]
    """A person is asked at most once in this many days, across touchpoints and channels."""
    expiry_days: Annotated[int, Field(ge=1, le=90)]
    """How long an invitation's link works, and a text answers it."""
    quiet: Quiet


class Twilio(Model):
    """A Twilio account whose number customers text. Its auth token is kept by `earshot keys twilio`."""

    account: TwilioAccount
    number: Phone


class NumberType(StrEnum):
    """The kinds of number that AWS sells, as it names them."""

    LONG_CODE = "LONG_CODE"
    TOLL_FREE = "TOLL_FREE"
    TEN_DLC = "TEN_DLC"
    SIMULATOR = "SIMULATOR"


class SmsSettings(Model):
    """Texts: the number they come to and leave from, and what bounds them."""

    number: Phone
    request: NumberType | None = None
    """Asks AWS for a number of this kind that brings texts to Earshot. Unset: the number exists. Its digits are known
    once it does, and then stand in `number`."""
    request_country: Country | None = None
    """Which of `countries` the requested number is of. Another country means another number."""
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
    sent_per_day: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """Texts that the stage sends in a day (UTC), from all sources together."""
    sent_per_source: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """Those of them that one system on the bus asks for, or that answer numbers which were never invited."""
    twilio: tuple[Twilio, ...] = ()

    @property
    def numbers(self) -> frozenset[str]:
        """All numbers that are ours."""
        return frozenset({self.number, *(account.number for account in self.twilio)})


class MailSettings(Model):
    """Mail that customers write."""

    address: Mailbox
    """Where a fresh mail is feedback, and which replies come to, with a signature after a plus."""
    touchpoint: str
    """The moment that a fresh mail is about."""
    answers_per_day: Annotated[int, Field(ge=1, le=50)] = 3
    """Mails sent back to one address in a day."""


def _hears_alarms(value: str) -> str:
    if Target.parse(value).kind is not TargetKind.EMAIL:
        raise ValueError(f"{value!r} cannot hear of alarms; write an address, like 'email:ops@fernleaf.example'")
    return value


AlarmTarget = Annotated[str, AfterValidator(_hears_alarms)]


class Config(Model):
    """The whole file."""

    default_team: str
    business: Business
    teams: Annotated[dict[Identifier, Team], Field(min_length=1)]
    touchpoints: Annotated[dict[Identifier, Touchpoint], Field(min_length=1)]
    routes: dict[Identifier, Route] = {}
    accounts: tuple[Account, ...] = ()
    """Other AWS accounts that may make rules of their own on the bus."""
    alarms: Annotated[tuple[AlarmTarget, ...], Field(max_length=10)] = ()
    """Who hears of alarms. Each confirms the mail that AWS sends them first."""
    invitations: Invitations
    sms: SmsSettings | None = None
    """Without a number, nobody is texted."""
    mail: MailSettings

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
