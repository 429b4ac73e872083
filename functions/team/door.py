"""Who may come in: the people whom `earshot.toml` lists for a team, by a link mailed to them."""

import time
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from pydynox.exceptions import PydynoxException

from shared import letters, mail
from shared.config import Config
from shared.http import outage
from shared.observe import count
from shared.sessions import Sessions, Wanted

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

FAILURES = (PydynoxException, ClientError, BotoCoreError)
"""How the table and the rest of AWS fail."""

# Everybody waits as long, since the table and SES are asked only where an address is listed.
ANSWERS_AFTER_SECONDS = 1.0


class Door:
    """Knows who belongs to which team, and mails the links that let them in."""

    def __init__(self, config: Config, sessions: Sessions, client: "SESV2Client") -> None:
        self._config = config
        self._sessions = sessions
        self._client = client

    def teams(self, email: str) -> list[str]:
        """The ids of the teams that list an address."""
        listed = email.lower()
        return [
            id
            for id, team in self._config.teams.items()
            if any(person.email.lower() == listed for person in team.people)
        ]

    def send_link(self, typed: str, now: datetime, wanted: Wanted | None) -> None:
        """Mail a sign-in link to a listed address; nothing happens for any other, and nobody is told which it was.

        The link leads to what was `wanted`, where that is on a page of theirs.
        """
        email, began = typed.strip().lower(), time.monotonic()
        try:
            sent = self.teams(email) and self._mail_link(email, now, wanted)
        except FAILURES as error:  # only where an address is listed is anything asked of AWS: so none is told
            count("SignInLinkFailed")
            outage(error)
        else:
            count("SignInLinkSent" if sent else "SignInRefused")
        time.sleep(max(0.0, ANSWERS_AFTER_SECONDS - (time.monotonic() - began)))

    def _mail_link(self, email: str, now: datetime, wanted: Wanted | None) -> bool:
        """False where the address has asked for too many."""
        token = self._sessions.link(email, now, wanted)
        if token is None:
            return False
        business = self._config.business
        mail.send(self._client, business, email, letters.sign_in(self._config, f"{business.public_url}/t/{token}"))
        return True
