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
    send = iam.PolicyStatement(actions=["ses:SendEmail"])
    function.resource.add_to_role_policy(send)
    if stage.local:  # MiniStack asks for leave to send at all: it names no identity, and no address
        send.add_resources("*")
        return
    send.add_condition("StringEquals", {"ses:FromAddress": stage.config.business.sender})
    for kind, reason in (
        (
            "identity",
            "In its sandbox SES asks for the recipient's identity too; what is bound is the sender's address.",
        ),
        ("configuration-set", "An identity that was there before us keeps its own set, whose name is not known here."),
    ):
        send.add_resources(Stack.of(function).format_arn(service="ses", resource=kind, resource_name="*"))
        Validations.of(function.role).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:{kind}/*]",
                reason=reason,
            )
        )
