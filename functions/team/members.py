"""Who may come in: the people whom `earshot.toml` lists for a team, by a link mailed to them."""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from shared.config.model import Config
from shared.keys.sessions import Wanted

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_ADDRESS = 254


class SignInRequest(BaseModel):
    """A request for a sign-in link, as it waits in the queue. The link is to lead to what was `wanted`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)  # errors reach the log

    email: str
    wanted: Wanted | None = None


class Members:
    """Knows who belongs to which team, and takes requests for the links that let them in."""

    def __init__(self, config: Config, client: "SQSClient", queue_url: str) -> None:
        self._config = config
        self._client = client
        self._queue_url = queue_url

    def ask(self, typed: str, wanted: Wanted | None) -> None:
        """Queue a request, whosever address it is: neither the answer nor its time can tell whether it is listed."""
        email = typed.strip().lower()
        if len(email) <= LONGEST_ADDRESS:
            body = SignInRequest(email=email, wanted=wanted).model_dump_json(ensure_ascii=True)
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)

    def teams(self, email: str) -> list[str]:
        """The ids of the teams that list an address."""
        return teams_of(self._config, email)


def teams_of(config: Config, email: str) -> list[str]:
    """The ids of the teams that list an address."""
    listed = email.lower()
    return [id for id, team in config.teams.items() if any(person.email.lower() == listed for person in team.people)]
