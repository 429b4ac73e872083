"""The members of teams, as `earshot.toml` lists them, and their requests for sign-in links."""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from shared.config.model import Config
from shared.keys.sessions import Browser, Wanted

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_ADDRESS = 254


class SignInRequest(BaseModel):
    """A request for a sign-in link, as it waits in the queue. The link is to lead to what was `wanted`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)  # errors reach the log

    email: str
    browser: str
    """The id of the browser that asked (`shared.keys.sessions.Browser`)."""
    wanted: Wanted | None = None


class Members:
    """Knows who belongs to which team, and takes requests for the links that let them in."""

    def __init__(self, config: Config, client: "SQSClient", *, listed_queue_url: str, unlisted_queue_url: str) -> None:
        """Nobody reads the queue of requests for addresses that are not listed: they expire in it."""
        self._config = config
        self._client = client
        self._listed_queue_url = listed_queue_url
        self._unlisted_queue_url = unlisted_queue_url

    def ask(self, typed: str, wanted: Wanted | None, browser: Browser) -> None:
        """Queue a request for a link.

        One call of the same size for every address, so that neither the answer nor its time tells which are listed; and
        requests for unlisted addresses are never processed, so that a flood of them delays no genuine link.
        """
        email = typed.strip().lower()[:LONGEST_ADDRESS]
        is_listed = bool(self.teams(email))
        url = self._listed_queue_url if is_listed else self._unlisted_queue_url
        named = email if is_listed else "-" * len(email)  # addresses of strangers are not kept
        body = SignInRequest(email=named, browser=browser.id, wanted=wanted).model_dump_json(ensure_ascii=True)
        self._client.send_message(QueueUrl=url, MessageBody=body)

    def teams(self, email: str) -> list[str]:
        """The ids of the teams that list an address."""
        return teams_of(self._config, email)


def teams_of(config: Config, email: str) -> list[str]:
    """The ids of the teams that list an address, as one of their people, their lead or the chief customer officer."""
    listed = email.lower()
    return [id for id in config.teams if listed in config.members(id)]
