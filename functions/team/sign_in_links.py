"""Sign-in links by mail, for those whom `earshot.toml` lists."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config as ClientConfig

from functions.team.members import SignInRequest, teams_of
from shared.config.load import load
from shared.config.model import Config
from shared.keys.sessions import Sessions
from shared.keys.signing import Keys
from shared.mail import letters, sending
from shared.settings import SignInSettings
from shared.table.client import connect
from shared.table.items import KeyItem
from shared.values import utc_now

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class Links:
    """Mails links to those who are listed for a team."""

    def __init__(
        self, config: Config, sessions: Sessions, client: "SESV2Client", clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._client = client
        self._clock = clock

    def send(self, asked: SignInRequest) -> bool:
        """Mail a link; False where the address is not listed, or got as many of late as it may."""
        now = self._clock()
        if not teams_of(self._config, asked.email):
            return False
        token = self._sessions.link(asked.email, now, asked.browser, asked.wanted)
        if token is None:
            return False
        business = self._config.business
        letter = letters.sign_in(self._config, f"{business.public_url}/t/{token}")
        try:
            sending.send(self._client, business, asked.email, letter)
        except Exception:
            self._sessions.unlink(asked.email, now)
            raise
        return True


def build() -> Links:
    """What this stage mails by, from the environment."""
    settings = SignInSettings.from_environment()
    client = connect()
    quick = ClientConfig(connect_timeout=2, read_timeout=4, retries={"total_max_attempts": 2})
    return Links(
        load(deployed=True).at(settings.public_url),
        Sessions(client, settings.table, Keys(client, settings.keys_table, KeyItem.SESSIONS)),
        boto3.client("sesv2", config=quick),
    )
