"""What wakes a function: changes of the table, events of a bus, or the time; failures are kept, with an alarm."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk.aws_lambda_event_sources import DynamoEventSource
from constructs import Construct

from infra.alarms import Alarms
from infra.failures import DeadLetterQueue, FailureBucket
from infra.function import Function
from infra.stage import Stage
from infra.store import Store

RETRIES = 8


class TableChanges(Construct):
    """Brings the changes that a filter lets through, at least once; a bad record holds up no other for long.

    What still fails after the retries, or at the age of `retried`, is then `kept` whole in a bucket for
    `earshot redrive`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        alarms: Alarms,
        store: Store,
        function: Function,
        only: Sequence[Mapping[str, Any]],
        batch_size: int,
        at_once: int = 1,
        retried: Duration,
        failures: str,
        kept: Duration,
        means: str,
    ) -> None:
        """`only` are filter patterns of Lambda's, any of which lets a change through.

        `at_once`: how many batches of a shard are worked on side by side. `failures` names the bucket, in the stage.
        """
        super().__init__(scope, id)
        self.failures = FailureBucket(
            self, "Failures", stage=stage, name=failures, alarms=alarms, kept=kept, means=means
        )
        source = DynamoEventSource(
            store.table,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[lambda_.FilterCriteria.filter(each) for each in only],
            batch_size=batch_size,
            parallelization_factor=at_once,
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            retry_attempts=RETRIES,
            max_record_age=retried,
            on_failure=self.failures.destination,
            metrics_config=lambda_.MetricsConfig(metrics=[lambda_.MetricType.EVENT_COUNT]),
        )
        function.resource.add_event_source(source)
        self.failures.watch(source.event_source_mapping_id)


class BusEvents(Construct):
    """Brings the events of a pattern, at least once; what cannot be taken for six hours is kept in a queue."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        alarms: Alarms,
        function: Function,
        pattern: events.EventPattern,
        bus: events.IEventBus | None = None,
        means: str,
    ) -> None:
        """Without a `bus`, the account's default one, on which AWS puts its own events."""
        super().__init__(scope, id)
        failures = DeadLetterQueue(self, "Failures", stage=stage, alarms=alarms, means=means)
        function.resource.configure_async_invoke(
            on_failure=destinations.SqsDestination(failures.queue), retry_attempts=2
        )
        target = targets.LambdaFunction(
            function.resource,
            dead_letter_queue=failures.queue,
            retry_attempts=RETRIES,
            max_event_age=Duration.hours(6),
        )
        events.Rule(self, "Rule", event_bus=bus, event_pattern=pattern, targets=[target])


class Schedule(Construct):
    """Runs a function again and again; a run that failed is not repeated, since the next one does its work."""

    def __init__(self, scope: Construct, id: str, *, function: Function, every: Duration) -> None:
        super().__init__(scope, id)
        # Lambda's own retries too, which would overlap with the next run.
        function.resource.configure_async_invoke(retry_attempts=0, max_event_age=every)
        target = targets.LambdaFunction(function.resource, retry_attempts=0, max_event_age=every)
        events.Rule(self, "Rule", schedule=events.Schedule.rate(every), targets=[target])
