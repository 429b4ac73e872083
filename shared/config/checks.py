"""Every mistake in `earshot.toml`, found in one reading and told in a line that names the key and the fix.

What a value must be is said by the models of shared/config/model.py. What no single value shows (references between
tables, texts per language, ids that stand twice) is looked for here, in the file as TOML reads it, so that other
mistakes hide none of it.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from types import UnionType
from typing import Any, cast, get_args, get_origin

import phonenumbers
from pydantic import BaseModel, ValidationError

from shared.addresses.targets import TargetKind, spelling
from shared.conditions.language import ConditionError, check
from shared.conditions.pattern import makes_cards, rule_pattern
from shared.conditions.reader import parse
from shared.config import days_off
from shared.config.fields import decimals, working_time
from shared.config.model import CASES, MAX_SETTLING, Config, Holidays, is_reserved
from shared.config.problems import Problem
from shared.languages.completeness import find_gaps
from shared.languages.packs import LANGUAGES

Table = Mapping[str, Any]
Ids = Mapping[str, list[str]]

MAX_RULES = 200  # of one file: a stack has 500 resources, and a bus 300 rules, with those made at run time

_FOR_PEOPLE = tuple(f"{kind}:" for kind in TargetKind if kind.is_for_people)
_DAY = "must be a day, like 2026-12-24"
_MUST = {  # pydantic's type of mistake → what the value must be
    "string_type": "must be a text in quotes",
    "string_too_long": "must have at most {max_length} characters",
    "tuple_type": "must be a list in [ ]",
    "model_type": "must be a table of keys and values",
    "dict_type": "must be a table of keys and values",
    "too_short": "must have at least one entry",
    "too_long": "must have at most {max_length} entries",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be more than {gt}",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "date_type": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "missing": "missing; add it",
}


def find_problems(data: Table) -> list[Problem]:
    """All mistakes in a file, `data` being what TOML says; none if `Config` can be made of it."""
    return [*_values(data), *_references(data)]


def _values(data: Table) -> list[Problem]:
    try:
        Config.model_validate(data)
    except ValidationError as error:
        found = error.errors()
        # A list whose entries are wrong is also reported as too short; the entries say enough.
        inner = {detail["loc"][:depth] for detail in found for depth in range(len(detail["loc"]))}
        return [_explain(detail, data) for detail in found if detail["loc"] not in inner]
    return []


def _as_written(location: Iterable[Any], data: Any) -> list[Any]:
    """A location without the index of what stands alone where a list may stand."""
    path = []
    for part in location:
        if isinstance(part, int) and isinstance(data, Mapping):
            continue
        path.append(part)
        data = data.get(part) if isinstance(data, Mapping) else None if isinstance(part, str) else data[part]
    return path


def _explain(error: Mapping[str, Any], data: Table) -> Problem:
    """Turn one of pydantic's findings into a line that names the key and the fix."""
    location, kind, context = _as_written(error["loc"], data), error["type"], error.get("ctx", {})
    if kind != "extra_forbidden" and location[-1:] == ["[key]"]:  # how pydantic says that it means the key itself
        location.pop()
    path = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        return Problem(path, f"unknown key; {_instead(str(location[-1]), _known_keys(location[:-1]))}")
    if kind == "value_error":
        return Problem(path, str(context["error"]))
    if kind == "enum":
        return Problem(path, f"{error['input']!r} is not known; use one of {context['expected']}")
    if kind in _MUST:
        return Problem(path, _MUST[kind].format(**context))
    return Problem(path, f"{error['msg'][0].lower()}{error['msg'][1:]}; mend the value {error['input']!r}")


