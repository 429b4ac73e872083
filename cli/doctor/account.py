"""What the account shares between all its functions and is short of at first. Part of `earshot doctor`."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from cli.doctor.findings import Finding
from cli.stage import Stage

ENOUGH_AT_ONCE = (
    100  # runs at the same time; a new account has 10, and the readers of queues and of the stream wait in it
)
USUAL_AT_ONCE = 1_000
_QUOTA = "L-B99A9384"  # "Concurrent executions" of Lambda


def check_account(stage: Stage) -> Iterator[Finding]:
    """How many functions may run at once, beyond which a customer gets no page. The local stage has no such limit."""
    if stage.is_local:
        return
    try:
        limit = stage.client("lambda").get_account_settings()["AccountLimit"]
    except ClientError as error:
        yield Finding("Lambda", f"cannot look at how many functions may run ({error.response['Error']['Code']})")
        return
    at_once, ours = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    if ours >= ENOUGH_AT_ONCE:
        return
    of = "" if ours == at_once else f" (others have reserved {at_once - ours} of its {at_once})"
    yield Finding(
        "Lambda",
        f"this account runs {ours} functions at once{of}, and refuses customers' pages and texts beyond; raise the "
        "quota 'Concurrent executions', which costs nothing",
        "aws service-quotas request-service-quota-increase --service-code lambda "
        f"--quota-code {_QUOTA} --desired-value {max(USUAL_AT_ONCE, at_once + USUAL_AT_ONCE - ours)}",
    )
