"""Failures that are kept in one place: how they are counted, and what sending them again has in common."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from cli.stage import Stage


@dataclass
class Tally:
    """What became of the failures kept in one place, in whole numbers, and why some stay there."""

    sent: int = 0
    kept: int = 0
    reasons: list[str] = field(default_factory=list)

    def keep(self, number: int, reason: str) -> None:
        """Count what stays; each reason is said once."""
        self.kept += number
        if reason not in self.reasons:
            self.reasons.append(reason)


class Place(NamedTuple):
    """Where failures of one kind are kept, how to look at how many there are, and how to send them again.

    `look` leaves out what can never be sent, and names it as a reason.
    """

    what: str
    look: Callable[[Stage], Tally]
    send: Callable[[Stage], Tally]


FUNCTIONS = {  # by the outputs that name them, as a reader knows them
    "PublishFunction": "publish",
    "SendFunction": "send",
    "TextsFunction": "capture_sms",
    "CaptureEmailFunction": "capture_email",
}


class Kept(Exception):
    """Something cannot be sent now; the message says why."""


def invoke(stage: Stage, function: str, payload: str) -> Any:
    """Invoke the function that a stack output names and return its answer; raises `Kept` if it could not run."""
    try:
        answer = stage.client("lambda").invoke(FunctionName=stage.outputs[function], Payload=payload.encode())
    except ClientError as error:
        raise Kept(f"{FUNCTIONS[function]} could not be invoked: {error}") from None
    if "FunctionError" in answer:
        raise Kept(f"{FUNCTIONS[function]} could not run; read its log")
    return json.load(answer["Payload"])


def keys(stage: Stage, bucket: str, prefix: str = "") -> Iterator[str]:
    """The keys of all objects in the bucket that an output names."""
    for page in (
        stage.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stage.outputs[bucket], Prefix=prefix)
    ):
        for found in page.get("Contents", ()):
            yield found["Key"]
