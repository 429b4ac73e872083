"""What an AWS target needs so that a route's rule may reach it, ready to paste."""

from typing import Any

from shared.config import Target, TargetKind

_ACTIONS = {
    TargetKind.SQS: "sqs:SendMessage",
    TargetKind.SNS: "sns:Publish",
    TargetKind.LAMBDA: "lambda:InvokeFunction",
    TargetKind.BUS: "events:PutEvents",
}


def policy_to_paste(target: Target, rule_arn: str) -> dict[str, Any]:
    """For a queue, topic or function, the resource policy; for another bus, that of the role (`--role`)."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": _ACTIONS[target.kind], "Resource": target.address}
    if target.kind is not TargetKind.BUS:
        statement |= {
            "Principal": {"Service": "events.amazonaws.com"},
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        }
    return {"Version": "2012-10-17", "Statement": [statement]}
