import pytest

from shared.addresses.targets import Target, TargetKind


@pytest.mark.parametrize(
    "text",
    [
        "email:care@fernleaf.example",
        "webhook:https://hooks.example.com/a?b=c",
        "sqs:arn:aws:sqs:eu-west-1:123456789012:care",
        "sqs:arn:aws:sqs:eu-west-1:123456789012:care.fifo",
        "lambda:arn:aws:lambda:eu-west-1:123456789012:function:care:live",
        "bus:arn:aws:events:eu-west-1:123456789012:event-bus/orders",
        "bus:arn:aws-us-gov:events:us-gov-west-1:123456789012:event-bus/partner/orders",
    ],
)
def test_a_target_reads_back_as_it_was_written(text: str) -> None:
    assert str(Target.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "email", "email:", "webhook:http://example.com", "sqs:care"),
        *("sns:arn:aws:sqs:eu-west-1:123456789012:x", "sqs:arn:aws:sqs:eu-west-1:123456789012:a:b/c"),
        *("sns:arn:aws:sns:eu-west-1:123456789012:x.fifo", "lambda:arn:aws:lambda:eu-west-1:123456789012:x"),
        *("bus:arn:aws:events:eu-west-1:123456789012:rule/x", "bus:arn:aws:events:eu-west-1:1234:event-bus/x"),
    ],
)
def test_a_target_that_leads_nowhere_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Target.parse(text)


def test_people_and_machines_are_told_apart() -> None:
    assert {kind for kind in TargetKind if kind.is_for_people} == {"email", "slack", "teams"}
    assert {kind for kind in TargetKind if kind.is_aws} == {"sqs", "sns", "lambda", "bus"}


@pytest.mark.parametrize(
    "target",
    [
        *("webhook:http://orders.example/", "webhook:https://169.254.169.254/", "webhook:https://[64:ff9b::a00:1]/x"),
        *("webhook:https://u:p@orders.example/", "webhook:https://2130706433/", "webhook:orders.example"),
        *("slack:https://hooks.slack.com.evil.example/x", "teams:https://evillogic.azure.com/x"),
    ],
)
def test_an_address_that_must_not_be_asked_is_no_target(target: str) -> None:
    with pytest.raises(ValueError, match=r"must|does not lead|another host"):
        Target.parse(target)
