"""Signing in to a team's page: a mailed link, opened once, begins a short session that can be ended.

Nobody has a password. The link and the session's cookie are signed; the session itself is an item, so that ending it
works at once and everywhere. Whether the address still belongs to a team is asked on every request, of `earshot.toml`.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import itsdangerous
from pydynox import DynamoDBClient

from shared.errors import LinkExpired, LinkInvalid
from shared.keys.signing import Keys
from shared.table.items import SESSION
from shared.table.table import NEW, Table
from shared.values import to_iso

LINK_WORKS_FOR = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=8)
# Anybody can ask for a link to any address. Whoever is refused one has others, mailed in the same ten minutes, that
# still work: nobody is shut out by what others ask for.
LINKS_AT_ONCE = 3
AT_ONCE = timedelta(minutes=10)
_LINK, _COOKIE = "sign-in", "session"  # what the signatures are for


class Wanted(NamedTuple):
    """The feedback that someone came for before they were signed in, on the page of a team."""

    team: str
    feedback: str


class Session(NamedTuple):
    """Someone who is signed in. `wanted` is what the link that did so was asked for with."""

    id: str
    email: str
    expires_at: datetime
    wanted: Wanted | None = None


class Sessions:
    """The sessions of one stage, in its main table."""

    def __init__(self, client: DynamoDBClient, table: str, keys: Keys) -> None:
        self._table = Table(client, table)
        self._keys = keys

    def link(self, email: str, now: datetime, wanted: Wanted | None = None) -> str | None:
        """The token of a sign-in link for an address; None when it got `LINKS_AT_ONCE` just now."""
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
        expires = (now + LINK_WORKS_FOR).timestamp()
        return self._keys.dumps(_LINK, [email, secrets.token_urlsafe(16), expires, *(wanted or ())])

    def unlink(self, email: str, now: datetime) -> None:
        """Do not count a link of `now`, which could not be mailed."""
        self._table.update(
            _asked(email, now),
            "SET asked = asked - :one",
            {"condition_expression": "attribute_exists(asked)", "expression_attribute_values": {":one": 1}},
        )

    def read_link(self, token: str, now: datetime) -> Session:
        """Who a link lets in, without using it up; raises `LinkInvalid` or `LinkExpired`."""
        email, id, expires, wanted = self._read(_LINK, token)
        if expires <= now.timestamp():
            raise LinkExpired("This link has expired; ask for a new one.")
        return Session(id, email, now + SESSION_LASTS, wanted)

    def begin(self, token: str, now: datetime) -> Session:
        """Use up a link; raises `LinkInvalid` or `LinkExpired`, the second time as well."""
        session = self.read_link(token, now)
        _, _, works_until, _ = self._read(_LINK, token)
        mailed_at = datetime.fromtimestamp(works_until, UTC) - LINK_WORKS_FOR
        expires = int(session.expires_at.timestamp())
        item = {"pk": _pk(session.email), "sk": session.id, "kind": SESSION.kind, "email": session.email}
        # An ended session leaves its item until the link has long expired, so that no link works twice.
        if not self._table.put(item | {"expires": expires, "ended": False, "ttl": expires}, NEW):
            raise LinkExpired("This link was used before; ask for a new one.")
        # Looked at after the session is there: whoever signs out everywhere at this moment finds it, or is found here.
        revoked = self._table.get(_revoked(session.email))
        if revoked is not None and to_iso(mailed_at) <= revoked["at"]:
            self.end(session)
            raise LinkExpired("You have signed out everywhere since; ask for a new link.")
        return session

    def cookie(self, session: Session) -> str:
        """What the browser brings back."""
        return self._keys.dumps(_COOKIE, [session.email, session.id, int(session.expires_at.timestamp())])

    def find(self, cookie: str, now: datetime) -> Session | None:
        """The session of a cookie; None for one that is not ours, has ended or has expired."""
        try:
            email, id, expires, _ = self._read(_COOKIE, cookie)
        except LinkInvalid:
            return None
        item = self._table.get({"pk": _pk(email), "sk": id})
        if item is None or item["ended"] or expires <= now.timestamp():
            return None
        return Session(id, email, datetime.fromtimestamp(expires, UTC))

    def end(self, session: Session) -> None:
        """Sign out here."""
        self._end(session.email, session.id)

    def end_all(self, email: str, now: datetime) -> None:
        """Sign out everywhere; a link that was mailed before does not sign in any more."""
        aged = int((now + LINK_WORKS_FOR).timestamp()) + 60
        self._table.put(_revoked(email) | {"at": to_iso(now), "ttl": aged})
        for item in [item for item in self._table.partition(_pk(email)) if _is_open(item)]:
            self._end(email, item["sk"])

    def _end(self, email: str, id: str) -> None:
        self._table.update(
            {"pk": _pk(email), "sk": id},
            "SET ended = :yes",
            {"condition_expression": "attribute_exists(pk)", "expression_attribute_values": {":yes": True}},
        )

    def _read(self, purpose: str, token: str) -> tuple[str, str, float, Wanted | None]:
        try:
            email, id, expires, *wanted = self._keys.loads(purpose, token)
        except (itsdangerous.BadData, ValueError, TypeError):
            raise LinkInvalid("This link is not one of ours, or was cut short.") from None
        return email, id, expires, Wanted(*wanted) if wanted else None


def _pk(email: str) -> str:
    return SESSION.partition(sha256(email.lower().encode()).hexdigest()[:32])


def _asked(email: str, now: datetime) -> dict[str, str]:
    """The key of how many links an address got in these ten minutes."""
    return {"pk": _pk(email), "sk": f"asked#{now.timestamp() // AT_ONCE.total_seconds():.0f}"}


def _revoked(email: str) -> dict[str, str]:
    """The key of when an address last signed out everywhere."""
    return {"pk": _pk(email), "sk": "revoked"}


def _is_open(item: Mapping[str, Any]) -> bool:
    return item.get("kind") == SESSION.kind and not item["ended"]
