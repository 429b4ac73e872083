"""Where what failed is kept whole, each place together with the alarm that says so."""

from typing import cast

import jsii
from aws_cdk import Acknowledgment, CfnElement, Duration, Stack, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.alarms import Alarms
from infra.stage import Stage

KEPT = Duration.days(14)  # as long as a queue can keep a message


class DeadLetterQueue(Construct):
    """A queue that keeps failed messages for 14 days, and the alarm that goes off when there is one."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage, alarms: Alarms, means: str) -> None:
        super().__init__(scope, id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            retention_period=KEPT,
            enforce_ssl=stage.demands_tls,
            removal_policy=stage.removal_policy,
        )
        Validations.of(self.queue).acknowledge(
            Acknowledgment(id="AwsSolutions-SQS3", reason="It is itself a dead-letter queue.")
        )
        alarms.when(
            _alarm_id(self),
            self.queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic=cloudwatch.Stats.MAXIMUM
            ),
            at_least=1,
            means=means,
        )


class FailureBucket(Construct):
    """A bucket that keeps whole, while it is to be `kept`, what a reader of a stream failed on, and the alarm for it.

    Give `destination` to the stream's mapping, then the mapping's id to `watch`.
    """

    def __init__(
        self, scope: Construct, id: str, *, stage: Stage, name: str, alarms: Alarms, kept: Duration, means: str
    ) -> None:
        super().__init__(scope, id)
        self._alarms = alarms
        self._means = means
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=stage.bucket_named(name),
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=stage.demands_tls,
            lifecycle_rules=[s3.LifecycleRule(expiration=kept)],
            removal_policy=stage.removal_policy,
        )
        self.destination = _BucketDestination(self.bucket)
        Validations.of(self.bucket).acknowledge(
            Acknowledgment(
                id="AwsSolutions-S1",
                reason="Lambda alone writes to it and the admin alone reads; CloudTrail can record both.",
            )
        )

    def watch(self, mapping_id: str) -> None:
        """Raise the alarm for what the mapping sends here, and another for what it could not even send."""
        for id, metric_name, means in (
            ("Kept", "OnFailureDestinationDeliveredEventCount", self._means),
            ("Lost", "DroppedEventCount", f"Records could not be kept in {self.node.path} and are gone from it."),
        ):
            self._alarms.when(
                f"{_alarm_id(self)}{id}",
                cloudwatch.Metric(
                    namespace="AWS/Lambda",
                    metric_name=metric_name,
                    dimensions_map={"EventSourceMappingUUID": mapping_id},
                    period=Duration.minutes(1),
                    statistic=cloudwatch.Stats.SUM,
                ),
                at_least=1,
                means=means,
            )


@jsii.implements(lambda_.IEventSourceDlq)
class _BucketDestination:
    """A failure destination that may put objects and see the bucket, which is all that Lambda asks for.

    `S3OnFailureDestination` of the CDK also grants reading and deleting.
    """

    def __init__(self, bucket: s3.Bucket) -> None:
        self._bucket = bucket

    def bind(
        self, target: lambda_.IEventSourceMapping, target_handler: lambda_.IFunction
    ) -> lambda_.DlqDestinationConfig:
        target_handler.add_to_role_policy(
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[self._bucket.arn_for_objects("*")])
        )
        target_handler.add_to_role_policy(
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self._bucket.bucket_arn])
        )
        bucket_id = Stack.of(self._bucket).get_logical_id(cast(CfnElement, self._bucket.node.default_child))
        role = target_handler.role
        assert role is not None  # noqa: S101 - infra.function gives it one
        Validations.of(role).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::<{bucket_id}.Arn>/*]",
                reason="Lambda names the objects of a failure destination itself.",
            )
        )
        return lambda_.DlqDestinationConfig(destination=self._bucket.bucket_arn)


def _alarm_id(place: Construct) -> str:
    """Such as `RoutesUndelivered`, from the construct's path below the stack."""
    return "".join(place.node.path.split("/")[1:])
