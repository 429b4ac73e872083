"""Answering CloudFormation as a custom resource: it waits an hour for one that says nothing."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import urllib3

from shared.observe import logger

MAX_REASON = 1_000  # characters; an answer over 4 kB is no answer


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
    urllib3.request("PUT", event["ResponseURL"], body=body, headers={"Content-Type": ""}, timeout=20)
