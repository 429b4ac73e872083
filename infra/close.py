"""Close: customers hear that they were heard, and of what other systems carried out for them."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from constructs import Construct

from infra.alarms import Alarms
from infra.bus import Bus
from infra.function import Function
from infra.sources import BusEvents
from infra.stage import Stage
from infra.store import Store
from shared.model.events import REMEDY_REPORTS, SOURCE, FeedbackAmended, FeedbackCaptured
from shared.model.feedback import Channel
from shared.settings import CloseSettings
from shared.table import items

_TEXT = [{"prefix": ""}]
_LEFT_ADDRESS = {
    "feedback": {
        "channel": [Channel.WEB.value],
        "$or": [{"customer": {"email": _TEXT}}, {"customer": {"phone": _TEXT}}],
    }
}


class Close(Construct):
    """Reports of remedies, from the systems that the file lists; and what customers say who leave an address."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage, store: Store, bus: Bus, alarms: Alarms) -> None:
        super().__init__(scope, id)
        settings = CloseSettings(
            table=store.table.table_name, keys_table=store.keys.table_name, public_url=stage.public_url
        )
        reports, received = (
            Function(
                self,
                name,
                stage=stage,
                handler=handler,
                settings=settings,
                timeout=Duration.seconds(30),
                memory_mb=512,
            )
            for name, handler in (
                ("Function", "functions.close.handler.handler"),
                ("Received", "functions.close.received.handler"),
            )
        )
        for function in (reports, received):
            store.grant(function.resource, "dynamodb:GetItem", only=(items.PERSON, items.MESSAGE))
            store.grant(function.resource, "dynamodb:PutItem", only=(items.PERSON, items.MESSAGE))
            store.grant(function.resource, "dynamodb:UpdateItem", only=(items.BUDGET,))
            store.grant_signing(function.resource)
        store.grant_cases(reports.resource)
        store.grant(reports.resource, "dynamodb:GetItem", only=(items.MAIL,))  # the subject of what they wrote
        if stage.config.remedy_sources:
            BusEvents(
                self,
                "Reports",
                stage=stage,
                alarms=alarms,
                function=reports,
                bus=bus.bus,
                pattern=events.EventPattern(
                    source=list(stage.config.remedy_sources),
                    detail_type=[event.detail_type for event in REMEDY_REPORTS],
                ),
                means="Customers were not told of remedies: read the log of close, mend the cause, report them again.",
            )
        BusEvents(
            self,
            "Heard",
            stage=stage,
            alarms=alarms,
            function=received,
            bus=bus.bus,
            pattern=events.EventPattern(
                source=[SOURCE],
                detail_type=[FeedbackCaptured.detail_type, FeedbackAmended.detail_type],
                detail=_LEFT_ADDRESS,
            ),
            means="Customers who left an address were not told that they were heard: read the log of close.",
        )
        alarms.when_counted(
            "close",
            "RemedyReportsIgnored",
            means="A system reports a remedy that nobody granted, or is not in remedy_sources: the log of close says "
            "which and why.",
        )
