"""One deployment: what all its parts need to know of it, and what differs between AWS and the local stage."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_lambda as lambda_

from shared.config.model import Config


class StageNameInvalid(Exception):
    """The stage cannot have this name. `str()` says which it can have."""


@dataclass(frozen=True)
class Platform:
    """What every function of a stage runs on."""

    code: lambda_.Code
    runtime: lambda_.Runtime
    architecture: lambda_.Architecture
    environment: Mapping[str, str]


@dataclass(frozen=True)
class LocalStage:
    """What `make run` says about itself: URLs on loopback without a slash at the end, and a bucket for assets."""

    public_url: str
    outbox_url: str
    assets_bucket: str


@dataclass(frozen=True)
class Stage:
    """One deployment of Earshot."""

    name: str
    config: Config
    platform: Platform
    local: LocalStage | None = None
    account: str | None = None
    region: str | None = None
    """Where it is deployed to; None where a template is made without AWS credentials."""

    def __post_init__(self) -> None:
        """Raises `StageNameInvalid`: buckets are named after the stage."""
        if not re.fullmatch("[a-z0-9](-?[a-z0-9]){0,14}", self.name) or len(self.name) > 15:
            raise StageNameInvalid(f"A stage cannot be named {self.name!r}: use up to 15 of a-z, 0-9 and single dashes")

    @property
    def qualified_name(self) -> str:
        """The name of the stack and of the bus: `earshot` for `prod`, `earshot-<stage>` for the others."""
        return "earshot" if self.name == "prod" else f"earshot-{self.name}"

    @property
    def public_url(self) -> str:
        """What every link starts with, without a slash at the end."""
        return self.config.business.public_url

    @property
    def keeps_data(self) -> bool:
        """In AWS customers' words outlive the stack; in the local stage nothing does."""
        return self.local is None

    @property
    def removal_policy(self) -> RemovalPolicy:
        """What becomes of data when the stack goes."""
        return RemovalPolicy.RETAIN if self.keeps_data else RemovalPolicy.DESTROY

    def named(self, part: str) -> str:
        """The name of what outlasts the stack, always the same, so that the next stack of the stage takes it up again.

        CloudFormation imports what exists under a name that stands in the template as it is.
        """
        return f"{self.qualified_name}-{part}"

    def bucket_named(self, part: str) -> str | None:
        """The same for a bucket, whose name no other account may have; None as long as the account is not known."""
        if not self.keeps_data or not (self.account and self.region):
            return None
        return f"{self.named(part)}-{self.account}-{self.region}"

    @property
    def demands_tls(self) -> bool:
        """MiniStack speaks plain HTTP on loopback, which a policy that demands TLS would rightly deny."""
        return self.local is None
