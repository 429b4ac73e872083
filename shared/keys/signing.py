"""The signing keys, in a small table of their own: in the main table they would travel with its stream.

The first key is written on first use, so that a plain `cdk deploy` works. A rotation adds a key that signs a minute
later, when every warm function has had time to learn it, and retires the older ones after an overlap.

Links and reply addresses are signed with other keys than sign-in links and sessions: two items, granted apart.
"""

import base64
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import itsdangerous
from itsdangerous.encoding import base64_decode, base64_encode
from pydynox import DynamoDBClient

from shared.errors import Contended
from shared.table.items import KeyItem
from shared.table.table import NEW_KEY, Table

SIGNING_DELAY = timedelta(seconds=60)
_REFRESH_SECONDS = 30.0  # shorter than SIGNING_DELAY: a verifier knows a key before anything is signed with it
_MAX_AGE_SECONDS = 300.0  # a key that was removed by hand stops working everywhere after this
_SIGNER = {"key_derivation": "hmac", "digest_method": sha256}


class Keys:
    """The live keys of one stage and `item`, cached for five minutes; `purpose` keeps what they sign apart."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        item: KeyItem = KeyItem.SIGNING,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = Table(client, table)
        self._key = item.key()
        self._clock = clock
        self._keys: list[dict[str, Any]] = []
        self._loaded_at = float("-inf")

    def dumps(self, purpose: str, payload: Any) -> str:
        """Sign a JSON payload; the result is safe in URLs and addresses."""
        return str(self._serializer(purpose, [self._active()]).dumps(payload))

    def loads(self, purpose: str, token: str) -> Any:
        """Verify and read a token; raises `itsdangerous.BadData` for one that no live key signed."""
        try:
            return self._serializer(purpose, self._live()).loads(token)
        except itsdangerous.BadSignature:
            if self._clock() - self._loaded_at < _REFRESH_SECONDS:
                raise
            return self._serializer(purpose, self._load()).loads(token)

    def tag(self, purpose: str, text: str) -> str:
        """Sign a text where there is little room and case is lost, as in mail addresses: 16 of a-z and 2-7, 80 bits."""
        return _tag(self._active(), purpose, text)

    def has_tagged(self, purpose: str, text: str, tag: str) -> bool:
        """Whether a live key made this tag for this text."""
        if self._any_made(purpose, text, tag):
            return True
        if self._clock() - self._loaded_at < _REFRESH_SECONDS:
            return False
        self._load()
        return self._any_made(purpose, text, tag)

    def _any_made(self, purpose: str, text: str, tag: str) -> bool:
        return any(hmac.compare_digest(_tag(key, purpose, text).encode(), tag.encode()) for key in self._live())

    def rotate(self, overlap: timedelta) -> list[dict[str, Any]]:
        """Add a key and let the others retire after `overlap`; returns all live keys, oldest first.

        Raises `Contended` where someone else rotates at this moment.
        """
        self._load()
        before, now = self._keys, self._clock()
        retires_at = int(now + overlap.total_seconds())
        old = [key | {"retires_at": min(key["retires_at"] or retires_at, retires_at)} for key in self._live()]
        # Without an overlap nothing may verify with the old keys, so the new one signs at once.
        delay = SIGNING_DELAY.total_seconds() if overlap else 0
        rotated = [key for key in old if key["retires_at"] > now] + [_new_key(int(now + delay))]
        made = self._table.update(
            self._key,
            "SET #keys = :rotated",
            {
                "condition_expression": "#keys = :before",
                "expression_attribute_names": {"#keys": "keys"},
                "expression_attribute_values": {":rotated": rotated, ":before": before},
            },
        )
        if not made:
            raise Contended("Someone else is rotating the keys; look at them before you do it again.")
        return self._load()

    def _active(self) -> dict[str, Any]:
        """The key that signs now."""
        live, now = self._live(), self._clock()
        active = [key for key in live if key["active_at"] <= now]
        # The first key may have been made by a function whose clock is ahead of ours.
        return (active or live)[-1]

    def _live(self) -> list[dict[str, Any]]:
        now = self._clock()
        if now - self._loaded_at > _MAX_AGE_SECONDS:
            self._load()
        return [key for key in self._keys if key["retires_at"] is None or key["retires_at"] > now]

    def _load(self) -> list[dict[str, Any]]:
        item = self._table.get(self._key) or self._create()
        self._keys, self._loaded_at = item["keys"], self._clock()
        return self._live()

    def _create(self) -> Mapping[str, Any]:
        item = self._key | {"keys": [_new_key(int(self._clock()))]}
        if self._table.put(item, NEW_KEY):
            return item
        return self._table.get(self._key) or {}  # another function was first

    @staticmethod
    def _serializer(purpose: str, keys: list[dict[str, Any]]) -> itsdangerous.URLSafeSerializer:
        return itsdangerous.URLSafeSerializer(
            [key["secret"] for key in keys], salt=f"earshot.{purpose}", signer=_Signer, signer_kwargs=_SIGNER
        )


class _Signer(itsdangerous.Signer):
    """One text per signature: decoding base64 passes over the last two bits and over foreign characters."""

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        return super().verify_signature(value, sig) and base64_encode(base64_decode(sig)) == sig


def _tag(key: dict[str, Any], purpose: str, text: str) -> str:
    digest = hmac.digest(key["secret"].encode(), f"earshot.{purpose}\0{text}".encode(), "sha256")
    return base64.b32encode(digest[:10]).decode().lower()


def _new_key(active_at: int) -> dict[str, Any]:
    return {"secret": secrets.token_urlsafe(32), "active_at": active_at, "retires_at": None}
