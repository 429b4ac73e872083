"""Mail: who may send it, and as whom."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.function import Function
from infra.stage import Stage


def let_send_mail(function: Function, stage: Stage) -> None:
    """Allow sending as the business: SES looks for the verified identity of the address, else of its domain."""
    sender = stage.config.business.sender
    names = (sender, sender.partition("@")[2])
    identities = [
        Stack.of(function).format_arn(service="ses", resource="identity", resource_name=name) for name in names
    ]
    if stage.local:
        identities = ["*"]  # MiniStack asks for leave to send at all, and names no identity
    function.resource.add_to_role_policy(iam.PolicyStatement(actions=["ses:SendEmail"], resources=identities))
