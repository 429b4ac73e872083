"""Signing in to a team's page: a mailed link, opened once, begins a short session that can be ended.

Nobody has a password. A link is recorded when it is mailed, together with the browser that asked for it. In that
browser one press opens it; anywhere else it also takes the code that the asking page showed. So a scanner, which has
the mail alone, neither gets in nor uses the link up, and asking for another person's link gives no access.

Link and session are one item, which says how far they have come and since when: a signature alone opens nothing, both
live as long as the constants here say, and ending works at once and everywhere. Whether the address still belongs to a
team is asked on every request, of `earshot.toml`.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Any, NamedTuple

import itsdangerous
from pydynox import DynamoDBClient

from shared.errors import InvalidInput, LinkExpired, LinkInvalid
from shared.keys.signing import Keys
from shared.table.items import SESSION, SIGN_IN_REQUESTS
from shared.table.table import Table

LINK_WORKS_FOR = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=8)
BROWSER_LASTS = timedelta(hours=1)
"""How long a browser is known as the one that asked: the mail may take a while, and people ask again."""
# Anybody can ask for a link to any address. An address over the limit has had links in the same ten minutes that still
# work, so requests of strangers lock no member out.
LINKS_AT_ONCE = 3
AT_ONCE = timedelta(minutes=10)
CODE_DIGITS = 6
CODES_PER_LINK = 5
_LINK, _COOKIE = "sign-in", "session"  # what the signatures are for


class CodeWrong(InvalidInput):
    """The link was opened in another browser than the one that asked, and this is not that one's code."""

    code = "code_wrong"


class Wanted(NamedTuple):
    """The feedback that someone came for before they were signed in, on the page of a team."""

    team: str
    feedback: str


class Browser(NamedTuple):
    """A browser that asks for a link, by a random text that it alone keeps, in a cookie."""

    secret: str

    @classmethod
    def new(cls) -> "Browser":
        """One that has not asked before."""
        return cls(secrets.token_urlsafe(16))

    @property
    def is_ours(self) -> bool:
        """Whether the text may have come from `new`."""
        return re.fullmatch(r"[\w-]{22}", self.secret, re.ASCII) is not None

    @property
    def id(self) -> str:
        """The hash that a link's record stores of the text in the cookie."""
        return sha256(f"browser\0{self.secret}".encode()).hexdigest()[:32]

    @property
    def code(self) -> str:
        """What its page shows, to open the link elsewhere."""
        return _code(self.id)


class MailedLink(NamedTuple):
    """A link that can be opened: whose it is, and the id of the browser that asked for it."""

    id: str
    email: str
    browser: str
    wanted: Wanted | None

    def was_asked_from(self, browsers: Iterable[Browser]) -> bool:
        """Whether one of these asked for it."""
        return any(compare_digest(browser.id, self.browser) for browser in browsers)


class Session(NamedTuple):
    """Someone who is signed in."""

    id: str
    email: str


class _State(StrEnum):
    """How far a link has come."""

    MAILED = "mailed"
    OPEN = "open"
    ENDED = "ended"


_LASTS = {_State.MAILED: LINK_WORKS_FOR, _State.OPEN: SESSION_LASTS, _State.ENDED: timedelta(0)}


