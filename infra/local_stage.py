"""What the local stage leaves out, because MiniStack does not model it. The one list of it; `make run` prints it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_cdk import Stack

LEFT_OUT = {
    "AWS::Events::Archive": "the archive of events, so nothing can be replayed from it",
    "AWS::Events::EventBusPolicy": "the policy of the bus, so anyone here can put our events",
    "AWS::EventSchemas::Registry": "the registry of the events' schemas, which are in events/schemas",
    "AWS::EventSchemas::Schema": "the registry of the events' schemas, which are in events/schemas",
    "AWS::SMSVOICE::PhoneNumber": "the phone number: `earshot text` plays those who text it",
    "Custom::AccountMail": "SES's receipt rule and the sender's domain: the SMTP listener brings mail to the bucket",
}
NOT_MODELLED = (
    "TLS: everything is plain HTTP on loopback, and policies do not demand otherwise",
    "retries and dead-letter queues of rules, and bisection, retry limits and the failure bucket of the stream",
    "the waits: a card waits 3 s for a customer's next words, on AWS 45; a retry seconds instead of minutes",
    "alarms going off, access logs, throttling and traces",
)


def leave_out(stack: "Stack") -> None:
    """Take out of `stack` the resources that MiniStack refuses. Nothing may refer to them."""
    from aws_cdk import CfnResource  # here, because `make run` only wants the list, and at once

    for construct in stack.node.find_all():
        if isinstance(construct, CfnResource) and construct.cfn_resource_type in LEFT_OUT:
            parent = construct.node.scope
            assert parent is not None  # noqa: S101 - a resource has one
            parent.node.try_remove_child(construct.node.id)
