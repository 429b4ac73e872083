"""The auth tokens of the Twilio accounts in `earshot.toml`: each signs its account's requests. In the table of keys."""

import time
from collections.abc import Callable

from pydynox import DynamoDBClient

from shared.table.items import KeyItem

_CACHED_SECONDS = 60.0


class TwilioTokens:
    """The tokens of one stage, kept in memory for a minute."""

    def __init__(self, client: DynamoDBClient, table: str, *, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._known: dict[str, tuple[float, str | None]] = {}

    def get(self, account: str) -> str | None:
        """The token of an account; None when none was set."""
        read_at, token = self._known.get(account, (float("-inf"), None))
        if self._clock() - read_at >= _CACHED_SECONDS:
            item = self._client.sync_get_item(self._table, _key(account), consistent_read=True)
            token = item["token"] if item else None
            self._known[account] = self._clock(), token
        return token

    def set(self, account: str, token: str) -> None:
        """Set or replace the token; warm functions know it within a minute."""
        self._client.sync_put_item(self._table, _key(account) | {"token": token})


def _key(account: str) -> dict[str, str]:
    return KeyItem.TWILIO.key(account)