class Sessions:
    """The sign-in links and sessions of one stage, in its main table."""

    def __init__(self, client: DynamoDBClient, table: str, keys: Keys) -> None:
        self._table = Table(client, table)
        self._keys = keys

    def link(self, email: str, now: datetime, browser: str, wanted: Wanted | None = None) -> str | None:
        """Record a link for an address, and return its token; None when the address got `LINKS_AT_ONCE` just now.

        `browser` is the id of the one that asked.
        """
        aged = int((now + AT_ONCE).timestamp())
        counted = self._table.update(
            _asked(email, now),
            "SET asked = if_not_exists(asked, :none) + :one, #ttl = :ttl",
            {
                "condition_expression": "attribute_not_exists(asked) OR asked < :most",
                "expression_attribute_names": {"#ttl": "ttl"},
                "expression_attribute_values": {":none": 0, ":one": 1, ":most": LINKS_AT_ONCE, ":ttl": aged},
            },
        )
        if not counted:
            return None
        id = secrets.token_urlsafe(16)
        item = _key(email, id) | {"kind": SESSION.kind, "email": email, "browser": browser, "tries": 0}
        item |= {"wanted": list(wanted) if wanted else [], **_now_in(_State.MAILED, now)}
        self._table.put(item)
        return self._keys.dumps(_LINK, [email, id])

    def unlink(self, email: str, now: datetime) -> None:
        """Do not count a link of `now`, which could not be mailed."""
        self._table.update(
            _asked(email, now),
            "SET asked = asked - :one",
            {"condition_expression": "asked > :none", "expression_attribute_values": {":one": 1, ":none": 0}},
        )

    def read_link(self, token: str, now: datetime) -> MailedLink:
        """What a link opens, without using it up; raises `LinkInvalid` or `LinkExpired`."""
        email, id = self._read(_LINK, token)
        item = self._table.get(_key(email, id))
        if item is None or not _is(_State.MAILED, item, now):
            raise LinkExpired("This link was used before, has expired, or was ended by signing out. Ask for a new one.")
        return MailedLink(id, email, item["browser"], Wanted(*item["wanted"]) if item["wanted"] else None)

    def begin(self, link: MailedLink, now: datetime, browsers: Iterable[Browser], code: str = "") -> Session:
        """Use up a link, in the browser that asked or with its code; raises `CodeWrong` or `LinkExpired`."""
        if not link.was_asked_from(browsers):
            self._check(link, code)
        if not self._move(link.email, link.id, _State.OPEN, now, _State.MAILED):
            raise LinkExpired("This link was used before; ask for a new one.")
        return Session(link.id, link.email)

    def cookie(self, session: Session) -> str:
        """What the browser brings back."""
        return self._keys.dumps(_COOKIE, [session.email, session.id])

    def find(self, cookie: str, now: datetime) -> Session | None:
        """The session of a cookie; None for one that is not ours, has ended or has expired."""
        try:
            email, id = self._read(_COOKIE, cookie)
        except LinkInvalid:
            return None
        item = self._table.get(_key(email, id))
        return Session(id, email) if item is not None and _is(_State.OPEN, item, now) else None

    def end(self, session: Session, now: datetime) -> None:
        """Sign out here."""
        self._move(session.email, session.id, _State.ENDED, now)

    def end_all(self, email: str, now: datetime) -> None:
        """Sign out everywhere; a link that was mailed before does not sign in any more."""
        for item in list(self._table.partition(_pk(email))):
            if item.get("state") in (_State.MAILED, _State.OPEN):
                self._move(email, item["sk"], _State.ENDED, now)

    def _check(self, link: MailedLink, code: str) -> None:
        """Raises `CodeWrong` for another code than the asking browser's; only whole codes count as tries."""
        digits = [each for each in code if each.isdecimal()]
        if len(digits) != CODE_DIGITS:
            raise CodeWrong(f"Type the {CODE_DIGITS} digits that the page shows on which the link was asked for.")
        counted = self._table.update(
            _key(link.email, link.id),
            "SET tries = tries + :one",
            {
                "condition_expression": "tries < :most",
                "expression_attribute_values": {":one": 1, ":most": CODES_PER_LINK},
            },
        )
        if not counted:
            raise LinkExpired("Too many wrong codes were typed for this link; ask for a new one.")
        if not compare_digest("".join(str(int(each)) for each in digits), _code(link.browser)):
            raise CodeWrong("This is not the code. It stands on the page on which the link was asked for.")

    def _move(self, email: str, id: str, state: _State, now: datetime, before: _State | None = None) -> bool:
        """Take a link on to `state`; False where it is gone, or not in the state `before`."""
        changes = _now_in(state, now)
        names = {f"#{name}": name for name in changes}
        values: dict[str, Any] = {f":{name}": value for name, value in changes.items()}
        condition = "attribute_exists(pk)"
        if before is not None:
            condition, values[":before"] = "#state = :before", before.value
        return self._table.update(
            _key(email, id),
            "SET " + ", ".join(f"#{name} = :{name}" for name in changes),
            {
                "condition_expression": condition,
                "expression_attribute_names": names,
                "expression_attribute_values": values,
            },
        )

    def _read(self, purpose: str, token: str) -> tuple[str, str]:
        """The address and the id that were signed."""
        try:
            email, id = self._keys.loads(purpose, token)
        except (itsdangerous.BadData, ValueError, TypeError):
            email = id = None
        if not isinstance(email, str) or not isinstance(id, str):
            raise LinkInvalid("This link is not one of ours, or was cut short.")
        return email, id


def _pk(email: str) -> str:
    return SESSION.partition(sha256(email.lower().encode()).hexdigest()[:32])


def _key(email: str, id: str) -> dict[str, str]:
    return {"pk": _pk(email), "sk": id}


def _asked(email: str, now: datetime) -> dict[str, str]:
    """The key of how many links an address got in these ten minutes."""
    return _key(email, f"{SIGN_IN_REQUESTS.kind}#{now.timestamp() // AT_ONCE.total_seconds():.0f}")


def _now_in(state: _State, now: datetime) -> dict[str, Any]:
    """The attributes of what comes into a state now. Ended ones are kept for an hour."""
    kept = max(_LASTS[state], timedelta(hours=1))
    return {"state": state.value, "since": int(now.timestamp()), "ttl": int((now + kept).timestamp())}


def _is(state: _State, item: Mapping[str, Any], now: datetime) -> bool:
    """Whether an item is in a state, and has not been for too long."""
    return bool(item.get("state") == state and now.timestamp() < item["since"] + _LASTS[state].total_seconds())


def _code(browser: str) -> str:
    """The code that goes with the id of a browser."""
    digest = sha256(f"code\0{browser}".encode()).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"
