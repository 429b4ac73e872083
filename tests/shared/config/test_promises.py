"""What the file says of promises, hours, holidays and remedies, and each mistake in it."""

import tomllib
from datetime import timedelta
from typing import Any

import pytest

from shared.config.checks import find_problems
from shared.config.model import Config
from shared.model.scales import Mood

HOURS = 'hours = { days = ["mon"], from = "09:00", to = "17:00" }'
SMALLEST = """
default_team = "us"
[business]
name = "Kiosk"
sender = "hello@kiosk.zz"
public_url = "https://kiosk.zz"
time_zone = "UTC"
languages = ["en"]
brand_colour = "#000000"
{business}
[teams.us]
name = "Us"
people = [{{ name = "Jo", email = "jo@kiosk.zz" }}]
cards = ["email:jo@kiosk.zz"]
{team}
[touchpoints.visit]
scale = "thumbs"
name = {{ en = "Visit" }}
question = {{ en = "Was it good?" }}
{more}
[invitations]
days_between = 365
expiry_days = 1
quiet = {{ from = "20:00", to = "10:00" }}
[mail]
address = "hello@kiosk.zz"
touchpoint = "visit"
"""


def a_file(team: str = "", business: str = "", more: str = "") -> dict[str, Any]:
    """A small business whose one team says `team` about itself."""
    team = team if "hours" in team else f"{HOURS}\n{team}"
    return tomllib.loads(SMALLEST.format(team=team, business=business, more=more))


def problems(team: str = "", business: str = "", more: str = "") -> list[str]:
    return [str(problem) for problem in find_problems(a_file(team, business, more))]


@pytest.mark.parametrize(
    "team",
    [
        'promise = { unhappy = { take = "15m", resolve = "4h" } }',
        'promise.unhappy = { take = "5m", resolve = "5m" }\npromise.happy = { take = "24h", resolve = "72h" }',
        'hours = [{ days = ["mon"], from = "09:00", to = "12:00" }, { days = ["mon"], from = "13:00", to = "17:00" }]',
        'hours = { days = ["fri"], from = "22:00", to = "06:00" }',
        'holidays = { country = "GB", subdivision = "ENG" }',
        'holidays = { country = "DE", subdivision = "BY", extra = ["2026-12-24"] }',
        'holidays = { country = "SA" }',
        "holidays = { extra = [2026-12-24, 2026-12-31] }",
        'lead = "lee@kiosk.zz"',
        'lead = "jo@kiosk.zz"',
        'remedies.coffee = { name = { en = "a coffee" }, per_day = 20 }',
        'remedies.refund = { name = { en = "a refund" }, currency = "GBP", per_feedback = 49.99, per_day = 500 }',
        'remedies.refund = { name = { en = "a refund" }, currency = "JPY", per_feedback = 3000, per_day = 9000 }',
    ],
)
def test_a_team_may_say(team: str) -> None:
    assert problems(team) == []


