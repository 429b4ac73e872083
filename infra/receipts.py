"""Receipts: what became of the messages to customers."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from constructs import Construct

from infra.alarms import Alarms
from infra.function import Function
from infra.sources import BusEvents
from infra.stage import Stage
from infra.store import Store
from shared.settings import ReceiptsSettings
from shared.table import items

# By name: the services also tell of registrations, of the account's standing, and through CloudTrail of every call.
RECEIPTS = (
    "Email Bounced",
    "Email Complaint Received",
    "Email Delivered",
    "Email Rejected",
    "Text Message Delivery Status Updated",
)


class Receipts(Construct):
    """Carriers' receipts, bounces and complaints, which AWS puts on the account's default bus."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage, store: Store, alarms: Alarms) -> None:
        super().__init__(scope, id)
        self.function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.receipts.handler.handler",
            settings=ReceiptsSettings(table=store.table.table_name),
            timeout=Duration.seconds(15),
            memory_mb=256,
        )
        store.grant(self.function.resource, "dynamodb:GetItem", only=(items.PERSON, items.MESSAGE, items.RECEIPT))
        store.grant(self.function.resource, "dynamodb:PutItem", only=(items.PERSON,))
        store.grant(self.function.resource, "dynamodb:UpdateItem", only=(items.INVITATION, items.MESSAGE))
        store.grant_cases(self.function.resource)
        BusEvents(
            self,
            "Receipts",
            stage=stage,
            alarms=alarms,
            function=self.function,
            pattern=events.EventPattern(source=["aws.ses", "aws.sms-voice"], detail_type=list(RECEIPTS)),
            means="Bounces were not noted, so dead addresses may be written to: read the log of receipts.",
        )
