"""Escalate: every minute, cases whose time has come go on to whoever is next."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.alarms import Alarms
from infra.function import Function
from infra.sources import Schedule
from infra.stage import Stage
from infra.store import Store
from shared.settings import EscalateSettings
from shared.table import items


class Escalate(Construct):
    """A schedule and its function: nothing waits for ever."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage, store: Store, alarms: Alarms) -> None:
        super().__init__(scope, id)
        self.function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.escalate.handler.handler",
            settings=EscalateSettings(table=store.table.table_name),
            timeout=Duration.seconds(55),  # before the next one starts
            memory_mb=512,
        )
        for index in ("by_due", "by_inbox"):
            store.grant_query(self.function.resource, index=index)
        store.grant(self.function.resource, "dynamodb:Query", only=(items.FEEDBACK,))
        store.grant(self.function.resource, "dynamodb:GetItem", only=(items.PROMISES,))
        store.grant(self.function.resource, "dynamodb:PutItem", only=(items.FEEDBACK, items.PROMISES))
        store.grant(self.function.resource, "dynamodb:UpdateItem", only=(items.FEEDBACK,))
        Schedule(self, "EveryMinute", function=self.function, every=Duration.minutes(1))
        alarms.when(
            "EscalateFails",
            self.function.resource.metric_errors(period=Duration.minutes(1), statistic=cloudwatch.Stats.SUM),
            at_least=1,
            minutes=5,
            means="What is overdue goes on to nobody: read the log of escalate.",
        )
        alarms.when_counted(
            "escalate",
            "CaseUnreadable",
            means="A case that is due cannot be read: the log of escalate names its fault.",
        )
