"""Answering CloudFormation as a custom resource: it waits an hour for one that says nothing."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import urllib3

from shared.observe import logger

MAX_REASON = 1_000  # characters; an answer over 4 kB is no answer
_RETRIES = urllib3.Retry(
    total=4, backoff_factor=0.5, status_forcelist=(500, 502, 503, 504), allowed_methods=["PUT"], raise_on_status=False
)


class AnswerRefused(Exception):
    """S3, where the answer is put, did not take it."""


def answer(event: Mapping[str, Any], work: Callable[[], None]) -> None:
    """Do the work of a request, and say whether it was done, whatever happens.

    The resource's id stays what it was first, so that no change of its properties makes another resource of it, whose
    predecessor would then be deleted.
    """
    said = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    said |= {"PhysicalResourceId": event.get("PhysicalResourceId", event["LogicalResourceId"]), "Status": "SUCCESS"}
    try:
        work()
    except Exception as error:
        logger.exception("The custom resource failed")
        said |= {"Status": "FAILED", "Reason": f"{type(error).__name__}: {error}"[:MAX_REASON]}
    # The URL is signed for no content type.
    body = json.dumps(said).encode()
    taken = urllib3.request(
        "PUT", event["ResponseURL"], body=body, headers={"Content-Type": ""}, timeout=20, retries=_RETRIES
    )
    if taken.status != HTTPStatus.OK:  # so that Lambda tries again, and the log says why CloudFormation waits
        raise AnswerRefused(f"CloudFormation's answer of {said['Status']} was refused with HTTP {taken.status}.")
