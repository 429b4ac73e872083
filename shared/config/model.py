"""The tables of `earshot.toml` as everything uses them, and what each value must be.

shared/config/fields.py has the kinds of value, shared/config/checks.py what no single value shows.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from shared.addresses.targets import Target, TargetKind, TargetText
from shared.config.fields import (
    Account,
    BrandColour,
    Clock,
    Country,
    Currency,
    Email,
    Host,
    Identifier,
    Labels,
    Language,
    Mailbox,
    Phone,
    PublicUrl,
    Source,
    Text,
    TimeZone,
    TwilioAccount,
    WorkingTime,
    as_list,
    decimals,
)
from shared.config.worktime import Shift, WorkTime
from shared.model.scales import Mood, Scale

MAX_TARGETS = 5  # EventBridge's limit for one rule
MAX_SETTLING = 900  # seconds: the longest delay of a message of SQS
CASES = "cases"
"""The id of the rule that brings cases that are overdue or open again to whoever is to see to them."""


def is_reserved(id: str) -> bool:
    """Whether a route's id is taken: by the teams' own cards, or by the rule for cases."""
    return id.startswith("team-") or id == CASES


class Model(BaseModel):
    """Base of every table in the file: unknown keys are mistakes, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Holidays(Model):
    """Days on which nobody works: the public ones of a country or a part of it, and others."""

    country: Country | None = None
    subdivision: Annotated[str, Field(max_length=10)] | None = None
    """A state, province or region, as ISO 3166-2 names it behind the country: `ENG`, `BY`."""
    extra: tuple[date, ...] = ()


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
    chief: Email | None = None
    """The chief customer officer, to whom what no team has done in time goes in the end."""
    holidays: Holidays = Holidays()
    """When no team works that does not name holidays of its own."""


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
    """When a team works, in the business's time zone. `to` may be earlier than `from`: a shift ends the next day."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    """The days on which the shift begins."""
    opens: Clock = Field(alias="from")
    closes: Clock = Field(alias="to")


class Promise(Model):
    """How much of the team's working time goes by until somebody has taken a case, and until it is resolved."""

    take: WorkingTime
    resolve: WorkingTime


class Promises(Model):
    """A team's promise per mood. Words without a rating are treated as unhappy."""

    unhappy: Promise = Promise(take=timedelta(hours=1), resolve=timedelta(hours=8))
    neutral: Promise = Promise(take=timedelta(hours=8), resolve=timedelta(hours=16))
    happy: Promise = Promise(take=timedelta(hours=8), resolve=timedelta(hours=16))

    def of(self, mood: Mood) -> Promise:
        """The promise for feedback of a mood."""
        return {Mood.NEUTRAL: self.neutral, Mood.HAPPY: self.happy}.get(mood, self.unhappy)


class Remedy(Model):
    """What a team may give a customer without asking: an amount of money, or a thing."""

    name: Labels
    """What it is called to the customer: "a refund"."""
    currency: Currency | None = None
    """Unset: it is a thing, and the limits count how often it is given."""
    per_feedback: Annotated[Decimal, Field(gt=0, le=1_000_000)] = Decimal(1)
    """The most that one feedback may be given."""
    per_day: Annotated[Decimal, Field(gt=0, le=1_000_000)]
    """The most that the team may give in a day of the business's calendar."""

    def units(self, amount: Decimal) -> int:
        """An amount in the currency's smallest unit; of things, how many. ValueError for a part of it."""
        units = amount.scaleb(decimals(self.currency))
        if units != int(units):
            raise ValueError(f"{amount} is no whole number of the smallest unit")
        return int(units)


class Team(Model):
    """Who acts on feedback, and where their cards go."""

    name: Text
    people: Annotated[tuple[Person, ...], Field(min_length=1)]
    lead: Email | None = None
    """To whom what the team has not done in time goes next."""
    hours: Annotated[tuple[Hours, ...], BeforeValidator(as_list), Field(min_length=1)]
    holidays: Holidays | None = None
    """Unset: the business's."""
    promise: Promises = Promises()
    remedies: dict[Identifier, Remedy] = {}
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
    settling: Annotated[int, Field(ge=0, le=MAX_SETTLING)] | None = None
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
    remedy_sources: Annotated[tuple[Source, ...], Field(max_length=20)] = ()
    """The systems on the bus that carry remedies out, by the source of their events. What others say is not heard."""
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

    def members(self, team: str) -> frozenset[str]:
        """The addresses that may act for a team: its people, its lead, and the chief customer officer; lower case."""
        known = self.teams.get(team)
        if known is None:
            return frozenset()
        listed = (*(person.email for person in known.people), known.lead, self.business.chief)
        return frozenset(address.lower() for address in listed if address)

    def work_time(self, team: str) -> WorkTime:
        """The working time of a team; of one that is not in the file any more, the default team's."""
        id = team if team in self.teams else self.default_team
        found = self._work_times.get(id)
        if found is None:
            found = self._work_times[id] = self._new_work_time(self.teams[id])
        return found

    @cached_property
    def _work_times(self) -> dict[str, WorkTime]:
        return {}

    def _new_work_time(self, team: Team) -> WorkTime:
        shifts = [
            Shift(list(Weekday).index(day), time.fromisoformat(hours.opens), time.fromisoformat(hours.closes))
            for hours in team.hours
            for day in hours.days
        ]
        holidays = team.holidays or self.business.holidays
        off = frozenset(holidays.extra)
        if holidays.country:
            from shared.config.days_off import days_off  # here, to stay off the path of a customer's answer

            off = days_off(holidays)
        return WorkTime(shifts, self.business.time_zone, off)

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
