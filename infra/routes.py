"""Routes: one rule on the bus for each route of earshot.toml."""

import json

from aws_cdk import Acknowledgment, CfnResource, CustomResource, Duration, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.alarms import Alarms
from infra.bus import Bus
from infra.failures import DeadLetterQueue
from infra.function import SETUP_TIMEOUT, Function
from infra.notify import Notify
from infra.stage import Stage
from shared.addresses.targets import Target, TargetKind
from shared.conditions.pattern import rule_pattern
from shared.conditions.reader import parse
from shared.config.model import CASES, Route
from shared.model.events import SOURCE, FeedbackOverdue, FeedbackReopened
from shared.routes.rules import RULE_PREFIX, on_refusal, rule_targets
from shared.settings import ClearRulesSettings


class Routes(Construct):
    """A rule per route; people's and webhooks' targets lead to the deliveries queue, each with a message of its own."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        bus: Bus,
        notify: Notify,
        alarms: Alarms,
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
        routes = stage.config.declared_routes()
        targets = dict.fromkeys(target for route in routes.values() for target in route.targets)
        self._roles = {bus.address: self._role_to_put_on(bus) for bus in targets if bus.kind is TargetKind.BUS}
        for route_id, route in routes.items():
            self._add(route_id, route)
        self._bring_cases()
        self._clear_when_the_stack_goes(stage)

    def _add(self, route_id: str, route: Route) -> None:
        CfnResource(
            self,
            f"Route-{route_id}",
            type="AWS::Events::Rule",
            properties={
                "Name": f"{RULE_PREFIX}{route_id}",
                "Description": f"To {route.team}: {route.when or 'every event'}"[:512],
                "EventBusName": self._bus.bus.event_bus_name,
                "EventPattern": rule_pattern(route_id, parse(route.when)),
                "Targets": rule_targets(
                    route_id,
                    route,
                    deliveries=self._notify.queue.queue_arn,
                    refused=self.refused.queue.queue_arn,
                    roles=self._roles,
                ),
            },
        )

    def _bring_cases(self) -> None:
        """One rule for all teams: notify knows who is next (functions/notify/recipients.py)."""
        template = json.dumps({"route": CASES, "target": CASES})
        queue = {
            "Id": CASES,
            "Arn": self._notify.queue.queue_arn,
            "InputTransformer": {"InputTemplate": f'{template[:-1]}, "event": <aws.events.event.json>}}'},
            **on_refusal(self.refused.queue.queue_arn),
        }
        CfnResource(
            self,
            "Cases",
            type="AWS::Events::Rule",
            properties={
                "Name": f"{RULE_PREFIX}{CASES}",
                "Description": "Cases that are overdue or open again, to whoever is to see to them",
                "EventBusName": self._bus.bus.event_bus_name,
                "EventPattern": {
                    "source": [SOURCE],
                    "detail-type": [FeedbackOverdue.detail_type, FeedbackReopened.detail_type],
                },
                "Targets": [queue],
            },
        )

    def _clear_when_the_stack_goes(self, stage: Stage) -> None:
        """Rules that were made at run time are unknown to CloudFormation, and a bus with rules cannot be deleted."""
        bus = self._bus.bus
        function = Function(
            self,
            "ClearRules",
            stage=stage,
            handler="functions.setup.rules.handler",
            settings=ClearRulesSettings(bus=bus.event_bus_name),
            timeout=Duration.minutes(5),
            memory_mb=256,
        )
        grants = (
            iam.Grant.add_to_principal(
                grantee=function.resource,
                actions=["events:ListTargetsByRule", "events:RemoveTargets", "events:DeleteRule"],
                resource_arns=self._bus.rule_arns(),
            ),
            # It lists the rules of all buses, as far as permissions go.
            iam.Grant.add_to_principal(grantee=function.resource, actions=["events:ListRules"], resource_arns=["*"]),
        )
        Validations.of(function.role).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/{self._stage.qualified_name}/*]",
                reason="Rules made at run time, of this bus only, have names that are not known here.",
            )
        )
        resource = CustomResource(
            self,
            "RunTimeRules",
            resource_type="Custom::RunTimeRules",
            service_timeout=SETUP_TIMEOUT,
            service_token=function.resource.function_arn,
        )
        for grant in grants:
            grant.apply_before(resource)  # it goes before its permissions do

    def _role_to_put_on(self, bus: Target) -> str:
        """A bus, unlike a queue or a function, is only reached with a role."""
        role = iam.Role(self, f"To-{bus.id}", assumed_by=iam.ServicePrincipal("events.amazonaws.com"))
        role.add_to_policy(iam.PolicyStatement(actions=["events:PutEvents"], resources=[bus.address]))
        return role.role_arn
