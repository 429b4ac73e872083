"""How a route is a rule on the bus, `earshot-route-<id>`, and the only code that makes one outside of a deploy."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.conditions import parse
from shared.config import Route, TargetKind
from shared.errors import EarshotError
from shared.patterns import TEST_EVENT, TEST_SOURCE, pattern_text, rule_pattern
from shared.route_table import TeamRoute

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

RULE_PREFIX = "earshot-route-"
RETRY_SECONDS = 24 * 3600
RETRIES = 185


class RouteRefused(EarshotError):
    """EventBridge did not take the rule."""

    code = "route_refused"
    status = 422


def rule_targets(
    id: str, route: Route, *, deliveries: str, refused: str, roles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The targets of a route's rule, as PutTargets and CloudFormation alike want them.

    `deliveries` and `refused` are the ARNs of the queues for notify and for what a target refuses; `roles` has, per
    address of another bus, the role that may put events on it.
    """
    common = {
        "RetryPolicy": {"MaximumEventAgeInSeconds": RETRY_SECONDS, "MaximumRetryAttempts": RETRIES},
        "DeadLetterConfig": {"Arn": refused},
    }
    targets: list[dict[str, Any]] = []
    for target in route.targets:
        each: dict[str, Any] = {"Id": f"{target.kind}-{target.id}", "Arn": target.address} | common
        if not target.kind.is_aws:  # notify reads the route, the target and the event; each target fails apart
            names = json.dumps({"route": id, "target": target.id})
            template = f'{names[:-1]}, "event": <aws.events.event.json>}}'
            each |= {"Arn": deliveries, "InputTransformer": {"InputTemplate": template}}
        if target.address.endswith(".fifo"):  # a FIFO queue wants a group; one per route keeps the route's order
            each["SqsParameters"] = {"MessageGroupId": id}
        if target.kind is TargetKind.BUS:
            each["RoleArn"] = roles[target.address]
        targets.append(each)
    return targets


class Rules:
    """The rules of run-time routes on the bus of one stage."""

    def __init__(self, client: "EventBridgeClient", *, bus: str, deliveries: str, refused: str) -> None:
        self._client = client
        self._bus = bus
        self._queues = {"deliveries": deliveries, "refused": refused}

    def apply(self, route: TeamRoute, before: TeamRoute | None = None) -> None:
        """Make the rule say what the route says, instead of what it said before; raises `RouteRefused`."""
        name = RULE_PREFIX + route.id
        targets: Any = rule_targets(
            route.id, route, **self._queues, roles=dict.fromkeys(_buses(route), route.role or "")
        )
        try:
            self._client.put_rule(
                Name=name,
                EventBusName=self._bus,
                EventPattern=pattern_text(rule_pattern(route.id, parse(route.when))),
                State="DISABLED" if route.paused else "ENABLED",
                Description=f"To {route.team}: {route.when or 'every event'}"[:512],
            )
        except self._client.exceptions.LimitExceededException:
            raise RouteRefused(
                "The bus has as many rules as it may have; raise the quota 'Rules' of EventBridge, or remove a route."
            ) from None
        stale = (_target_ids(before) if before else set()) - _target_ids(route)
        if stale:  # first, since a rule has room for five
            self._client.remove_targets(Rule=name, EventBusName=self._bus, Ids=sorted(stale))
        answer = self._client.put_targets(Rule=name, EventBusName=self._bus, Targets=targets)
        if answer["FailedEntryCount"]:
            refusal = answer["FailedEntries"][0]
            raise RouteRefused(f"EventBridge refused the target {refusal['TargetId']}: {refusal['ErrorMessage']}")

    def remove(self, route: TeamRoute) -> None:
        """Remove the route's rule, if it is there."""
        name = RULE_PREFIX + route.id
        try:
            self._client.remove_targets(Rule=name, EventBusName=self._bus, Ids=sorted(_target_ids(route)))
            self._client.delete_rule(Name=name, EventBusName=self._bus)
        except self._client.exceptions.ResourceNotFoundException:
            return

    def test(self, detail: Mapping[str, Any]) -> None:
        """Put a `trial_detail` on the bus: only the rule of the route that it names matches."""
        answer = self._client.put_events(
            Entries=[
                {
                    "EventBusName": self._bus,
                    "Source": TEST_SOURCE,
                    "DetailType": TEST_EVENT,
                    "Detail": json.dumps(detail),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise RouteRefused(f"The bus refused the test: {answer['Entries'][0].get('ErrorMessage')}")


def _buses(route: Route) -> list[str]:
    return [target.address for target in route.targets if target.kind is TargetKind.BUS]


def _target_ids(route: Route) -> set[str]:
    return {f"{target.kind}-{target.id}" for target in route.targets}
