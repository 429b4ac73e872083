"""When the stack goes: removes the rules that were made at run time, since a bus with rules cannot be deleted."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.setup import custom_resource
from shared.observe import logger
from shared.settings import ClearRulesSettings

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Clear the bus on Delete; nothing else is to do."""

    def work() -> None:
        if event["RequestType"] == "Delete":
            clear(boto3.client("events"), ClearRulesSettings.from_environment().bus)

    custom_resource.answer(event, work)


def clear(client: "EventBridgeClient", bus: str) -> list[str]:
    """Remove every rule of the bus but those that AWS manages, also of other accounts; returns their names.

    CloudFormation removes its own at the same time: one that is gone by now is done.
    """
    names = list(_rules(client, bus))
    for name in names:
        with suppress(client.exceptions.ResourceNotFoundException):
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
