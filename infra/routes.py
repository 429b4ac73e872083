"""Routes: one rule on the bus for each route of earshot.toml."""

import json
from collections.abc import Iterator
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.bus import Bus
from infra.failures import Alarms, DeadLetterQueue
from infra.notify import Notify
from infra.stage import Stage
from shared.conditions import parse
from shared.config import Config, Route, Target, TargetKind

RETRY_FOR = Duration.hours(24)
RETRIES = 185
RULE_PREFIX = "earshot-route-"  # also of the rules that `earshot routes add` makes


class Routes(Construct):
    """A rule per route; people's and webhooks' targets lead to the deliveries queue, each with a message of its own."""

    def __init__(
        self, scope: Construct, id: str, *, stage: Stage, config: Config, bus: Bus, notify: Notify, alarms: Alarms
    ) -> None:
        super().__init__(scope, id)
        self._bus = bus
        self._notify = notify
        self._stage = stage
        self.refused = DeadLetterQueue(
            self,
            "Refused",
            stage=stage,
            alarms=alarms,
            means="A route's target refused events; each message names its rule. `earshot doctor` says which and why.",
        )
        self.rule_arn_prefix = Stack.of(self).format_arn(
            service="events", resource="rule", resource_name=f"{stage.qualified_name}/{RULE_PREFIX}"
        )
        for queue in (notify.queue, self.refused.queue):
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[queue.queue_arn],
                    conditions={"ArnLike": {"aws:SourceArn": f"{self.rule_arn_prefix}*"}},
                )
            )
        for route_id, route in config.declared_routes().items():
            self._add(route_id, route)

    def _add(self, route_id: str, route: Route) -> None:
        events.CfnRule(
            self,
            f"Route-{route_id}",
            name=f"{RULE_PREFIX}{route_id}",
            description=f"To {route.team}: {route.when or 'every event'}"[:512],
            event_bus_name=self._bus.bus.event_bus_name,
            event_pattern=parse(route.when).pattern(),
            targets=list(self._targets(route_id, route)),
        )

    def _targets(self, route_id: str, route: Route) -> Iterator[events.CfnRule.TargetProperty]:
        for target in route.targets:
            id = f"{target.kind}-{target.id}"
            if not target.kind.is_aws:
                message = json.dumps({"route": route_id, "target": target.id})
                yield self._target(
                    id,
                    self._notify.queue.queue_arn,
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_template=f'{message[:-1]}, "event": <aws.events.event.json>}}'
                    ),
                )
                continue
            yield self._target(
                id,
                target.address,
                role_arn=self._role_to_put_on(target.address) if target.kind is TargetKind.BUS else None,
                # A FIFO queue wants a group; one per route keeps that route's order.
                sqs_parameters=events.CfnRule.SqsParametersProperty(message_group_id=route_id)
                if target.address.endswith(".fifo")
                else None,
            )

    def _target(self, id: str, arn: str, **more: Any) -> events.CfnRule.TargetProperty:
        return events.CfnRule.TargetProperty(
            id=id,
            arn=arn,
            retry_policy=events.CfnRule.RetryPolicyProperty(
                maximum_event_age_in_seconds=RETRY_FOR.to_seconds(), maximum_retry_attempts=RETRIES
            ),
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self.refused.queue.queue_arn),
            **more,
        )

    def _role_to_put_on(self, bus_arn: str) -> str:
        """A bus, unlike a queue or a function, is only reached with a role."""
        role = iam.Role(
            self, f"To-{Target(TargetKind.BUS, bus_arn).id}", assumed_by=iam.ServicePrincipal("events.amazonaws.com")
        )
        role.add_to_policy(iam.PolicyStatement(actions=["events:PutEvents"], resources=[bus_arn]))
        return role.role_arn
