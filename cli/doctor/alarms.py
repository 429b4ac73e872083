"""Who is told of alarms: AWS mails them to confirmed addresses only. Part of `earshot doctor`."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from cli.doctor.findings import Finding
from cli.stage import Stage, client_at
from shared.addresses.targets import Target


def check_alarms(stage: Stage) -> Iterator[Finding]:
    """Whether each address in `alarms` has confirmed, and whether anybody has. The local stage has no alarms."""
    if stage.is_local:
        return
    topic = stage.outputs["AlarmTopic"]
    try:
        pages = client_at(stage, topic).get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        subscribed = {each["Endpoint"]: each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]}
    except ClientError as error:
        yield Finding("alarms", f"cannot look at who hears of them ({error.response['Error']['Code']})")
        return
    addresses = [Target.parse(target).address for target in stage.config.alarms]
    for address in addresses:
        if address not in subscribed:
            yield Finding(
                f"alarms {address}",
                "is not told of alarms, since AWS forgets a subscription that nobody confirms in time; subscribe again",
                f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint {address}",
            )
        elif not _is_confirmed(subscribed[address]):
            yield Finding(f"alarms {address}", "has not confirmed yet: the link is in a mail from AWS Notifications")
    if not addresses and not any(map(_is_confirmed, subscribed.values())):
        yield Finding("alarms", 'reach nobody; add alarms = ["email:..."] to earshot.toml and deploy')


def _is_confirmed(arn: str) -> bool:
    """Instead of its ARN, a subscription has `PendingConfirmation` or `Deleted`."""
    return arn.startswith("arn:")
