"""The truth: the table of feedback, and the small one of signing keys."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.stage import Stage


class Store(Construct):
    """The main table, whose stream carries every change, and the keys table, which has none."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=_string("pk"),
            sort_key=_string("sk"),
            global_secondary_indexes=[
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name="by_team", partition_key=_string("team_shard"), sort_key=_string("changed_at")
                ),
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name="by_due", partition_key=_string("due_shard"), sort_key=_string("due_at")
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
            partition_key=_string("name"),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=stage.keeps_data,
            removal_policy=stage.removal_policy,
        )

    def grant(self, grantee: iam.IGrantable, *actions: str) -> None:
        """Allow `actions` on the main table, but not on its indexes, as the table's own `grant` would."""
        iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self.table.table_arn])

    def grant_signing(self, grantee: iam.IGrantable) -> None:
        """Allow reading the signing keys, and writing the first one (`shared.keys`)."""
        self.keys.grant(grantee, "dynamodb:GetItem", "dynamodb:PutItem")


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
