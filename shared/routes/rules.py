"""How a route is a rule on the bus, `earshot-route-<id>`, and the only code that makes one outside of a deploy."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from shared.addresses.targets import Target, TargetKind
from shared.conditions.pattern import pattern_text, rule_pattern
from shared.conditions.reader import parse
from shared.config.model import Route
from shared.errors import EarshotError
from shared.model.events import RouteTested
from shared.routes.route_table import TeamRoute

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

RULE_PREFIX = "earshot-route-"
MADE = "Made at run time, to"  # how the descriptions of rules begin that no stack made
RETRY_SECONDS = 24 * 3600
RETRIES = 185


class RouteRefused(EarshotError):
    """EventBridge did not take the rule."""

    code = "route_refused"
    status = 422


def on_refusal(refused: str) -> dict[str, Any]:
    """What becomes of an event that a target refuses: tried again for a day, then kept in the queue `refused`."""
    return {
        "RetryPolicy": {"MaximumEventAgeInSeconds": RETRY_SECONDS, "MaximumRetryAttempts": RETRIES},
        "DeadLetterConfig": {"Arn": refused},
    }


def rule_targets(
    id: str, route: Route, *, deliveries: str, refused: str, roles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The targets of a route's rule, as PutTargets and CloudFormation alike want them.

    `deliveries` and `refused` are the ARNs of the queues for notify and for what a target refuses; `roles` has, per
    address of another bus, the role that may put events on it.
    """
    common = on_refusal(refused)
    targets: list[dict[str, Any]] = []
    for target in route.targets:
        each: dict[str, Any] = {"Id": _target_id(target), "Arn": target.address} | common
        if not target.kind.is_aws:  # notify reads the route, the target and the event; each target fails apart
            names = json.dumps({"route": id, "target": target.id})
            template = f'{names[:-1]}, "event": <aws.events.event.json>}}'
            each |= {"Arn": deliveries, "InputTransformer": {"InputTemplate": template}}
        if target.kind is TargetKind.SQS and target.address.endswith(".fifo"):  # it wants a group; one keeps the order
            each["SqsParameters"] = {"MessageGroupId": id}
        if target.kind is TargetKind.BUS:
            each["RoleArn"] = roles[target.address]
        targets.append(each)
    return targets


def catches(pattern: str, id: str, route: Route) -> bool:
    """Whether a rule's pattern, as EventBridge tells it, is the one that the route would be given today."""
    there: Any = json.loads(pattern)
    return bool(there == json.loads(pattern_text(_pattern(id, route))))


