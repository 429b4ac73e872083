"""`FeedbackRoute`: a subscription to Earshot's events for a stack of your own, in this account or another.

    arn = "arn:aws:events:eu-west-1:111122223333:event-bus/earshot"
    bus = events.EventBus.from_event_bus_arn(self, "Earshot", arn)
    FeedbackRoute(self, "Refunds", bus=bus, when="reason = refund", targets=[targets.SqsQueue(queue)])

Another account must be one of `accounts` in `earshot.toml`.
"""

from collections.abc import Sequence
from typing import cast

from aws_cdk import aws_events as events
from constructs import Construct

from shared.conditions import parse
from shared.events import SOURCE
from shared.patterns import compile_pattern


class FeedbackRoute(Construct):
    """A rule on Earshot's bus that brings the events of a condition (shared/conditions.py) to your own targets.

    An empty `when` brings every event. Raises `shared.conditions.ConditionError` for one that cannot be said.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        bus: events.IEventBus,
        targets: Sequence[events.IRuleTarget],
        when: str = "",
    ) -> None:
        super().__init__(scope, id)
        pattern = compile_pattern(parse(when))
        self.rule = events.Rule(
            self,
            "Rule",
            description=f"Feedback: {when or 'every event'}"[:512],
            event_bus=bus,
            event_pattern=events.EventPattern(source=[SOURCE]),
            targets=list(targets),
        )
        # The typed pattern above cannot say `$or`.
        cast(events.CfnRule, self.rule.node.default_child).event_pattern = pattern
