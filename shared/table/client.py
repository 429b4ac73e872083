"""The one DynamoDB client of functions and commands, which never waits for good."""

from typing import TypedDict, Unpack

from pydynox import DynamoDBClient


class Caller(TypedDict, total=False):
    """Whose client it is and what it speaks to, where the environment does not say."""

    region: str | None
    access_key: str | None
    secret_key: str | None
    session_token: str | None
    endpoint_url: str | None


def connect(**caller: Unpack[Caller]) -> DynamoDBClient:
    """A client whose request fails after at most two attempts of four seconds each.

    Without time limits, an answer that never comes holds a function until it is killed, and a command for good.
    """
    return DynamoDBClient(connect_timeout=2, read_timeout=4, max_retries=2, **caller)
