"""Files of settings that are quite unlike the tests' own business."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.config.checks import MAX_RULES
from shared.config.model import MAX_TARGETS
from shared.model.scales import Scale

FOLDER = Path(__file__).parents[1] / "businesses"
TEAMS, TOUCHPOINTS, REASONS, PEOPLE, REMEDIES = 60, 120, 25, 20, 3


def deployable(file: str) -> str:
    """The same business with names that are taken for AWS, and are nobody's: ISO 3166 gives `zz` to no country."""
    return file.replace(".example", ".zz")


def smallest() -> str:
    """One team and one touchpoint."""
    return (FOLDER / "smallest.toml").read_text(encoding="utf-8")


def other() -> str:
    """Other ids, languages and scales."""
    return (FOLDER / "other.toml").read_text(encoding="utf-8")


def largest() -> str:
    """As many rules as may be declared, ids and texts as long as they may be, and many of what has no limit."""
    teams = [_id("team", number) for number in range(TEAMS)]
    touchpoints = [_id("touchpoint", number) for number in range(TOUCHPOINTS)]
    reasons = [_id("reason", number) for number in range(REASONS)]
    routes = [_id("route", number) for number in range(MAX_RULES - TEAMS)]
    remedies = [_id("remedy", number) for number in range(REMEDIES)]
    labels = {"en": "W" * 200, "ar": "و" * 200}
    file: dict[str, Any] = {
        "default_team": teams[-1],
        "remedy_sources": [f"{'s' * 57}.{number}" for number in range(10, 30)],
        "accounts": [f"{number:012}" for number in range(20)],
        "business": {
            "name": "B" * 200,
            "sender": "feedback@largest.zz",
            "public_url": "https://" + "a" * 60 + ".largest.zz",
            "time_zone": "America/Argentina/ComodRivadavia",
            "languages": ["ar", "en"],
            "brand_colour": "#0b5d3b",
            "chief": "chief@largest.zz",
            "holidays": {"country": "DE", "subdivision": "BY"},
        },
        "teams": {
            team: {
                "name": "T" * 200,
                "people": [{"name": "P" * 200, "email": f"p{number}@largest.zz"} for number in range(PEOPLE)],
                "lead": f"lead@{'l' * 60}.zz",
                "hours": [
                    {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": start, "to": end}
                    for start, end in (("00:00", "08:00"), ("08:00", "16:00"), ("16:00", "00:00"))
                ],
                "promise": {mood: {"take": "500h", "resolve": "500h"} for mood in ("unhappy", "neutral", "happy")},
                "remedies": {
                    remedy: {"name": labels, "currency": "GBP", "per_feedback": 999_999.99, "per_day": 1_000_000}
                    for remedy in remedies
                },
                "cards": [f"email:{team}-{number}@largest.zz" for number in range(MAX_TARGETS)],
            }
            for team in teams
        },
        "touchpoints": {
            touchpoint: {
                "team": teams[number % TEAMS],
                "scale": list(Scale)[number % len(Scale)].value,
                "name": labels,
                "question": labels,
                "reasons": [{"id": reason, "label": labels, "team": teams[0]} for reason in reasons],
            }
            for number, touchpoint in enumerate(touchpoints)
        },
        "routes": {
            route: {
                "team": teams[0],
                "when": f"reason in ({', '.join(reasons[:20])}) and rating <= 2",
                "to": [f"webhook:https://largest.zz/{route}/{number}" for number in range(MAX_TARGETS)],
                "settling": 900,
            }
            for route in routes
        },
        "invitations": {"days_between": 365, "expiry_days": 90, "quiet": {"from": "22:00", "to": "07:00"}},
        "sms": {
            "number": "+447400900100",
            "touchpoint": touchpoints[0],
            "help": "H" * 200,
            "countries": ["GB", "IE", "DE", "FR", "US"],
            "price": {"GB": 10},
            "texts_per_day": 1000,
            "replies_per_day": 50,
        },
        "mail": {"address": "feedback@largest.zz", "touchpoint": touchpoints[-1], "answers_per_day": 50},
    }
    return _toml(file)


def _id(kind: str, number: int) -> str:
    return f"{kind}-{number}-".ljust(39, "x") + "z"


def _toml(table: Mapping[str, Any], path: str = "") -> str:
    """The lines of a table: its values first, then the tables in it."""
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines = [f"{key} = {_value(value)}" for key, value in table.items() if key not in inner]
    lines += [f"[{path}{key}]\n{_toml(value, f'{path}{key}.')}" for key, value in inner.items()]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


BUSINESSES = {"smallest": smallest, "other": other, "largest": largest}
