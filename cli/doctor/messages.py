"""What waits to be sent to customers. Part of `earshot doctor`."""

from collections import Counter
from collections.abc import Iterator

from cli.doctor.findings import Finding
from cli.stage import Stage
from shared.customers.messages import KEPT_FOR, Messages
from shared.model.invitation import Held
from shared.values import utc_now


def check_waiting(stage: Stage) -> Iterator[Finding]:
    """Messages that AWS does not take, by its reason. What waits for the end of quiet hours is as it should be."""
    waiting = Messages(stage.dynamodb, stage.outputs["Table"]).due(utc_now() + KEPT_FOR)
    reasons = Counter(each.held for each in waiting if each.held != Held.QUIET_HOURS.value)
    for reason, number in reasons.most_common():
        yield Finding(
            "messages",
            f"{number} to customers could not be sent yet ({reason}); they wait for {KEPT_FOR.days} days at most, and "
            "leave by themselves within two hours once AWS takes them",
        )