@pytest.mark.parametrize(
    ("team", "problem"),
    [
        (
            'promise.unhappy = { take = "0m", resolve = "8h" }',
            "promise.unhappy.take: '0m' is not a length of working time; write one like '30m' or '8h'",
        ),
        ('promise.unhappy = { take = "2m", resolve = "8h" }', "promise.unhappy.take: '2m' must be from 5m to 500h"),
        (
            'promise.unhappy = { take = "-1h", resolve = "8h" }',
            "promise.unhappy.take: '-1h' is not a length of working time; write one like '30m' or '8h'",
        ),
        (
            'promise.unhappy = { take = "soon", resolve = "8h" }',
            "promise.unhappy.take: 'soon' is not a length of working time; write one like '30m' or '8h'",
        ),
        (
            'promise.unhappy = { take = 30, resolve = "8h" }',
            "promise.unhappy.take: 30 is not a length of working time; write one like '30m' or '8h'",
        ),
        (
            'promise.unhappy = { take = "9h", resolve = "8h" }',
            "promise.unhappy.resolve: is shorter than take; nothing is resolved before it is taken",
        ),
        (
            'promise.unhappy = { take = "9999h", resolve = "9999h" }',
            "promise.unhappy.resolve: '9999h' must be from 5m to 500h",
        ),
        (
            'promise.angry = { take = "1h", resolve = "8h" }',
            "promise.angry: unknown key; use one of unhappy, neutral, happy",
        ),
        ('promise.unhappy = { take = "1h" }', "promise.unhappy.resolve: missing; add it"),
        (
            'promise.unhappy = { takes = "1h", resolve = "8h" }',
            "promise.unhappy.takes: unknown key; did you mean 'take'?",
        ),
        ('promise = "1h"', "promise: must be a table of keys and values"),
        ('promise.unhappy = "1h"', "promise.unhappy: must be a table of keys and values"),
        (
            'hours = { days = ["mon"], from = "9", to = "17:00" }',
            "hours.from: '9' is not a time of day; write one like '08:30'",
        ),
        (
            'hours = { days = ["mon"], from = "25:00", to = "26:00" }',
            "hours.to: '26:00' is not a time of day; write one like '08:30'",
        ),
        (
            'hours = { days = ["mo"], from = "09:00", to = "17:00" }',
            "hours.days.0: 'mo' is not known; use one of 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'",
        ),
        (
            'hours = { days = ["mon", "mon"], from = "09:00", to = "17:00" }',
            "hours.days: a day stands twice; remove one",
        ),
        (
            'hours = { days = ["mon"], from = "09:00", to = "09:00" }',
            'hours: ends when it begins; for all day write from = "00:00" and to = "23:59"',
        ),
        ('hours = { days = [], from = "09:00", to = "17:00" }', "hours.days: must have at least one entry"),
        ("hours = []", "hours: must have at least one entry"),
        ('hours = "always"', "hours: must be a table of keys and values, or a list of them"),
        (
            'holidays = { country = "ZZ" }',
            "holidays: no public holidays are known of 'ZZ'; leave country out and list the days in extra",
        ),
        (
            'holidays = { country = "uk" }',
            "holidays.country: 'uk' is not a country; write its two capital letters, like 'GB'",
        ),
        ('holidays = { subdivision = "BY" }', "holidays: names a subdivision without a country; add country"),
        (
            'holidays = { extra = ["2026-02-30"] }',
            "holidays.extra.0: must be a day, like 2026-12-24",
        ),
        (
            'holidays = { extra = ["24/12/2026"] }',
            "holidays.extra.0: must be a day, like 2026-12-24",
        ),
        ("holidays = { extra = 2026-12-24 }", "holidays.extra: must be a list in [ ]"),
        ('lead = ["a@kiosk.zz", "b@kiosk.zz"]', "lead: must be a text in quotes"),
        ("remedies.coffee = { per_day = 1 }", "remedies.coffee.name: missing; add it"),
        ('remedies.coffee = { name = { en = "a" } }', "remedies.coffee.per_day: missing; add it"),
        (
            'remedies.coffee = { name = { en = "a" }, per_day = 0 }',
            "remedies.coffee.per_day: must be more than 0",
        ),
        (
            'remedies.coffee = { name = { en = "a" }, per_day = "unlimited" }',
            "remedies.coffee.per_day: must be a number",
        ),
        (
            'remedies.coffee = { name = { en = "a" }, per_day = 1.5 }',
            "remedies.coffee.per_day: must be a whole number; mend the value 1.5",
        ),
        (
            'remedies.refund = { name = { en = "a" }, currency = "GBP", per_feedback = 50.001, per_day = 500 }',
            "remedies.refund.per_feedback: must be at most 2 decimal places; mend the value 50.001",
        ),
        (
            'remedies.refund = { name = { en = "a" }, currency = "JPY", per_feedback = 50.5, per_day = 500 }',
            "remedies.refund.per_feedback: must be a whole number; mend the value 50.5",
        ),
        (
            'remedies.refund = { name = { en = "a" }, currency = "GBP", per_feedback = 500, per_day = 50 }',
            "remedies.refund.per_feedback: is more than per_day, which no feedback can be given; make it less",
        ),
        (
            'remedies.refund = { name = { en = "a" }, currency = "pounds", per_day = 50 }',
            "remedies.refund.currency: 'pounds' is not a currency; write its three capital letters, like 'GBP'",
        ),
        (
            'remedies.coffee = { name = { de = "ein Kaffee" }, per_day = 5 }',
            "remedies.coffee.name.en: missing; every language of business.languages needs a text",
        ),
        (
            'remedies."co ffee<b>" = { name = { en = "a" }, per_day = 1 }',
            "remedies.co ffee<b>: 'co ffee<b>' cannot be an id; use 1 to 40 of a-z, 0-9 and '-', not at the ends",
        ),
    ],
)
def test_a_mistake_of_a_team_is_one_line_that_names_the_key_and_the_fix(team: str, problem: str) -> None:
    assert f"teams.us.{problem}" in problems(team)


@pytest.mark.parametrize(
    ("business", "path"),
    [('chief = "nobody"', "business.chief"), ('holidays = { country = "ZZ" }', "business.holidays")],
)
def test_a_mistake_of_the_business_names_the_key(business: str, path: str) -> None:
    assert [line.split(": ")[0] for line in problems(business=business)] == [path]


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        (
            '["shop payments"]',
            "'shop payments' is no source of events; write one like 'shop.payments', of at most 60 characters",
        ),
        ('["earshot"]', "'earshot' is reserved; name the system that carries remedies out"),
        ('["aws.events"]', "'aws.events' is reserved; name the system that carries remedies out"),
    ],
)
def test_a_source_that_can_carry_out_nothing_is_refused(sources: str, says: str) -> None:
    file = tomllib.loads(f"remedy_sources = {sources}\n" + SMALLEST.format(team=HOURS, business="", more=""))
    assert [str(problem) for problem in find_problems(file)] == [f"remedy_sources.0: {says}"]


def test_a_lead_needs_an_address() -> None:
    assert [line.split(": ")[0] for line in problems('lead = "lee"')] == ["teams.us.lead"]


def test_a_subdivision_that_there_is_not_names_those_that_there_are() -> None:
    (line,) = problems('holidays = { country = "DE", subdivision = "Bavaria" }')
    assert line.startswith("teams.us.holidays: DE has no subdivision 'Bavaria'; use one of ")
    assert "BY" in line


def test_a_promise_that_is_over_before_the_card_comes_is_refused() -> None:
    route = '[routes.slow]\nteam = "us"\nto = ["email:jo@kiosk.zz"]\nsettling = 900\n'
    promise = 'promise.unhappy = { take = "10m", resolve = "8h" }\npromise.happy = { take = "15m", resolve = "8h" }'
    assert problems(promise, more=route) == [
        "teams.us.promise.unhappy.take: is over before a card of routes.slow comes, 900 seconds of settling; "
        "make this longer or that less"
    ]


def test_what_is_not_promised_is_promised_all_the_same(config: Config) -> None:
    promise = config.teams["tills"].promise.of(Mood.UNHAPPY)
    assert (promise.take, promise.resolve) == (timedelta(hours=1), timedelta(hours=8))


def test_the_lead_and_the_chief_may_act_for_a_team() -> None:
    file = a_file('lead = "Lee@kiosk.zz"', business='chief = "Cleo@kiosk.zz"')
    assert Config.model_validate(file).members("us") == {"jo@kiosk.zz", "lee@kiosk.zz", "cleo@kiosk.zz"}
