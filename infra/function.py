"""The one construct for a Lambda function: its code, runtime, log group, settings, tracing and own role."""

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.stage import Stage
from shared.settings import Settings

LOG_RETENTION = logs.RetentionDays.ONE_MONTH
SETUP_TIMEOUT = Duration.minutes(10)  # of custom resources: CloudFormation else waits an hour for one that cannot start


class Function(Construct):
    """A Lambda function with a role of its own, which may write its logs and traces.

    Grant it the rest with the `grant*` methods of what it uses.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        handler: str,
        settings: Settings,
        timeout: Duration,
        memory_mb: int,
        may_call_itself: bool = False,
    ) -> None:
        """`may_call_itself`: through a queue, say; Lambda else stops a chain of about 16 invocations."""
        super().__init__(scope, id)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group = logs.LogGroup(self, "Logs", retention=LOG_RETENTION, removal_policy=RemovalPolicy.DESTROY)
        log_group.grant_write(self.role)
        self.resource = lambda_.Function(
            self,
            "Resource",
            code=stage.platform.code,
            handler=handler,
            runtime=stage.platform.runtime,
            architecture=stage.platform.architecture,
            role=self.role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            timeout=timeout,
            memory_size=memory_mb,
            recursive_loop=lambda_.RecursiveLoop.ALLOW if may_call_itself else None,
            environment={
                **stage.platform.environment,
                "PYDANTIC_DISABLE_PLUGINS": "__all__",  # there are none; looking for them costs each cold start
                "POWERTOOLS_SERVICE_NAME": handler.split(".")[1],
                **{f"EARSHOT_{name.upper()}": str(value) for name, value in settings},
            },
        )
        Validations.of(self.resource).acknowledge(
            Acknowledgment(
                id="AwsSolutions-L1",
                reason="The packages are locked, built and tested for this version; a newer one comes with a new lock.",
            )
        )
        Validations.of(self.role).acknowledge(
            Acknowledgment(
                id="AwsSolutions-IAM5[Resource::*]",
                reason="Traces belong to no resource: xray:PutTraceSegments can only be granted on *.",
            )
        )
