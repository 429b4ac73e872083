"""The event bus, the archive from which events can be replayed, and who else may use it."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import Aws, CfnResource, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.stage import Stage
from shared.model.events import REMEDY_REPORTS, SOURCE, InvitationRequested
from shared.routes.rules import RULE_PREFIX

# Single events cannot be taken out of an archive, so its age is how long an erased person's words can outlive them.
ARCHIVED = Duration.days(14)

_MANAGE_RULES = [
    f"events:{action}"
    for action in (
        *("DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "TagResource", "UntagResource"),
        *("PutTargets", "RemoveTargets", "ListTargetsByRule", "ListTagsForResource"),
    )
]


class Bus(Construct):
    """Where every event of Earshot is published, and every subscriber reads."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self._stage = stage
        self.bus = events.EventBus(self, "Bus", event_bus_name=stage.qualified_name)
        self.bus.archive("Archive", event_pattern=events.EventPattern(source=[SOURCE]), retention=ARCHIVED)

    def rule_arns(self, prefix: str = "") -> list[str]:
        """What permissions on the rules of this bus name, whose own names begin with `prefix`."""
        rules = f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:rule/{self._stage.qualified_name}/{prefix}*"
        # MiniStack takes the bus for the resource of what is done with a rule's targets.
        return [rules, self.bus.event_bus_arn] if self._stage.local else [rules]

    def reserve_source_for(self, publisher: iam.IRole) -> None:
        """Deny `events:PutEvents` with our source to everybody but `publisher`, so that feedback cannot be forged."""
        self._state(
            "OnlyPublishSpeaksForUs",
            "Deny",
            {"AWS": "*"},
            ["events:PutEvents"],
            self.bus.event_bus_arn,
            {"StringEquals": {"events:source": SOURCE}, "ArnNotEquals": {"aws:PrincipalArn": publisher.role_arn}},
        )

    def let_in(self, accounts: Sequence[str]) -> None:
        """Let other accounts make rules of their own, ask for invitations, and report remedies; nothing else."""
        if not accounts:
            return
        principal = {"AWS": list(accounts)}
        rules = f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:rule/{self.bus.event_bus_name}"
        theirs = {"StringEqualsIfExists": {"events:creatorAccount": "${aws:PrincipalAccount}"}}
        self._state("RulesOfTheirOwn", "Allow", principal, _MANAGE_RULES, f"{rules}/*", theirs)
        # A pattern must name our source and no other: requests for invitations carry customers' numbers and addresses.
        of_ours = theirs | {"StringEquals": {"events:source": SOURCE}}
        self._state("RulesForOurEvents", "Allow", principal, ["events:PutRule"], f"{rules}/*", of_ours)
        # The queue for notify trusts rules of this name, so none of theirs may have it.
        self._state("RoutesAreOurs", "Deny", principal, ["events:PutRule", *_MANAGE_RULES], f"{rules}/{RULE_PREFIX}*")
        self._state(
            "AskForInvitations",
            "Allow",
            principal,
            ["events:PutEvents"],
            self.bus.event_bus_arn,
            {"StringEquals": {"events:detail-type": InvitationRequested.detail_type}},
        )
        if sources := self._stage.config.remedy_sources:
            reports = [event.detail_type for event in REMEDY_REPORTS]
            self._state(
                "ReportRemedies",
                "Allow",
                principal,
                ["events:PutEvents"],
                self.bus.event_bus_arn,
                {"StringEquals": {"events:detail-type": reports, "events:source": list(sources)}},
            )

    def _state(
        self,
        id: str,
        effect: str,
        principal: dict[str, Any],
        actions: Sequence[str],
        resource: str,
        conditions: dict[str, Any] | None = None,
    ) -> None:
        statement = {"Effect": effect, "Principal": principal, "Action": list(actions), "Resource": resource}
        CfnResource(
            self,
            id,
            type="AWS::Events::EventBusPolicy",
            properties={
                "EventBusName": self.bus.event_bus_name,
                "StatementId": f"{self._stage.qualified_name}-{id}",  # one of its name in an account and region
                "Statement": statement | ({"Condition": conditions} if conditions else {}),
            },
        )
