"""Email capture: customers' mails from SES through a bucket, and what the account needs for it."""

from aws_cdk import Acknowledgment, CustomResource, Duration, Stack, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.alarms import Alarms
from infra.failures import DeadLetterQueue
from infra.function import SETUP_TIMEOUT, Function
from infra.sources import Schedule
from infra.stage import Stage
from infra.store import Store
from shared.mail.received import MAIL_FOLDER, QUARANTINE_FOLDER
from shared.settings import CaptureEmailSettings, Settings
from shared.table import items
from shared.values import to_iso, utc_now

_MEMORY_MB = 1024  # for its share of the processor; a mail of 40 MB takes 120
RECEIPTS = (
    ses.EmailSendingEvent.BOUNCE,
    ses.EmailSendingEvent.COMPLAINT,
    ses.EmailSendingEvent.DELIVERY,
    ses.EmailSendingEvent.REJECT,
)


class CaptureEmail(Construct):
    """SES ► bucket ► function, and a sweep for what fell between."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        store: Store,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, id)
        self.bucket = _bucket(self, stage)
        settings = CaptureEmailSettings(
            table=store.table.table_name, keys_table=store.keys.table_name, mail_bucket=self.bucket.bucket_name
        )
        self.function = self._function("Function", "handler", stage, settings, store, Duration.seconds(30))
        sweep = self._function("Sweep", "sweep", stage, settings, store, Duration.minutes(5))
        store.grant(sweep.resource, "dynamodb:BatchGetItem", only=(items.MAIL,))  # the records of mails
        self._on_arrival(stage, alarms)
        Schedule(self, "EveryQuarterHour", function=sweep, every=Duration.minutes(15))
        for name, means in (
            ("MailQuarantined", "Mails could not be read and are kept whole: see `earshot redrive --dry-run`."),
            ("MailSwept", "Mails waited for the sweep: read the log of capture_email."),
        ):
            alarms.when_counted("capture_email", name, means=means)
        self._account_setup(stage)

    def _function(
        self, id: str, module: str, stage: Stage, settings: CaptureEmailSettings, store: Store, timeout: Duration
    ) -> Function:
        function = Function(
            self,
            id,
            stage=stage,
            handler=f"functions.capture_email.{module}.handler",
            settings=settings,
            timeout=timeout,
            memory_mb=_MEMORY_MB,
        )
        store.grant(function.resource, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
        store.grant(function.resource, "dynamodb:Query", only=(items.FEEDBACK,))
        store.grant_signing(function.resource)
        for prefix, actions in (
            (MAIL_FOLDER, ("s3:GetObject",)),
            (QUARANTINE_FOLDER, ("s3:GetObject", "s3:PutObject")),
        ):
            function.resource.add_to_role_policy(
                iam.PolicyStatement(actions=list(actions), resources=[self.bucket.arn_for_objects(f"{prefix}*")])
            )
        # S3 says of a mail that it is gone only to whoever may list; to others it denies access, and nobody could tell.
        function.resource.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [f"{MAIL_FOLDER}*", f"{QUARANTINE_FOLDER}*"]}},
            )
        )
        Validations.of(function.role).acknowledge(
            *(
                Acknowledgment(
                    id=f"AwsSolutions-IAM5[Resource::<{_logical_id(self.bucket)}.Arn>/{prefix}*]",
                    reason="Every mail is an object of its own below this prefix.",
                )
                for prefix in (MAIL_FOLDER, QUARANTINE_FOLDER)
            )
        )
        return function

    def _on_arrival(self, stage: Stage, alarms: Alarms) -> None:
        """EventBridge tells of each mail; the function's own two retries and then the sweep see to the rest."""
        self.unheard = DeadLetterQueue(
            self,
            "Unheard",
            stage=stage,
            alarms=alarms,
            means="Arrivals of mails could not be handed to capture_email; the sweep takes these mails in a while.",
        )
        events.Rule(
            self,
            "Arrival",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [self.bucket.bucket_name]}, "object": {"key": [{"prefix": MAIL_FOLDER}]}},
            ),
            targets=[
                targets.LambdaFunction(
                    self.function.resource,
                    dead_letter_queue=self.unheard.queue,
                    retry_attempts=8,
                    max_event_age=Duration.hours(1),
                )
            ],
        )

    def _account_setup(self, stage: Stage) -> None:
        """What the account shares: its active receipt rules, and the sender's domain (functions/setup/receiving.py)."""
        stack = Stack.of(self)
        configuration_set = ses.ConfigurationSet(self, "Sending", configuration_set_name=stage.qualified_name)
        configuration_set.add_event_destination(
            "Receipts",
            destination=ses.EventDestination.event_bus(events.EventBus.from_event_bus_name(self, "Default", "default")),
            events=list(RECEIPTS),
        )
        setup = Function(
            self,
            "Setup",
            stage=stage,
            handler="functions.setup.mail.handler",
            settings=Settings(),
            timeout=Duration.minutes(3),
            memory_mb=256,
        )
        setup.resource.add_to_role_policy(
            iam.PolicyStatement(
                actions=[
                    *("ses:DescribeActiveReceiptRuleSet", "ses:DescribeReceiptRuleSet", "ses:ListReceiptRuleSets"),
                    *("ses:CreateReceiptRuleSet", "ses:DeleteReceiptRuleSet", "ses:SetActiveReceiptRuleSet"),
                    *("ses:CreateReceiptRule", "ses:UpdateReceiptRule", "ses:DeleteReceiptRule"),
                    *("ses:CreateEmailIdentity", "ses:GetEmailIdentity"),
                    "ses:PutEmailIdentityConfigurationSetAttributes",
                ],
                resources=["*"],  # receipt rules have no ARN
            )
        )
        resource = CustomResource(
            self,
            "AccountMail",
            service_token=setup.resource.function_arn,
            resource_type="Custom::AccountMail",
            service_timeout=SETUP_TIMEOUT,
            properties={
                "rule": f"{stage.qualified_name}-mail",
                "address": stage.config.mail.address,
                "bucket": self.bucket.bucket_name,
                "prefix": MAIL_FOLDER,
                "domain": stage.config.business.sender.partition("@")[2],
                "configuration_set": configuration_set.configuration_set_name,
                # The function is only asked again when a property changes: so each deploy mends what others took away.
                "deployed_at": to_iso(utc_now()),
            },
        )
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("ses.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"{MAIL_FOLDER}*")],
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            )
        )
        if self.bucket.policy:
            resource.node.add_dependency(self.bucket.policy)  # SES tries the bucket when it gets the rule


def _bucket(scope: Construct, stage: Stage) -> s3.Bucket:
    bucket = s3.Bucket(
        scope,
        "Mails",
        bucket_name=stage.bucket_named("mail"),
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=stage.demands_tls,
        lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(items.MAIL.days))],
        removal_policy=stage.removal_policy,
    )
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - what a Bucket is made of
    # By its own property: CDK's way of saying it takes a function of its own, which the local stage refuses.
    resource.add_property_override("NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True)
    Validations.of(bucket).acknowledge(
        Acknowledgment(id="AwsSolutions-S1", reason="SES alone writes to it; CloudTrail can record who reads.")
    )
    return bucket


def _logical_id(bucket: s3.Bucket) -> str:
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101
    return str(Stack.of(bucket).get_logical_id(resource))
