"""Publish: the table's stream, through one function, onto the bus."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_lambda_event_sources import DynamoEventSource
from constructs import Construct

from infra.bus import Bus
from infra.failures import Alarms, FailureBucket
from infra.function import Function, Platform
from infra.stage import Stage
from infra.store import Store
from shared.settings import PublishSettings


class Publish(Construct):
    """Every change of a feedback item becomes an event, or is kept whole in a bucket for `earshot redrive`."""

    def __init__(
        self, scope: Construct, id: str, *, stage: Stage, platform: Platform, store: Store, bus: Bus, alarms: Alarms
    ) -> None:
        super().__init__(scope, id)
        self.function = Function(
            self,
            "Function",
            platform=platform,
            handler="functions.publish.handler",
            settings=PublishSettings(bus=bus.bus.event_bus_name),
            timeout=Duration.seconds(30),
            memory_mb=512,
        )
        bus.bus.grant_put_events_to(self.function.resource)
        bus.reserve_source_for(self.function.role)
        self.unpublished = FailureBucket(
            self,
            "Unpublished",
            stage=stage,
            alarms=alarms,
            means="Answers were stored but could not be published: mend the cause, then run `earshot redrive`.",
        )
        source = DynamoEventSource(
            store.table,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[
                # A removal has no new image, so an expiry is no event.
                lambda_.FilterCriteria.filter({"dynamodb": {"NewImage": {"kind": {"S": ["feedback", "invitation"]}}}})
            ],
            batch_size=100,
            parallelization_factor=4,
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            retry_attempts=8,
            max_record_age=Duration.hours(1),
            on_failure=self.unpublished.destination,
            metrics_config=lambda_.MetricsConfig(metrics=[lambda_.MetricType.EVENT_COUNT]),
        )
        self.function.resource.add_event_source(source)
        self.unpublished.watch(source.event_source_mapping_id)
        alarms.when(
            "PublishIsBehind",
            self.function.resource.metric(
                "IteratorAge", period=Duration.minutes(1), statistic=cloudwatch.Stats.MAXIMUM
            ),
            at_least=60_000,
            minutes=3,
            means="Answers wait a minute and more before teams hear of them: read the log of publish.",
        )
        alarms.when(
            "NobodyClaims",
            cloudwatch.Metric(
                namespace="Earshot",
                metric_name="FeedbackUnclaimed",
                dimensions_map={"service": "publish"},
                period=Duration.minutes(5),
                statistic=cloudwatch.Stats.SUM,
            ),
            at_least=1,
            means="No team claims some feedback, so the default team has it: `earshot doctor` says what to name.",
        )
