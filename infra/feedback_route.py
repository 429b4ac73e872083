"""`FeedbackRoute`: a subscription to Earshot's events for a stack of your own, in this account or another.

    arn = "arn:aws:events:eu-west-1:111122223333:event-bus/earshot"
    bus = events.EventBus.from_event_bus_arn(self, "Earshot", arn)
    FeedbackRoute(self, "Refunds", bus=bus, when="reason = refund", targets=[targets.SqsQueue(queue)])

Another account must be one of `accounts` in `earshot.toml`.
"""

from collections.abc import Sequence
from typing import cast

from aws_cdk import Stack, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as events_targets
from constructs import Construct

from shared.conditions.pattern import compile_pattern
from shared.conditions.reader import parse
from shared.model.events import SOURCE


class FeedbackRoute(Construct):
    """A rule on the bus that brings the events of a condition (shared/conditions/language.py) to your own targets.

    An empty `when` brings every event. Raises `shared.conditions.language.ConditionError` for one that cannot be said.
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
        self._description = f"Feedback: {when or 'every event'}"[:512]
        self._pattern = compile_pattern(parse(when))
        if _is_surely_ours(self, bus):
            self.rule = self._rule("Rule", bus, targets)
            return
        # EventBridge lets a rule on the bus of another account lead to a bus of its creator, and to nothing else.
        relay = events.EventBus(self, "Bus", description=self._description)
        self.rule = self._rule("Rule", bus, [events_targets.EventBus(relay)])
        self._rule("Delivery", relay, targets)

    def _rule(self, id: str, bus: events.IEventBus, targets: Sequence[events.IRuleTarget]) -> events.Rule:
        rule = events.Rule(
            self,
            id,
            description=self._description,
            event_bus=bus,
            event_pattern=events.EventPattern(source=[SOURCE]),
            targets=list(targets),
        )
        resource = cast(events.CfnRule, rule.node.default_child)
        resource.event_pattern = self._pattern  # the typed one above cannot say `$or`
        resource.event_bus_name = bus.event_bus_arn  # a name alone would be looked for in the stack's own account
        return rule


def _is_surely_ours(scope: Construct, bus: events.IEventBus) -> bool:
    """Whether the bus is in the account of the stack, as far as that is known before it is deployed."""
    here, there = Stack.of(scope).account, bus.env.account
    return here == there or (Token.is_unresolved(here) and Token.is_unresolved(there))
