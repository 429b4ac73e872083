"""Policies of teams' own queues, as they write them and as AWS reads them."""

from typing import Any

import pytest

from cli.routes.policies import lets_in, policy_to_paste
from shared.addresses.targets import Target

QUEUE = Target.parse("sqs:arn:aws:sqs:eu-west-1:444455556666:finance")
RULE = "arn:aws:events:eu-west-1:111122223333:rule/earshot/earshot-route-refunds"
OTHER_RULE = RULE.replace("refunds", "prices")
STATEMENT: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": ["sqs:SendMessage"],
    "Resource": QUEUE.address,
}
DENIAL = STATEMENT | {"Effect": "Deny"}


def test_what_is_pasted_lets_the_rule_in() -> None:
    assert lets_in(policy_to_paste(QUEUE, RULE), QUEUE, RULE)
    assert not lets_in(policy_to_paste(QUEUE, RULE), QUEUE, OTHER_RULE)


@pytest.mark.parametrize("policy", [{}, {"Statement": []}, {"Version": "2012-10-17", "Statement": DENIAL}])
def test_what_allows_nothing_lets_nobody_in(policy: dict[str, Any]) -> None:
    assert not lets_in(policy, QUEUE, RULE)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": "444455556666", "Service": ["sns.amazonaws.com", "events.amazonaws.com"]}},
        {"Principal": None, "NotPrincipal": {"AWS": "444455556666"}},
        {"Action": "SQS:sendmessage"},
        {"Action": ["sqs:ReceiveMessage", "sqs:Send*"]},
        {"Action": "*"},
        {"Action": None, "NotAction": "sqs:DeleteQueue"},
        {"Resource": "*"},
        {"Resource": ["arn:aws:sqs:*:444455556666:fin?nce"]},
        {"Resource": None, "NotResource": "arn:aws:sqs:eu-west-1:444455556666:audit"},
        {"Resource": None},
        {"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:events:*:111122223333:rule/*"}}},
        {"Condition": {"ArnEquals": {"aws:SourceArn": [OTHER_RULE, RULE]}}},
        {"Condition": {"ForAnyValue:StringLikeIfExists": {"aws:sourceArn": "*refunds"}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}},
        {"Condition": {"StringEqualsIgnoreCase": {"aws:SourceArn": RULE.upper()}}},
        {"Condition": {"ArnNotLike": {"aws:SourceArn": OTHER_RULE}, "Null": {"aws:SourceArn": False}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_a_statement_that_lets_the_rule_in(change: dict[str, Any]) -> None:
    assert lets_in({"Statement": changed(STATEMENT, change)}, QUEUE, RULE)
    assert lets_in({"Statement": [DENIAL | {"Action": "sqs:*Queue"}, changed(STATEMENT, change)]}, QUEUE, RULE)


@pytest.mark.parametrize(
    "change",
    [
        {"Principal": {"Service": "s3.amazonaws.com"}},
        {"Principal": {"AWS": ["444455556666", "arn:aws:iam::444455556666:root"]}},
        {"Principal": None, "NotPrincipal": {"Service": "events.amazonaws.com"}},
        {"Action": "sqs:ReceiveMessage"},
        {"Action": None, "NotAction": ["sqs:Send*"]},
        {"Resource": "arn:aws:sqs:eu-west-1:444455556666:Finance"},
        {"Resource": None, "NotResource": QUEUE.address},
        {"Condition": {"ArnEquals": {"aws:SourceArn": [OTHER_RULE]}}},
        {"Condition": {"StringEquals": {"aws:SourceArn": f"{RULE[:-1]}*"}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "444455556666"}, "ArnLike": {"aws:SourceArn": RULE}}},
        {"Condition": {"ArnNotEquals": {"aws:SourceArn": RULE}}},
        {"Condition": {"Null": {"aws:SourceArn": "true"}}},
    ],
)
def test_a_statement_that_does_not_let_the_rule_in(change: dict[str, Any]) -> None:
    assert not lets_in({"Statement": changed(STATEMENT, change)}, QUEUE, RULE)


@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        ({}, True),
        ({"ArnLike": {"aws:SourceArn": RULE}}, True),
        ({"ArnNotEquals": {"aws:SourceArn": RULE}}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
    ],
)
def test_a_denial_wins_where_it_is_known_to_apply(condition: dict[str, Any], denied: bool) -> None:
    policy = {"Statement": [STATEMENT, DENIAL | {"Principal": "*", "Condition": condition}]}
    assert lets_in(policy, QUEUE, RULE) is not denied


def changed(statement: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """With an element of None left out."""
    return {element: value for element, value in (statement | change).items() if value is not None}