class Rules:
    """The rules of run-time routes on the bus of one stage."""

    def __init__(self, client: "EventBridgeClient", *, bus: str, deliveries: str, refused: str) -> None:
        self._client = client
        self._bus = bus
        self._queues = {"deliveries": deliveries, "refused": refused}

    def apply(self, route: TeamRoute) -> None:
        """Make the rule say what the route says, whatever it said before; raises `RouteRefused`.

        A target that stands already is left alone: to put one on another bus again needs leave to pass its role.
        """
        name = RULE_PREFIX + route.id
        try:
            self._client.put_rule(
                Name=name,
                EventBusName=self._bus,
                EventPattern=pattern_text(_pattern(route.id, route)),
                State=_state(route),
                Description=f"{MADE} {route.team}: {route.when or 'every event'}"[:512],
            )
        except self._client.exceptions.LimitExceededException:
            raise RouteRefused(
                "The bus has as many rules as it may have; raise the quota 'Rules' of EventBridge, or remove a route."
            ) from None
        except self._client.exceptions.InvalidEventPatternException as error:
            # How complex a pattern may be is documented nowhere: `patterns.complexity` is an informed guess.
            reason = error.response["Error"].get("Message", "")
            raise RouteRefused(f"EventBridge refused the condition: {reason} Shorten it, or make two routes.") from None
        wanted, there = self.targets(route), {target["Id"]: target for target in self._list_targets(name)}
        stale = there.keys() - {target["Id"] for target in wanted}
        if stale:  # first, since a rule has room for five
            self._client.remove_targets(Rule=name, EventBusName=self._bus, Ids=sorted(stale))
        missing = [target for target in wanted if there.get(target["Id"]) != target]
        if not missing:
            return
        answer = self._client.put_targets(Rule=name, EventBusName=self._bus, Targets=missing)
        if answer["FailedEntryCount"]:
            refusal = answer["FailedEntries"][0]
            raise RouteRefused(f"EventBridge refused the target {refusal['TargetId']}: {refusal['ErrorMessage']}")

    def targets(self, route: TeamRoute) -> list[Any]:
        """What the rule of a route is to lead to."""
        return rule_targets(route.id, route, **self._queues, roles=dict.fromkeys(_buses(route), route.role or ""))

    def agrees(self, route: TeamRoute) -> bool:
        """Whether the rule, which is there, says what the route says: a crash between the two can part them."""
        name = RULE_PREFIX + route.id
        rule = self._client.describe_rule(Name=name, EventBusName=self._bus)
        there = {target["Id"]: target["Arn"] for target in self._list_targets(name)}
        wanted = {target["Id"]: target["Arn"] for target in self.targets(route)}
        is_same = catches(rule["EventPattern"], route.id, route)
        return is_same and rule["State"] == _state(route) and there == wanted

    def made_at_run_time(self, id: str) -> bool:
        """Whether the rule of that id, if it is there, was made here, and not by the stack."""
        try:
            rule = self._client.describe_rule(Name=RULE_PREFIX + id, EventBusName=self._bus)
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return rule.get("Description", "").startswith(MADE)

    def leads_to(self, target: Target) -> str:
        """The ARN that a rule has for a target: its own, or that of the queue for notify."""
        return target.address if target.kind.is_aws else self._queues["deliveries"]

    def why_silent(self, id: str, target: Target) -> str | None:
        """Why the rule of a route, as it now is, brings nothing to one of its targets; None where it does."""
        name = RULE_PREFIX + id
        try:
            rule = self._client.describe_rule(Name=name, EventBusName=self._bus)
            there = {each["Id"]: each["Arn"] for each in self._list_targets(name)}
        except self._client.exceptions.ResourceNotFoundException:
            return "its rule is missing"
        if rule["State"] == "DISABLED":
            return "its rule is off"
        if there.get(_target_id(target)) != self.leads_to(target):
            return "its rule does not lead there"
        return None

    def remove(self, id: str) -> None:
        """Remove a route's rule, if it is there, with whatever it leads to."""
        name = RULE_PREFIX + id
        try:
            targets = [target["Id"] for target in self._list_targets(name)]
            if targets:
                self._client.remove_targets(Rule=name, EventBusName=self._bus, Ids=targets)
            self._client.delete_rule(Name=name, EventBusName=self._bus)
        except self._client.exceptions.ResourceNotFoundException:
            return

    def _list_targets(self, name: str) -> list[Any]:
        return list(self._client.list_targets_by_rule(Rule=name, EventBusName=self._bus)["Targets"])

    def test(self, detail: Mapping[str, Any]) -> None:
        """Put a `trial_detail` on the bus: only the rule of the route that it names matches."""
        answer = self._client.put_events(
            Entries=[
                {
                    "EventBusName": self._bus,
                    "Source": RouteTested.source,
                    "DetailType": RouteTested.detail_type,
                    "Detail": json.dumps(detail),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise RouteRefused(f"The bus refused the test: {answer['Entries'][0].get('ErrorMessage')}")


def _target_id(target: Target) -> str:
    return f"{target.kind}-{target.id}"


def _pattern(id: str, route: Route) -> dict[str, Any]:
    return rule_pattern(id, parse(route.when))


def _state(route: TeamRoute) -> Literal["ENABLED", "DISABLED"]:
    return "DISABLED" if route.paused else "ENABLED"


def _buses(route: Route) -> list[str]:
    return [target.address for target in route.targets if target.kind is TargetKind.BUS]
