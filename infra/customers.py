"""What leaves for customers, and what becomes of it: invite, send, receipts, and the way out."""

from aws_cdk import Acknowledgment, Duration, Stack, Validations
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk.aws_lambda_event_sources import DynamoEventSource
from constructs import Construct

from infra.bus import Bus
from infra.capture import HttpApi
from infra.failures import Alarms, DeadLetterQueue, FailureBucket
from infra.function import Function, Platform
from infra.mail import let_send_mail
from infra.stage import Stage
from infra.store import Store
from shared.config import Config
from shared.events import SOURCE, InvitationRequested
from shared.settings import InviteSettings, ReceiptsSettings, SendSettings, UnsubscribeSettings

_RETRIES = 8
_RETRIED = Duration.hours(6)  # a question about this morning is worth nothing tomorrow


class Invite(Construct):
    """Any system's `InvitationRequested` becomes a question; `earshot invite` calls the function itself."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        platform: Platform,
        public_url: str,
        store: Store,
        bus: Bus,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, id)
        self.function = Function(
            self,
            "Function",
            platform=platform,
            handler="functions.invite.handler.handler",
            settings=InviteSettings(
                table=store.table.table_name, keys_table=store.keys.table_name, public_url=public_url
            ),
            timeout=Duration.seconds(60),
            memory_mb=512,
        )
        store.grant(self.function.resource, "dynamodb:GetItem", only=("P#*", "I#*"))
        store.grant(self.function.resource, "dynamodb:PutItem", only=("P#*", "I#*", "L#*", "M#*"))
        store.grant_signing(self.function.resource)
        unasked = DeadLetterQueue(
            self,
            "Unasked",
            stage=stage,
            alarms=alarms,
            means="Requested invitations were not made: read the log of invite, mend the cause, request them again.",
        )
        self.function.resource.configure_async_invoke(
            on_failure=destinations.SqsDestination(unasked.queue), retry_attempts=2
        )
        requested = events.EventPattern(
            source=events.Match.anything_but(SOURCE), detail_type=[InvitationRequested.detail_type]
        )
        target = targets.LambdaFunction(
            self.function.resource,
            dead_letter_queue=unasked.queue,
            retry_attempts=_RETRIES,
            max_event_age=_RETRIED,
        )
        events.Rule(self, "Requested", event_bus=bus.bus, event_pattern=requested, targets=[target])


class Send(Construct):
    """Every message stored for a customer leaves once; what cannot leave is kept whole in a bucket."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        platform: Platform,
        config: Config,
        store: Store,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, id)
        self.function = Function(
            self,
            "Function",
            platform=platform,
            handler="functions.send.handler",
            settings=SendSettings(table=store.table.table_name),
            timeout=Duration.seconds(60),
            memory_mb=512,
        )
        store.grant(self.function.resource, "dynamodb:GetItem", only=("P#*", "I#*", "M#*"))
        store.grant(self.function.resource, "dynamodb:PutItem", only=("P#*", "S#*", "V#*"))
        store.grant(self.function.resource, "dynamodb:UpdateItem", only=("I#*", "M#*"))
        let_send_mail(self.function, stage, config.business.sender)
        self._let_send_texts()
        self.unsent = FailureBucket(
            self,
            "Unsent",
            stage=stage,
            alarms=alarms,
            means="Customers were not told: read the log of send, mend the cause, then run `earshot redrive`.",
        )
        source = DynamoEventSource(
            store.table,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            filters=[
                lambda_.FilterCriteria.filter(
                    {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["message"]}}}}
                )
            ],
            batch_size=10,
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            retry_attempts=_RETRIES,
            max_record_age=_RETRIED,
            on_failure=self.unsent.destination,
            metrics_config=lambda_.MetricsConfig(metrics=[lambda_.MetricType.EVENT_COUNT]),
        )
        self.function.resource.add_event_source(source)
        self.unsent.watch(source.event_source_mapping_id)
        alarms.when(
            "MessagesAreRefused",
            cloudwatch.Metric(
                namespace="Earshot",
                metric_name="MessagesRefused",
                dimensions_map={"service": "send"},
                period=Duration.minutes(5),
                statistic=cloudwatch.Stats.SUM,
            ),
            at_least=5,
            means="AWS refuses messages to customers: read the log of send; `earshot doctor` knows what AWS needs.",
        )

    def _let_send_texts(self) -> None:
        """Texts leave from a number, a pool or a sender id of the account, whose ids nobody knows before they exist."""
        origins = [
            Stack.of(self).format_arn(service="sms-voice", resource=kind, resource_name="*")
            for kind in ("phone-number", "pool", "sender-id")
        ]
        self.function.resource.add_to_role_policy(
            iam.PolicyStatement(actions=["sms-voice:SendTextMessage"], resources=origins)
        )
        for kind in ("phone-number", "pool", "sender-id"):
            Validations.of(self.function.role).acknowledge(
                Acknowledgment(
                    id=f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sms-voice:<AWS::Region>:<AWS::AccountId>:{kind}/*]",
                    reason="The number is registered by hand, and the account has no others than the business's.",
                )
            )


class Receipts(Construct):
    """Carriers' receipts, bounces and complaints, which AWS puts on the account's default bus."""

    def __init__(
        self, scope: Construct, id: str, *, stage: Stage, platform: Platform, store: Store, alarms: Alarms
    ) -> None:
        super().__init__(scope, id)
        self.function = Function(
            self,
            "Function",
            platform=platform,
            handler="functions.receipts.handler",
            settings=ReceiptsSettings(table=store.table.table_name),
            timeout=Duration.seconds(15),
            memory_mb=256,
        )
        store.grant(self.function.resource, "dynamodb:GetItem", only=("P#*", "M#*", "V#*"))
        store.grant(self.function.resource, "dynamodb:PutItem", only=("P#*",))
        store.grant(self.function.resource, "dynamodb:UpdateItem", only=("I#*", "M#*"))
        unread = DeadLetterQueue(
            self,
            "Unread",
            stage=stage,
            alarms=alarms,
            means="Bounces were not noted, so dead addresses may be written to: read the log of receipts.",
        )
        self.function.resource.configure_async_invoke(
            on_failure=destinations.SqsDestination(unread.queue), retry_attempts=2
        )
        target = targets.LambdaFunction(
            self.function.resource,
            dead_letter_queue=unread.queue,
            retry_attempts=_RETRIES,
            max_event_age=_RETRIED,
        )
        pattern = events.EventPattern(source=["aws.ses", "aws.sms-voice"])
        events.Rule(self, "Received", event_pattern=pattern, targets=[target])


class Unsubscribe(Construct):
    """`/u/{link}`: being left alone."""

    def __init__(self, scope: Construct, id: str, *, platform: Platform, api: HttpApi, store: Store) -> None:
        super().__init__(scope, id)
        function = Function(
            self,
            "Function",
            platform=platform,
            handler="functions.unsubscribe.handler.handler",
            settings=UnsubscribeSettings(table=store.table.table_name),
            timeout=Duration.seconds(10),
            memory_mb=256,
        )
        store.grant(function.resource, "dynamodb:GetItem", only=("L#*", "P#*"))
        store.grant(function.resource, "dynamodb:PutItem", only=("P#*",))
        api.route("/u/{link}", function, apigatewayv2.HttpMethod.GET, apigatewayv2.HttpMethod.POST)
