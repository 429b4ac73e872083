"""Sweep: every minute, what is due by the table's clock goes back into the queue."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.alarms import Alarms
from infra.function import Function
from infra.notify import Notify
from infra.sources import Schedule
from infra.stage import Stage
from infra.store import Store
from shared.settings import SweepSettings
from shared.table import items


class Sweep(Construct):
    """A schedule and its function: waits that are longer than a queue's 15 minutes end here."""

    def __init__(
        self, scope: Construct, id: str, *, stage: Stage, store: Store, notify: Notify, alarms: Alarms
    ) -> None:
        super().__init__(scope, id)
        self.function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.sweep.handler.handler",
            settings=SweepSettings(
                table=store.table.table_name,
                deliveries_queue_url=notify.queue.queue_url,
                aside_queue_url=notify.aside.queue_url,
            ),
            timeout=Duration.seconds(55),  # before the next one starts
            memory_mb=512,
        )
        store.grant_query(self.function.resource, index="by_due")
        store.grant(self.function.resource, "dynamodb:PutItem", only=(items.DELIVERY,))
        store.grant(self.function.resource, "dynamodb:UpdateItem", only=(items.MESSAGE,))
        notify.queue.grant_send_messages(self.function.resource)
        notify.aside.grant_send_messages(self.function.resource)
        Schedule(self, "EveryMinute", function=self.function, every=Duration.minutes(1))
        alarms.when(
            "SweepFails",
            self.function.resource.metric_errors(period=Duration.minutes(1), statistic=cloudwatch.Stats.SUM),
            at_least=1,
            minutes=5,
            means="Deliveries are not taken up again: read the log of sweep.",
        )
        alarms.when_counted(
            "sweep", "DeliveryUnreadable", means="A delivery that is owed cannot be read: the log of sweep names it."
        )