def _known_keys(location: Iterable[Any]) -> list[str]:
    """The keys that the table at a location may have."""
    model: type[BaseModel] = Config
    parts = iter(location)
    for part in parts:
        annotation = {field.alias or name: field for name, field in model.model_fields.items()}[part].annotation
        inner = [each for each in get_args(annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
        if inner and get_origin(annotation) is not UnionType:  # a list, or tables by id: its index or id comes next
            next(parts, None)
        model = inner[0] if inner else cast(type[BaseModel], annotation)
    return [field.alias or name for name, field in model.model_fields.items()]


def _references(data: Table) -> Iterator[Problem]:
    """Mistakes across values: unknown references, repetitions, and missing languages."""
    languages = _texts(_table(data, "business"), "languages")
    yield from _repeated("business.languages", languages, "a language")
    for language in LANGUAGES:
        for gap in find_gaps(language, spoken=language in languages):
            yield Problem("business.languages", gap)
    yield from _repeated("alarms", map(spelling, _texts(data, "alarms")), "an address")
    yield from _repeated("remedy_sources", _texts(data, "remedy_sources"), "a source")
    ids = _ids(data, languages)
    yield from _check_holidays("business.holidays", _table(_table(data, "business"), "holidays"))
    yield from _repeated("business.hosts", _texts(_table(data, "business"), "hosts"), "a host")
    yield from _unknown(ids, "team", "default_team", data.get("default_team"))
    for path, team in _tables(data, "teams"):
        yield from _repeated(f"{path}.cards", map(spelling, _texts(team, "cards")), "a target")
        yield from _check_team(ids, path, team)
    for path, touchpoint in _tables(data, "touchpoints"):
        yield from _check_touchpoint(ids, path, touchpoint)
    for name in ("sms", "mail"):
        yield from _unknown(ids, "touchpoint", f"{name}.touchpoint", _table(data, name).get("touchpoint"))
    yield from _check_texting(_table(data, "sms"))
    quiet = _table(_table(data, "invitations"), "quiet")
    if quiet and quiet.get("from") == quiet.get("to"):
        yield Problem("invitations.quiet", "ends when it begins, so no hour is quiet; change from or to")
    rules = len(_table(data, "teams")) + len(_table(data, "routes"))
    if rules > MAX_RULES:
        yield Problem(
            "routes",
            f"with the teams' own cards these are {rules} rules, and a stack has room for {MAX_RULES}; "
            "make others at run time, with `earshot routes add`",
        )
    for path, route in _tables(data, "routes"):
        yield from _check_route(ids, path, route)
        yield from _check_settling(data, path, route)


def _check_team(ids: Ids, path: str, team: Table) -> Iterator[Problem]:
    shifts = [_table(team, "hours"), *(shift for _, shift in _entries(team, "hours"))]
    for shift in filter(None, shifts):
        yield from _repeated(f"{path}.hours.days", _texts(shift, "days"), "a day")
        if shift.get("from") == shift.get("to"):
            yield Problem(f"{path}.hours", 'ends when it begins; for all day write from = "00:00" and to = "23:59"')
    for mood, promise in _table(team, "promise").items():
        given = promise if isinstance(promise, Mapping) else {}
        take, resolve = (working_time(given.get(key)) for key in ("take", "resolve"))
        if take and resolve and take > resolve:
            yield Problem(
                f"{path}.promise.{mood}.resolve", "is shorter than take; nothing is resolved before it is taken"
            )
    yield from _check_holidays(f"{path}.holidays", _table(team, "holidays"))
    for id, remedy in _table(team, "remedies").items():
        yield from _check_remedy(ids, f"{path}.remedies.{id}", remedy if isinstance(remedy, Mapping) else {})


def _check_settling(data: Table, path: str, route: Table) -> Iterator[Problem]:
    """Nobody can keep a promise that is over before their card comes."""
    team, seconds = route.get("team"), route.get("settling")
    if not isinstance(team, str) or not isinstance(seconds, int) or not 0 <= seconds <= MAX_SETTLING:
        return
    for mood, promise in _table(_table(_table(data, "teams"), team), "promise").items():
        take = working_time(promise.get("take")) if isinstance(promise, Mapping) else None
        if take and take < timedelta(seconds=seconds):
            yield Problem(
                f"teams.{team}.promise.{mood}.take",
                f"is over before a card of {path} comes, {seconds} seconds of settling; make this longer or that less",
            )


def _check_holidays(path: str, named: Table) -> Iterator[Problem]:
    try:
        holidays = Holidays.model_validate(named)
    except ValidationError:
        return  # told by its field
    if wrong := days_off.problem(holidays):
        yield Problem(path, wrong)


def _check_remedy(ids: Ids, path: str, remedy: Table) -> Iterator[Problem]:
    yield from _check_labels(ids, f"{path}.name", remedy.get("name"))
    of_feedback, of_day = remedy.get("per_feedback"), remedy.get("per_day")
    if isinstance(of_feedback, int | float) and isinstance(of_day, int | float) and of_feedback > of_day:
        yield Problem(f"{path}.per_feedback", "is more than per_day, which no feedback can be given; make it less")
    for key in ("per_feedback", "per_day"):
        amount, places = remedy.get(key), decimals(remedy.get("currency"))
        if isinstance(amount, int | float) and not isinstance(amount, bool):
            exact = Decimal(str(amount))
            if exact.is_finite() and exact != round(exact, places):
                unit = f"at most {places} decimal places" if places else "a whole number"
                yield Problem(f"{path}.{key}", f"must be {unit}; mend the value {amount!r}")


def _check_touchpoint(ids: Ids, path: str, touchpoint: Table) -> Iterator[Problem]:
    yield from _unknown(ids, "team", f"{path}.team", touchpoint.get("team"))
    for key in ("name", "question"):
        yield from _check_labels(ids, f"{path}.{key}", touchpoint.get(key))
    seen: set[object] = set()
    for index, reason in _entries(touchpoint, "reasons"):
        at, id = f"{path}.reasons.{index}", reason.get("id")
        if isinstance(id, str) and id in seen:
            yield Problem(f"{at}.id", f"{id!r} stands twice; rename one")
        seen |= {id} if isinstance(id, str) else set()
        yield from _check_labels(ids, f"{at}.label", reason.get("label"))
        yield from _unknown(ids, "team", f"{at}.team", reason.get("team"))


def _check_labels(ids: Ids, path: str, labels: object) -> Iterator[Problem]:
    if not isinstance(labels, Mapping) or not ids["language"]:
        return
    for language in ids["language"]:
        if language not in labels:
            yield Problem(f"{path}.{language}", "missing; every language of business.languages needs a text")
    for language in labels.keys() - set(ids["language"]):
        yield Problem(f"{path}.{language}", "not in business.languages; add it there or remove it here")


def _check_texting(sms: Table) -> Iterator[Problem]:
    for index, country in enumerate(_texts(sms, "countries")):
        if re.fullmatch("[A-Z]{2}", country) and country not in phonenumbers.SUPPORTED_REGIONS:
            yield Problem(f"sms.countries.{index}", f"there is no country {country!r}; write one like 'GB'")
    countries, requested = _texts(sms, "countries"), sms.get("request_country")
    if sms.get("request") and (requested not in countries if requested else len(countries) > 1):
        # Were it the first of them, another order would replace the number that customers know.
        yield Problem("sms.request_country", f"name the requested number's country: one of {', '.join(countries)}")
    accounts = [account for _, account in _entries(sms, "twilio")]
    numbers = [number for number in (each.get("number") for each in [sms, *accounts]) if isinstance(number, str)]
    if len(set(numbers)) < len(numbers):
        yield Problem("sms.twilio", "a number stands twice; every number belongs to one provider")


def _check_route(ids: Ids, path: str, route: Table) -> Iterator[Problem]:
    id = path.removeprefix("routes.")
    if is_reserved(id):
        yield Problem(path, f"{CASES!r} and ids that start with 'team-' are taken by the teams' own cards; rename it")
    yield from _unknown(ids, "team", f"{path}.team", route.get("team"))
    yield from _repeated(f"{path}.to", map(spelling, _texts(route, "to")), "a target")
    when = route.get("when", "")
    if isinstance(when, str):
        try:
            condition = parse(when)
            check(condition, ids)
            rule_pattern(id, condition)
        except ConditionError as error:
            yield Problem(f"{path}.when", error.message)
            return
        people = [target for target in _texts(route, "to") if target.startswith(_FOR_PEOPLE)]
        if people and not makes_cards(condition):
            yield Problem(f"{path}.to", f"what becomes of an invitation makes no card for {people[0]}; remove it")


def _ids(data: Table, languages: list[str]) -> Ids:
    """Kind of thing → the ids that the file gives to such things, and so may be referred to."""
    touchpoints = _tables(data, "touchpoints")
    reasons = [reason.get("id") for _, touchpoint in touchpoints for _, reason in _entries(touchpoint, "reasons")]
    return {
        "team": list(_table(data, "teams")),
        "touchpoint": list(_table(data, "touchpoints")),
        "reason": [id for id in reasons if isinstance(id, str)],
        "language": languages,
    }


def _unknown(ids: Ids, kind: str, path: str, id: object) -> Iterator[Problem]:
    """A reference to what the file does not have."""
    if isinstance(id, str) and id not in ids[kind]:
        yield Problem(path, f"no {kind} {id!r}; {_instead(id, ids[kind])}")


def _instead(wrong: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(known)}"


def _repeated(path: str, values: Iterable[str], what: str) -> Iterator[Problem]:
    found = list(values)
    if len(set(found)) < len(found):
        yield Problem(path, f"{what} stands twice; remove one")


def _table(data: Table, key: str) -> Table:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _tables(data: Table, key: str) -> list[tuple[str, Table]]:
    """The tables `[key.<id>]`, each with its path."""
    return [(f"{key}.{id}", table) for id, table in _table(data, key).items() if isinstance(table, Mapping)]


def _entries(data: Table, key: str) -> list[tuple[int, Table]]:
    """The tables of a list, each with its index."""
    return [(index, table) for index, table in enumerate(_list(data, key)) if isinstance(table, Mapping)]


def _texts(data: Table, key: str) -> list[str]:
    return [value for value in _list(data, key) if isinstance(value, str)]


def _list(data: Table, key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []
