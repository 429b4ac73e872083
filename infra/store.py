"""The truth: the table of feedback, and the small one of signing keys."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import Acknowledgment, Stack, Tags, Validations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.stage import Stage
from shared.keys import twilio_tokens, webhook_secrets
from shared.table import items
from shared.table.items import Item, KeyItem

STAGE_TAG = "earshot-stage"


class Store(Construct):
    """The main table, whose stream carries every change, and the keys table, which has none.

    The keys table also holds the secrets that sign webhooks and the tokens of Twilio, sealed with a key of KMS.
    """

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self._stage = stage
        self.table = dynamodb.TableV2(
            self,
            "Table",
            table_name=stage.named("feedback"),
            partition_key=_string("pk"),
            sort_key=_string("sk"),
            global_secondary_indexes=[
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name="by_team", partition_key=_string("team_shard"), sort_key=_string("changed_at")
                ),
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name="by_due", partition_key=_string("due_shard"), sort_key=_string("due_at")
                ),
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name="by_inbox", partition_key=_string("inbox"), sort_key=_string("inbox_at")
                ),
            ],
            time_to_live_attribute="ttl",
            dynamo_stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=stage.keeps_data,
            removal_policy=stage.removal_policy,
        )
        self.keys = dynamodb.TableV2(
            self,
            "Keys",
            table_name=stage.named("keys"),
            partition_key=_string("name"),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=stage.keeps_data,
            removal_policy=stage.removal_policy,
        )

        self.secrets_key = kms.Key(
            self,
            "SecretsKey",
            description="Seals what signs webhooks, and the tokens of Twilio accounts (shared/keys)",
            enable_key_rotation=True,
            removal_policy=stage.removal_policy,
        )
        Tags.of(self.secrets_key).add(STAGE_TAG, stage.qualified_name)

    def grant(self, grantee: iam.IGrantable, *actions: str, only: Sequence[Item] = ()) -> None:
        """Allow `actions` on the main table, but not on its indexes, as the table's own `grant` would.

        `only` are the kinds of item whose partitions may be named; empty: any.
        """
        _grant(grantee, self.table, actions, [item.partitions for item in only])

    def grant_cases(self, grantee: iam.IGrantable) -> None:
        """Allow reading cases with their timelines, and moving them."""
        actions = ("dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem")
        self.grant(grantee, *actions, only=(items.FEEDBACK,))  # the entries of a timeline lie in its partition

    def grant_query(self, grantee: iam.IGrantable, *, index: str) -> None:
        """Allow queries of one index of the main table, and nothing else."""
        arn = f"{self.table.table_arn}/index/{index}"
        iam.Grant.add_to_principal(grantee=grantee, actions=["dynamodb:Query"], resource_arns=[arn])

    def grant_signing(self, grantee: iam.IGrantable, item: KeyItem = KeyItem.SIGNING) -> None:
        """Allow reading the signing keys of `item`, and writing the first one (`shared.keys.signing`)."""
        _grant(grantee, self.keys, ("dynamodb:GetItem", "dynamodb:PutItem"), (item.partitions,))

    def grant_twilio_tokens(self, grantee: iam.IGrantable) -> None:
        """Allow reading the auth tokens of Twilio accounts (`shared.keys.twilio_tokens`)."""
        _grant(grantee, self.keys, ("dynamodb:GetItem",), (KeyItem.TWILIO.partitions,))
        self._grant_opening(grantee, twilio_tokens.CONTEXT)

    def grant_webhook_secrets(self, grantee: iam.IGrantable, *, keeps: bool = False) -> None:
        """Allow opening the secrets of webhooks, and making a target's first (`shared.keys.webhook_secrets`).

        `keeps`: also what their owners ask for: noting that one was shown, making new ones, and removing them.
        """
        more = ["dynamodb:UpdateItem", "dynamodb:DeleteItem"] if keeps else []
        _grant(grantee, self.keys, ["dynamodb:GetItem", "dynamodb:PutItem", *more], (KeyItem.WEBHOOK.partitions,))
        self.secrets_key.grant(grantee, "kms:Encrypt")
        self._grant_opening(grantee, *webhook_secrets.CONTEXT)

    def _grant_opening(self, grantee: iam.IGrantable, *context: str) -> None:
        """Allow opening what was sealed with no other keys in its encryption context than these.

        Sealed with the key of this stack or of an earlier one of the stage: a key has no name of its own, so a new
        stack makes a new one, while the table of keys is taken up as it is.
        """
        if self._stage.local:  # MiniStack does not tell a policy the tags, and its stages are never made again
            self.secrets_key.grant(grantee, "kms:Decrypt")
            return
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kms:Decrypt"],
            resource_arns=[Stack.of(self).format_arn(service="kms", resource="key", resource_name="*")],
            conditions={
                "StringEquals": {f"aws:ResourceTag/{STAGE_TAG}": self._stage.qualified_name},
                "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": list(context)},
            },
        )
        Validations.of(cast(Construct, grantee.grant_principal)).acknowledge(
            Acknowledgment(
                id="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*]",
                reason="The keys of earlier stacks of this stage, whose ids are not known here, carry its tag.",
            )
        )


def _grant(grantee: iam.IGrantable, table: dynamodb.TableV2, actions: Sequence[str], only: Sequence[str]) -> None:
    conditions = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(only)}} if only else None
    iam.Grant.add_to_principal(
        grantee=grantee, actions=list(actions), resource_arns=[table.table_arn], conditions=conditions
    )


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
