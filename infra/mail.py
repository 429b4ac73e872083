"""Mail: who may send it, and as whom."""

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam

from infra.function import Function
from infra.stage import Stage


def let_send_mail(function: Function, stage: Stage) -> None:
    """Allow sending as the business: SES looks for the verified identity of the address, else of its domain.

    And for the identity's configuration set, which is ours, or another's where the identity was there before us
    (functions/setup/mail.py).
    """
    sender = stage.config.business.sender
    names = (sender, sender.partition("@")[2])
    arn = Stack.of(function).format_arn
    resources = [
        *(arn(service="ses", resource="identity", resource_name=name) for name in names),
        arn(service="ses", resource="configuration-set", resource_name="*"),
    ]
    if stage.local:
        resources = ["*"]  # MiniStack asks for leave to send at all, and names no identity
    function.resource.add_to_role_policy(iam.PolicyStatement(actions=["ses:SendEmail"], resources=resources))
    Validations.of(function.role).acknowledge(
        Acknowledgment(
            id="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:configuration-set/*]",
            reason="An identity that was there before us keeps its own set, whose name is not known here.",
        )
    )
