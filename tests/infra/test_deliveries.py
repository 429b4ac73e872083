"""What the template promises of deliveries: who may write what, and that waits end."""

import json
from typing import Any

from tests.infra.conftest import Resources
from tests.infra.test_stack import as_list, statements


def actions_of(resources: Resources, role: str) -> list[dict[str, Any]]:
    return [
        statement
        for name, policy in resources("AWS::IAM::Policy").items()
        if name.startswith(role)
        for statement in statements(policy)
    ]


def test_notify_writes_of_deliveries_and_targets_and_never_a_feedback(resources: Resources) -> None:
    for role in ("NotifyFunction", "SweepFunction"):
        writing = [
            statement
            for statement in actions_of(resources, role)
            if {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"} & {*as_list(statement["Action"])}
        ]
        assert writing
        for statement in writing:
            keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            assert set(keys) <= {"D#*", "T#*", "W#*", "M#*", "webhook#*", "signing"}


def test_the_key_of_the_secrets_rotates_and_outlives_the_stack(resources: Resources) -> None:
    keys = [key for key in resources("AWS::KMS::Key").values() if "webhooks" in key.get("Description", "")]
    assert [key["EnableKeyRotation"] for key in keys] == [True]


def test_due_deliveries_are_swept_each_minute(resources: Resources) -> None:
    rules = [rule for rule in resources("AWS::Events::Rule").values() if "ScheduleExpression" in rule]
    assert "rate(1 minute)" in [rule["ScheduleExpression"] for rule in rules]


def test_a_message_that_fails_is_kept_after_five_times(resources: Resources) -> None:
    queues = resources("AWS::SQS::Queue")
    functions = resources("AWS::Lambda::Function")
    (notify,) = [function for name, function in functions.items() if name.startswith("NotifyFunction")]
    ours = [queue for name, queue in queues.items() if name.startswith(("NotifyDeliveries", "NotifyAside"))]
    assert len(ours) == 2
    for queue in ours:
        assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
        assert queue["VisibilityTimeout"] >= 6 * notify["Timeout"]


def test_targets_in_trouble_have_workers_of_their_own_and_captures_keep_some(resources: Resources) -> None:
    mappings = resources("AWS::Lambda::EventSourceMapping").values()
    at_once = {
        name: mapping["ScalingConfig"]["MaximumConcurrency"]
        for mapping in mappings
        for name in ("NotifyDeliveries", "NotifyAside")
        if name in json.dumps(mapping["EventSourceArn"])
    }
    assert at_once == {"NotifyDeliveries": 4, "NotifyAside": 2}


def test_whoever_is_on_call_hears_of_what_is_told_by_mail_alone_else(resources: Resources) -> None:
    counted = {
        (alarm["Dimensions"][0]["Value"], alarm["MetricName"])
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == "Earshot"
    }
    assert counted >= {
        ("notify", "TargetDisabled"),
        ("notify", "DeliveryGivenUp"),
        ("notify", "AttemptBroken"),
        ("sweep", "DeliveryUnreadable"),
        ("escalate", "CaseUnreadable"),
        ("publish", "UnhappyWithoutOwner"),
    }
