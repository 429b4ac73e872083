"""The secrets that sign webhooks: one per target of a route, made on first use, encrypted with a key of KMS.

They lie in the table of keys, as ciphertext that only KMS opens, for the one target named in the encryption context. A
rotation adds a secret; until the overlap ends, requests are signed with both, so that a receiver can change at leisure.
"""

import base64
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydynox import DynamoDBClient

from shared.errors import Contended
from shared.table.items import KeyItem
from shared.table.table import NEW_KEY, Table

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

PREFIX = "whsec_"
CONTEXT = ("route", "target")
"""What names the one target of a secret in the encryption context."""
SECRET_BYTES = 32
OVERLAP = timedelta(days=7)  # unless its owner says otherwise
_CACHED_SECONDS = 60.0


class WebhookSecrets:
    """The webhook secrets of one stage; opened ones are kept in memory for a minute."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        kms: "KMSClient",
        key_id: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = Table(client, table)
        self._kms = kms
        self._key_id = key_id
        self._clock = clock
        self._opened: dict[tuple[str, str], tuple[float, list[str]]] = {}

    def live(self, route: str, target: str) -> list[str]:
        """The secrets to sign with now, newest first; the first is made when there is none."""
        opened_at, live = self._opened.get((route, target), (float("-inf"), []))
        now = self._clock()
        if now - opened_at < _CACHED_SECONDS:
            return live
        item = self._load(route, target) or self._create(route, target)
        live = [self._open(route, target, sealed) for sealed in reversed(item["secrets"]) if _is_live(sealed, now)]
        self._opened[route, target] = now, live
        return live

    def reveal(self, route: str, target: str) -> str | None:
        """The newest secret, the first time it is asked for; None when it was shown before. Only for its owner."""
        item = self._load(route, target) or self._create(route, target)
        if not self._update(route, target, item, shown=True):
            return None
        return self._open(route, target, item["secrets"][-1])

    def rotate(self, route: str, target: str, overlap: timedelta) -> None:
        """Add a secret, not shown yet; those before it sign until `overlap` has passed.

        Raises `Contended` where someone else changes it at this moment.
        """
        item = self._load(route, target) or self._create(route, target)
        now = self._clock()
        retires_at = int(now + overlap.total_seconds())
        kept = [sealed for sealed in item["secrets"] if _is_live(sealed, now)]
        for sealed in kept:
            sealed["retires_at"] = min(sealed["retires_at"] or retires_at, retires_at)
        item["secrets"] = [*kept, self._seal(route, target)]
        if not self._update(route, target, item, shown=False):
            raise Contended("Someone else is changing this secret; look at it before you do it again.")
        self._opened.pop((route, target), None)

    def forget(self, route: str, target: str) -> None:
        """Remove every secret of a target: the next one is new, and not shown yet."""
        self._table.delete(_key(route, target))
        self._opened.pop((route, target), None)

    def _load(self, route: str, target: str) -> dict[str, Any] | None:
        item = self._table.get(_key(route, target))
        return None if item is None else dict(item)

    def _create(self, route: str, target: str) -> dict[str, Any]:
        item = _key(route, target) | {"secrets": [self._seal(route, target)], "shown": False, "version": 1}
        if self._table.put(item, NEW_KEY):
            return item
        return self._load(route, target) or {}  # another worker was first

    def _update(self, route: str, target: str, item: dict[str, Any], *, shown: bool) -> bool:
        """Write over the version that was read, and only once as shown; False where that did not hold."""
        return self._table.update(
            _key(route, target),
            "SET secrets = :secrets, shown = :shown, #version = :next",
            {
                "condition_expression": "#version = :version" + (" AND shown = :not" if shown else ""),
                "expression_attribute_names": {"#version": "version"},
                "expression_attribute_values": {
                    ":secrets": item["secrets"],
                    ":shown": shown,
                    ":version": item["version"],
                    ":next": item["version"] + 1,
                }
                | ({":not": False} if shown else {}),
            },
        )

    def _seal(self, route: str, target: str) -> dict[str, Any]:
        answer = self._kms.encrypt(
            KeyId=self._key_id,
            Plaintext=secrets.token_bytes(SECRET_BYTES),
            EncryptionContext=dict(zip(CONTEXT, (route, target), strict=True)),
        )
        return {"sealed": base64.b64encode(answer["CiphertextBlob"]).decode(), "retires_at": None}

    def _open(self, route: str, target: str, sealed: dict[str, Any]) -> str:
        answer = self._kms.decrypt(  # the sealed text names its key, which may be an earlier stack's
            CiphertextBlob=base64.b64decode(sealed["sealed"]),
            EncryptionContext=dict(zip(CONTEXT, (route, target), strict=True)),
        )
        return PREFIX + base64.b64encode(answer["Plaintext"]).decode()


def _key(route: str, target: str) -> dict[str, str]:
    return KeyItem.WEBHOOK.key(route, target)


def _is_live(sealed: dict[str, Any], now: float) -> bool:
    return sealed["retires_at"] is None or sealed["retires_at"] > now
