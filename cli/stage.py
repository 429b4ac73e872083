"""How a command finds the stage it speaks to: the local one while it runs, else the one deployed to AWS."""

import json
import os
import socket
from collections.abc import Callable
from functools import cached_property, wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import click
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError
from pydynox import DynamoDBClient

from shared.addresses.dns import resolve
from shared.cases.cases import Cases
from shared.config import load as config_file
from shared.config.model import Config
from shared.deliveries.deliveries import Deliveries
from shared.feedback.store import Store
from shared.keys.signing import Keys
from shared.keys.twilio_tokens import TwilioTokens
from shared.keys.webhook_secrets import WebhookSecrets
from shared.routes.route_table import RouteTable
from shared.routes.routes import Routes
from shared.routes.rules import Rules
from shared.table.client import Caller, connect
from shared.table.items import KeyItem

LOCAL_FILE = Path(".earshot/local.json")
# Longer than any function may run, and once: an invocation that is sent again does its work again.
_INVOKES = ClientConfig(read_timeout=15 * 60 + 30, retries={"total_max_attempts": 1}, tcp_keepalive=True)


def stack_name(stage: str) -> str:
    """The CloudFormation stack of a stage."""
    return "earshot" if stage == "prod" else f"earshot-{stage}"


class Stage:
    """One deployed stage, seen with the caller's credentials."""

    def __init__(self, name: str, session: boto3.Session, endpoint_url: str | None = None) -> None:
        self.name = name
        self.session = session
        self.endpoint_url = endpoint_url

    @classmethod
    def find(cls, name: str | None) -> "Stage":
        """The stage called `name`; without a name the local one if it runs, else prod."""
        local = json.loads(LOCAL_FILE.read_text()) if LOCAL_FILE.exists() else None
        if local and name in (None, local["stage"]):
            if not _answers(local["endpoint_url"]):
                raise click.ClickException("the local stage has stopped; start it again with `make run`")
            session = boto3.Session(local["access_key"], local["secret_key"], region_name=local["region"])
            return cls(local["stage"], session, local["endpoint_url"])
        if name == "local":
            raise click.ClickException("the local stage is not running; start it with `make run`")
        # The SDK for Python looks for AWS_DEFAULT_REGION alone; everything else of AWS's knows this one too.
        return cls(name or "prod", boto3.Session(region_name=os.environ.get("AWS_REGION")))

    @property
    def is_local(self) -> bool:
        """Whether this is the stage that `make run` started."""
        return self.endpoint_url is not None

    def client(self, service: str) -> Any:
        """A boto3 client of the stage."""
        config = _INVOKES if service == "lambda" else None
        try:
            return self.session.client(service, endpoint_url=self.endpoint_url, config=config)  # type: ignore[call-overload]
        except NoRegionError:
            raise click.ClickException(
                "no AWS region; set AWS_REGION, or start the local stage with `make run`"
            ) from None

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs, by name (infra/stack.py lists them)."""
        name = stack_name(self.name)
        try:
            stack = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except NoCredentialsError:
            raise click.ClickException(
                "no AWS credentials; sign in with the AWS CLI, or start the local stage with `make run`"
            ) from None
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                raise click.ClickException(f"no stack {name!r} here; deploy it with `make deploy`") from None
            raise
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """The DynamoDB client that store and keys use, with the session's credentials."""
        return connect(**self._access)

    @property
    def _access(self) -> Caller:
        """The session's credentials and endpoint, as pydynox's clients take them."""
        credentials = self.session.get_credentials()
        if credentials is None:
            raise click.ClickException("no AWS credentials; sign in with the AWS CLI")
        frozen = credentials.get_frozen_credentials()
        return {
            "region": self.session.region_name,
            "access_key": frozen.access_key,
            "secret_key": frozen.secret_key,
            "session_token": frozen.token,
            "endpoint_url": self.endpoint_url,
        }

    @cached_property
    def store(self) -> Store:
        """The main table."""
        return Store(self.dynamodb, self.outputs["Table"])

    @cached_property
    def cases(self) -> Cases:
        """The cases in the main table."""
        return Cases(self.dynamodb, self.outputs["Table"])

    @cached_property
    def keys(self) -> Keys:
        """The keys that sign links and reply addresses."""
        return Keys(self.dynamodb, self.outputs["KeysTable"])

    @cached_property
    def session_keys(self) -> Keys:
        """The keys that sign teams' sign-in links and sessions."""
        return Keys(self.dynamodb, self.outputs["KeysTable"], KeyItem.SESSIONS)

    @cached_property
    def config(self) -> Config:
        """The settings of earshot.toml; raises `ConfigError`."""
        config, public_url = config_file.load(), self.outputs["PublicUrl"]
        if self.is_local:
            return config.at(public_url)
        config_file.check_for_aws(config)  # only now, since a stage that is not there is said first
        return config

    @cached_property
    def deliveries(self) -> Deliveries:
        """The deliveries of cards and webhooks."""
        return Deliveries(self.dynamodb, self.outputs["Table"])

    @cached_property
    def rules(self) -> Rules:
        """The rules on the bus that teams' routes are."""
        return Rules(
            self.client("events"),
            bus=self.outputs["Bus"],
            deliveries=self.outputs["DeliveriesQueueArn"],
            refused=self.outputs["RulesDeadLetterQueueArn"],
        )

    @cached_property
    def webhook_secrets(self) -> WebhookSecrets:
        """The secrets that sign webhooks."""
        return WebhookSecrets(self.dynamodb, self.outputs["KeysTable"], self.client("kms"), self.outputs["SecretsKey"])

    @cached_property
    def twilio_tokens(self) -> TwilioTokens:
        """The auth tokens of Twilio accounts."""
        return TwilioTokens(self.dynamodb, self.outputs["KeysTable"], self.outputs["SecretsKey"], **self._access)

    @cached_property
    def routes(self) -> Routes:
        """The routes of the file and those made at run time, with what may be done with them."""
        table = RouteTable(self.dynamodb, self.outputs["Table"])
        return Routes(self.config, table, self.rules, self.deliveries, self.webhook_secrets, resolver=resolve)


def client_at(stage: Stage, arn: str, service: str | None = None) -> Any:
    """A boto3 client of a stage for the region that an ARN names, and for its service or another."""
    _, _, named, region, *_ = arn.split(":")
    return stage.session.client(service or named, region_name=region, endpoint_url=stage.endpoint_url)  # type: ignore[call-overload]


def _answers(endpoint_url: str) -> bool:
    """Whether anything listens there: a local stage that was killed leaves its description behind."""
    address = urlsplit(endpoint_url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname or "", address.port or 80)) == 0


def with_stage(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the command the `Stage` that `--stage` names, as its first argument."""

    @click.pass_obj
    @wraps(command)
    def found(name: str | None, /, *args: Any, **kwargs: Any) -> Any:
        return command(Stage.find(name), *args, **kwargs)

    return found
