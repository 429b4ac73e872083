"""Send: what is stored for customers leaves, by mail and by text."""

from aws_cdk import Acknowledgment, Duration, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.alarms import Alarms
from infra.failures import KEPT
from infra.function import Function
from infra.mail import let_send_mail
from infra.sources import TableChanges
from infra.stage import Stage
from infra.store import Store
from shared.settings import SendSettings
from shared.table import items


class Send(Construct):
    """Every message stored for a customer leaves once; what cannot leave is kept whole in a bucket."""

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
        self.function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.send.handler.handler",
            settings=SendSettings(table=store.table.table_name),
            timeout=Duration.seconds(60),
            memory_mb=512,
        )
        store.grant(self.function.resource, "dynamodb:GetItem", only=(items.PERSON, items.INVITATION, items.MESSAGE))
        store.grant(self.function.resource, "dynamodb:PutItem", only=(items.PERSON, items.SENT_MAIL, items.RECEIPT))
        store.grant(self.function.resource, "dynamodb:UpdateItem", only=(items.INVITATION, items.MESSAGE))
        store.grant_cases(self.function.resource)
        let_send_mail(self.function, stage)
        self._let_send_texts()
        message = {"kind": {"S": [items.MESSAGE.kind]}}
        self.unsent = TableChanges(
            self,
            "Changes",
            stage=stage,
            alarms=alarms,
            store=store,
            function=self.function,
            only=(
                {"eventName": ["INSERT"], "dynamodb": {"NewImage": message}},
                {"eventName": ["MODIFY"], "dynamodb": {"NewImage": message | {"woken": {"BOOL": [True]}}}},
            ),
            batch_size=10,
            retried=Duration.hours(6),  # a question about this morning is worth nothing tomorrow
            failures="unsent",
            kept=KEPT,
            means="Customers were not told: read the log of send, mend the cause, then run `earshot redrive`.",
        ).failures
        alarms.when_counted(
            "send",
            "MessagesRefused",
            at_least=5,
            means="AWS refuses messages to customers: read the log of send; `earshot doctor` knows what AWS needs.",
        )
        alarms.when_counted(
            "send",
            "MessagesHeldByAccount",
            means="The account cannot send, so messages to customers wait, a week at most: `earshot doctor` says why, "
            "and what AWS needs. They leave by themselves within two hours of its mending.",
        )
        alarms.when_counted(
            "send",
            "MessagesGivenUp",
            means="Messages to customers waited a week for an account that cannot send, and are given up: read the log "
            "of send. Who was to be invited can be invited again.",
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
