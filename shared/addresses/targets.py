"""What a route leads to, written `kind:address`, and what each kind can be."""

import re
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator

from shared.addresses import contact
from shared.addresses.web import LOOPBACK, find_problem


class TargetKind(StrEnum):
    """What a card or an event can be sent to."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"
    TEAMS = "teams"
    SQS = "sqs"
    SNS = "sns"
    LAMBDA = "lambda"
    BUS = "bus"

    @property
    def is_aws(self) -> bool:
        """EventBridge delivers to these by itself; `notify` delivers to the others."""
        return self in (TargetKind.SQS, TargetKind.SNS, TargetKind.LAMBDA, TargetKind.BUS)

    @property
    def is_for_people(self) -> bool:
        """People get one settled card; machines get every event at once."""
        return self in (TargetKind.EMAIL, TargetKind.SLACK, TargetKind.TEAMS)


class _Arn(NamedTuple):
    """How the ARN of a target ends, for the reader and for the one who writes it."""

    service: str
    resource: str
    names: str
    example: str


_ARNS = {
    TargetKind.SQS: _Arn("sqs", r"[\w-]{1,80}(\.fifo)?", "a queue", "arn:aws:sqs:region:account:queue"),
    # EventBridge does not deliver to FIFO topics.
    TargetKind.SNS: _Arn("sns", r"[\w-]{1,256}", "a standard topic", "arn:aws:sns:region:account:topic"),
    TargetKind.LAMBDA: _Arn(
        "lambda", r"function:[\w-]{1,64}(:[\w$-]+)?", "a function", "arn:aws:lambda:region:account:function:name"
    ),
    TargetKind.BUS: _Arn(
        "events", r"event-bus/[\w./-]{1,256}", "a bus", "arn:aws:events:region:account:event-bus/name"
    ),
}


class Target(NamedTuple):
    """Where a route leads, written `kind:address`."""

    kind: TargetKind
    address: str

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read `kind:address`; ValueError says what is wrong with it."""
        kind, _, address = text.partition(":")
        if kind not in TargetKind.__members__.values():
            raise ValueError(f"{text!r} must start with one of {', '.join(f'{kind}:' for kind in TargetKind)}")
        target = cls(TargetKind(kind), address)
        target._check()
        return target

    def _check(self) -> None:
        if self.kind is TargetKind.EMAIL:
            contact.email(self.address)
        elif self.kind.is_aws:
            arn = _ARNS[self.kind]
            if not re.fullmatch(rf"arn:aws[a-z-]*:{arn.service}:[a-z0-9-]+:\d{{12}}:{arn.resource}", self.address):
                raise ValueError(f"{self.address!r} is not the ARN of {arn.names}; write {arn.example}")
        elif (problem := find_problem(self.kind, self.address, loopback=True)) is not None:
            raise ValueError(f"{self.address!r} {problem}")

    @property
    def is_on_loopback(self) -> bool:
        """Whether it leads to the machine itself, which only the local stage has business with."""
        return self.kind is TargetKind.WEBHOOK and self.host in LOOPBACK

    @property
    def host(self) -> str:
        """The host of a URL; empty for what is none."""
        return urlsplit(self.address).hostname or ""

    @property
    def shown(self) -> str:
        """The target as people are shown it: of a URL only the host, since its path may be a credential."""
        if self.kind is TargetKind.EMAIL or self.kind.is_aws:
            return str(self)
        return f"{self.kind}:{self.host}"

    @property
    def id(self) -> str:
        """Short and stable: deliveries are kept apart by it, and addresses stay out of keys and logs."""
        return sha256(str(self).encode()).hexdigest()[:10]

    def __str__(self) -> str:
        return f"{self.kind}:{self.address}"


def _target(value: str) -> str:
    Target.parse(value)
    return value


TargetText = Annotated[str, AfterValidator(_target)]


def spelling(target: str) -> str:
    """The same for two that lead to the same person: mail addresses differ by more than case."""
    return target.lower() if target.startswith(f"{TargetKind.EMAIL}:") else target
