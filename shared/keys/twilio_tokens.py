"""The auth tokens of the Twilio accounts in `earshot.toml`: each signs its account's requests.

They lie in the table of keys, as ciphertext that only KMS opens, for the one account named in the encryption context.
Sealed and opened by pydynox's own client of KMS, since capture_sms imports no boto3 (docs/decisions.md).
"""

import time
from collections.abc import Callable
from typing import Any

from pydynox import DynamoDBClient
from pydynox.pydynox_core import KmsEncryptor

from shared.table.items import KeyItem

CONTEXT = "twilio"
"""What names the account in the encryption context."""
_CACHED_SECONDS = 60.0


class TwilioTokens:
    """The tokens of one stage, kept in memory for a minute."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        key_id: str,
        *,
        clock: Callable[[], float] = time.time,
        **access: Any,
    ) -> None:
        """`key_id` is the key that seals; `access` the credentials and endpoint, where not the environment's."""
        self._client = client
        self._table = table
        self._key_id = key_id
        self._clock = clock
        self._access = access
        self._known: dict[str, tuple[float, str | None]] = {}

    def get(self, account: str) -> str | None:
        """The token of an account; None when none was set, or only before tokens were sealed.

        Raises `PydynoxException` where it cannot be opened now.
        """
        read_at, token = self._known.get(account, (float("-inf"), None))
        if self._clock() - read_at >= _CACHED_SECONDS:
            item = self._client.sync_get_item(self._table, _key(account), consistent_read=True)
            token = self._seal(account).sync_decrypt(item["sealed"]) if item and "sealed" in item else None
            self._known[account] = self._clock(), token
        return token

    def set(self, account: str, token: str) -> None:
        """Set or replace the token; warm functions know it within a minute."""
        item = _key(account) | {"sealed": self._seal(account).sync_encrypt(token)}
        self._client.sync_put_item(self._table, item)

    def _seal(self, account: str) -> KmsEncryptor:
        context = {CONTEXT: account}
        return KmsEncryptor(
            self._key_id, context=context, connect_timeout=2, read_timeout=4, max_retries=2, **self._access
        )


def _key(account: str) -> dict[str, str]:
    return KeyItem.TWILIO.key(account)
