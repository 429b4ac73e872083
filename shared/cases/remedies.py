"""What teams give customers without asking anybody, within the limits that the file sets.

A grant is an entry of the timeline, and its event `RemedyGranted` is the order to another system, which reports whether
it was carried out. A feedback's limit is held by its case, whose write is refused at any other revision than the one
that was read; the limit of a day by an item that counts what a team has granted, in the same transaction.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from shared.cases.cases import Cases
from shared.cases.changes import Change, Now, granted
from shared.config.fields import decimals
from shared.config.model import Remedy
from shared.errors import InvalidInput
from shared.model.case import CaseMoved, Entry, Found, Move, remedy_line
from shared.table.items import REMEDIES_GIVEN
from shared.table.table import Key, Operation

TWICE = timedelta(minutes=1)
"""The same amount of the same remedy within this time is a second press, whoever pressed first."""

_AMOUNT = re.compile(r"\d{1,30}([.٫]\d{1,30})?")  # digits of any script; no comma, which may mean thousands


class Remedies:
    """Grants remedies, and counts what each team has granted in a day of the business's calendar."""

    def __init__(self, cases: Cases) -> None:
        self._table = cases.table

    def grant(self, found: Found, id: str, amount: str, who: str, way: str, now: Now) -> tuple[Change, Operation]:
        """The change that grants a remedy, and the count of the day, which is refused where that has no room left.

        `amount` is what somebody typed, in the currency's main unit; of a thing, nothing is one. Raises `InvalidInput`
        for `remedy` or `amount`, and `CaseMoved` for a second press.
        """
        remedy = _remedy(found, id, now)
        units = _units(remedy, amount)
        _check_twice(found, id, units, now.at)
        line, per_day = remedy_line(id, remedy.currency), remedy.units(remedy.per_day)
        key = _day(found, line, now)
        _check_room(
            remedy, units, remedy.units(remedy.per_feedback), found.case.given.get(line, 0), "for this feedback"
        )
        _check_room(remedy, units, per_day, self._given(key), "for today, until midnight")
        entry = Entry(
            at=now.at,
            who=who,
            what=Move.GRANT,
            way=way,
            remedy=id,
            amount=units,
            currency=remedy.currency,
            grant=f"{found.feedback.id}-{found.case.moves}",
        )
        return granted(found, entry, now), self._counting(key, units, per_day - units, now.at)

    def left(self, found: Found, now: Now) -> dict[str, int]:
        """How much of each remedy of its team a feedback may still be given today, in the smallest unit."""
        team = now.config.teams.get(found.feedback.team)
        found_left = {}
        for id, remedy in team.remedies.items() if team else ():
            line = remedy_line(id, remedy.currency)
            of_feedback = remedy.units(remedy.per_feedback) - found.case.given.get(line, 0)
            of_day = remedy.units(remedy.per_day) - self._given(_day(found, line, now))
            found_left[id] = max(0, min(of_feedback, of_day))
        return found_left

    def _given(self, key: Key) -> int:
        item = self._table.get(key)
        return int(item["given"]) if item else 0

    def _counting(self, key: Key, units: int, room: int, now: datetime) -> Operation:
        return {
            "type": "update",
            "table": self._table.name,
            "key": dict(key),
            "update_expression": "SET given = if_not_exists(given, :none) + :units, #kind = :kind, #ttl = :ttl",
            "condition_expression": "attribute_not_exists(given) OR given <= :room",
            "expression_attribute_names": {"#kind": "kind", "#ttl": "ttl"},
            "expression_attribute_values": {
                ":none": 0,
                ":units": units,
                ":room": room,
                ":kind": REMEDIES_GIVEN.kind,
                ":ttl": REMEDIES_GIVEN.ttl(now),
            },
        }


def reported(found: Found, grant: str, source: str, failure: str | None, now: Now) -> Entry | None:
    """The entry of a system's report of a grant; `failure` says why it was not carried out, None that it was.

    None where the case has no such grant, or the same was said of it before.
    """
    what = Move.CARRIED_OUT if failure is None else Move.NOT_CARRIED_OUT
    of_grant = [entry for entry in found.timeline if entry.grant == grant]
    if not of_grant or what in {entry.what for entry in of_grant}:
        return None
    said = {"at": now.at, "who": source, "what": what, "way": "bus", "text": failure or ""}
    return of_grant[0].model_copy(update=said)


def in_words(units: int, currency: str | None) -> str:
    """An amount as people read it: `12.50 GBP`; of things, how many."""
    amount = f"{Decimal(units).scaleb(-decimals(currency)):f}"
    return f"{amount} {currency}" if currency else amount


def _day(found: Found, line: str, now: Now) -> Key:
    """Where is counted what the case's team gives on this day."""
    today = now.at.astimezone(ZoneInfo(now.config.business.time_zone)).date()
    return REMEDIES_GIVEN.key(f"{found.feedback.team}#{line}#{today.isoformat()}")


def _remedy(found: Found, id: str, now: Now) -> Remedy:
    team, teams = found.feedback.team, now.config.teams
    own = teams[team].remedies if team in teams else {}
    if id in own:
        return own[id]
    others = [each.name for each in teams.values() if id in each.remedies]
    if others:
        message = f"remedy: {id} is given by {' and '.join(others)}; pass the case on to them."
    elif own:
        message = f"remedy: there is no {id!r}; this team may give {', '.join(own)}."
    else:
        message = "remedy: this team has none that it may give; say in the reply what you do."
    raise InvalidInput(message, field="remedy")


def _units(remedy: Remedy, typed: str) -> int:
    """An amount as it was typed, in the smallest unit."""
    plain = typed.strip() or ("" if remedy.currency else "1")
    example = "12.50" if decimals(remedy.currency) else "2"
    if not _AMOUNT.fullmatch(plain):
        raise InvalidInput(f"amount must be a number, like {example}.", field="amount")
    try:
        units = remedy.units(Decimal(plain.replace("٫", ".")))
    except ValueError:
        raise InvalidInput(
            f"amount has more decimal places than there are; write it like {example}.", field="amount"
        ) from None
    if units == 0:
        raise InvalidInput("amount must be more than 0.", field="amount")
    return units


def _check_twice(found: Found, id: str, units: int, at: datetime) -> None:
    last = found.case.last
    if last and (last.what, last.remedy, last.amount) == (Move.GRANT, id, units) and at - last.at < TWICE:
        raise CaseMoved(f"{last.who} has just granted this; it was not granted twice.")


def _check_room(remedy: Remedy, units: int, limit: int, given: int, where: str) -> None:
    if units <= limit - given:
        return
    if given >= limit:
        most = in_words(limit, remedy.currency)
        raise InvalidInput(f"remedy: nothing is left {where}; the limit is {most}.", field="remedy")
    raise InvalidInput(f"amount: {in_words(limit - given, remedy.currency)} is left {where}.", field="amount")
