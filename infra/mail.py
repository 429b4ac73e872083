"""Mail: who may send it, and as whom."""

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam

from infra.function import Function
from infra.stage import Stage


def let_send_mail(function: Function, stage: Stage) -> None:
    """Allow sending from the business's own address, and from no other.

    IAM is asked for the identity that sends, for its configuration set (which may be another's, where the identity was
    there before us), and in the sandbox for the identity of the recipient too. So what bounds it is the address.
    """
    arn = Stack.of(function).format_arn
    resources = {
        "identity": "In its sandbox SES also asks for the recipient's identity; the sender's address is what is bound.",
        "configuration-set": "An identity that was there before us keeps its own set, whose name is not known here.",
    }
    function.resource.add_to_role_policy(
        iam.PolicyStatement(
            actions=["ses:SendEmail"],
            # MiniStack asks for leave to send at all: it names no identity, and no address.
            resources=["*"]
            if stage.local
            else [arn(service="ses", resource=kind, resource_name="*") for kind in resources],
            conditions=None if stage.local else {"StringEquals": {"ses:FromAddress": stage.config.business.sender}},
        )
    )
    for kind, reason in resources.items():
        Validations.of(function.role).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:{kind}/*]",
                reason=reason,
            )
        )
