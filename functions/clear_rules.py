"""When the stack goes: removes the rules that were made at run time, since a bus with rules cannot be deleted.

A custom resource of CloudFormation, which waits for the answer that is put to `ResponseURL`.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import urllib3
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.observe import logger
from shared.settings import ClearRulesSettings

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Clear the bus on Delete; nothing else is to do. Always answers, or CloudFormation would wait for an hour."""
    status, reason = "SUCCESS", ""
    try:
        if event["RequestType"] == "Delete":
            clear(boto3.client("events"), ClearRulesSettings.from_environment().bus)
    except Exception as error:
        logger.exception("The rules could not be removed")
        status, reason = "FAILED", f"{type(error).__name__}: {error}"
    answer = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId", "run-time-rules"),
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    # The URL is signed for no content type.
    urllib3.request("PUT", event["ResponseURL"], body=json.dumps(answer).encode(), headers={"Content-Type": ""})


def clear(client: "EventBridgeClient", bus: str) -> list[str]:
    """Remove every rule of the bus but those that AWS manages, also of other accounts; returns their names."""
    names = list(_rules(client, bus))
    for name in names:
        targets = [target["Id"] for target in client.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]]
        if targets:
            client.remove_targets(Rule=name, EventBusName=bus, Ids=targets)
        client.delete_rule(Name=name, EventBusName=bus)
    return names


def _rules(client: "EventBridgeClient", bus: str) -> Iterator[str]:
    request: dict[str, Any] = {"EventBusName": bus}
    while True:
        page = client.list_rules(**request)
        yield from (rule["Name"] for rule in page["Rules"] if "ManagedBy" not in rule)
        if "NextToken" not in page:
            return
        request["NextToken"] = page["NextToken"]
