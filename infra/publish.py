"""Publish: the table's stream, through one function, onto the bus."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.alarms import Alarms
from infra.bus import Bus
from infra.function import Function
from infra.sources import TableChanges
from infra.stage import Stage
from infra.store import Store
from shared.settings import PublishSettings
from shared.table.items import FEEDBACK, INVITATION


class Publish(Construct):
    """Every change of a feedback item becomes an event, or is kept whole in a bucket for `earshot redrive`."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage, store: Store, bus: Bus, alarms: Alarms) -> None:
        super().__init__(scope, id)
        self.function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.publish.handler.handler",
            settings=PublishSettings(bus=bus.bus.event_bus_name),
            timeout=Duration.seconds(30),
            memory_mb=512,
        )
        bus.bus.grant_put_events_to(self.function.resource)
        bus.reserve_source_for(self.function.role)
        self.unpublished = TableChanges(
            self,
            "Changes",
            stage=stage,
            alarms=alarms,
            store=store,
            function=self.function,
            # A removal has no new image, so an expiry is no event.
            only=({"dynamodb": {"NewImage": {"kind": {"S": [FEEDBACK.kind, INVITATION.kind]}}}},),
            batch_size=100,
            at_once=4,
            retried=Duration.hours(1),
            failures="unpublished",
            kept=Duration.days(FEEDBACK.days),  # as long as the table keeps the answers
            means="Answers were stored but could not be published: mend the cause, then run `earshot redrive`.",
        ).failures
        alarms.when(
            "PublishIsBehind",
            self.function.resource.metric(
                "IteratorAge", period=Duration.minutes(1), statistic=cloudwatch.Stats.MAXIMUM
            ),
            at_least=60_000,
            minutes=3,
            means="Answers wait a minute and more before teams hear of them: read the log of publish.",
        )
        alarms.when_counted(
            "publish",
            "FeedbackUnclaimed",
            # Routes that are made at run time are not known to publish, so it does not ask any.
            means="For some feedback neither its touchpoint nor its reasons name a team, so the default team has it, "
            "also where a route catches it. Name one; `earshot doctor` says where, of what no route catches.",
        )
        alarms.when_counted(
            "publish",
            "UnhappyWithoutOwner",
            means="Somebody is unhappy, and no team or no due time stands behind it: the log of publish names them.",
        )
