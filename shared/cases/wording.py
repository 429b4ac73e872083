"""How cards and pages call what a case is about: who, where, when, for how long, and about what."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.cases.remedies import in_words
from shared.config.model import Config
from shared.languages.packs import texts
from shared.model.case import Entry
from shared.model.feedback import Feedback
from shared.text.lines import one_line

_NEAR = timedelta(days=180)
"""Within this time of now, a date says its year by itself."""


def name(config: Config, who: str) -> str:
    """A member by name; others as they are."""
    people = (person for team in config.teams.values() for person in team.people)
    return next((person.name for person in people if person.email.lower() == who.lower()), who)


def customer(feedback: Feedback) -> str:
    """On one line, where a name that turns its direction would show the address behind it backwards."""
    known = feedback.customer
    ways = (known.email, known.phone, *feedback.other_contact)
    return one_line(" · ".join(part for part in (known.name, *ways, known.ref) if part))


def touchpoint(config: Config, id: str) -> str:
    """A touchpoint's name in the business's first language; the id of one that was removed since."""
    known = config.touchpoints.get(id)
    return known.name.get(config.language, id) if known else id


def where(config: Config, feedback: Feedback) -> str:
    """The moment and, where it is known, the place."""
    moment = touchpoint(config, feedback.touchpoint)
    if not feedback.place:
        return moment
    return texts(config.language)["card.place"].format(touchpoint=moment, place=feedback.place)


def when(moment: datetime, config: Config, say: Mapping[str, str], now: datetime | None = None) -> str:
    """A moment on the business's clock; as shortly as it can be told on the day of `now`."""
    zone = ZoneInfo(config.business.time_zone)
    local = moment.astimezone(zone)
    today = now.astimezone(zone) if now else None
    if today and today.date() == local.date():
        return f"{local:%H:%M}"
    is_near = today is not None and abs(today - local) < _NEAR
    return say["case.moment" if is_near else "card.moment"].format(
        weekday=say["card.weekdays"].split()[local.weekday()],
        day=local.day,
        month=say["card.months"].split()[local.month - 1],
        year=local.year,
        time=f"{local:%H:%M}",
    )


def given(config: Config, feedback: Feedback, entry: Entry, language: str) -> str:
    """What a customer is told that they were given, in a language."""
    say, amount = texts(language), entry.amount or 0
    remedy = _remedy(config, feedback.team, entry.remedy or "", language)
    if entry.currency:
        return say["answer.remedy_amount"].format(amount=in_words(amount, entry.currency), remedy=remedy)
    return say["answer.remedy" if amount == 1 else "answer.remedy_count"].format(amount=amount, remedy=remedy)


def _remedy(config: Config, team: str, id: str, language: str) -> str:
    """What a remedy is called; its id where no team gives it any more."""
    for each in (team, *config.teams):  # it may have been passed on since
        if each in config.teams and id in config.teams[each].remedies:
            names = config.teams[each].remedies[id].name
            return names.get(language) or next(iter(names.values()))
    return id.replace("-", " ")


def length(length: timedelta, say: Mapping[str, str]) -> str:
    """How long something takes, in at most two units."""
    minutes = int(length.total_seconds()) // 60
    days, hours = minutes // (24 * 60), minutes // 60
    if days:
        return say["card.days"].format(days=days, hours=hours % 24)
    return say["card.hours" if hours else "card.minutes"].format(hours=hours, minutes=minutes % 60)


def reasons(config: Config, feedback: Feedback) -> list[str]:
    """What they picked as the cause, by its label."""
    known = config.touchpoints.get(feedback.touchpoint)
    labels = {reason.id: reason.label.get(config.language, reason.id) for reason in (known.reasons if known else ())}
    return [labels.get(reason, reason) for reason in feedback.reasons]


def words_direction(words: str) -> str | None:
    """`rtl` or `ltr`, of the first letter that has a direction: mail programs do not work out dir="auto"."""
    for sign in words:
        bidirectional = unicodedata.bidirectional(sign)
        if bidirectional in ("R", "AL"):
            return "rtl"
        if bidirectional == "L":
            return "ltr"
    return None
