from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from functions.setup import rules as clear_rules
from tests.kit.cloudformation import CloudFormation, waiting
from tests.kit.factories import a_context

BUS = "earshot-test"


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    with waiting() as waits:
        yield waits


@pytest.fixture
def rules(aws: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bus with 120 rules and targets, and another with one; lists the rules of a bus."""
    monkeypatch.setenv("EARSHOT_BUS", BUS)
    events = boto3.client("events")
    for bus, number in ((BUS, 120), ("another", 1)):
        events.create_event_bus(Name=bus)
        for each in range(number):
            name = f"earshot-route-{each}"
            events.put_rule(Name=name, EventBusName=bus, EventPattern='{"source": ["earshot"]}')
            target = {"Id": "a", "Arn": "arn:aws:sqs:eu-west-1:123456789012:q"}
            events.put_targets(Rule=name, EventBusName=bus, Targets=[target])  # type: ignore[list-item]
    return lambda bus=BUS: events.list_rules(EventBusName=bus)["Rules"]


def test_all_rules_of_the_bus_go_when_the_stack_goes_and_those_of_others_stay(
    rules: Any, cloudformation: CloudFormation
) -> None:
    clear_rules.handler(cloudformation.request("Delete"), a_context())
    assert rules() == []
    assert len(rules("another")) == 1
    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_nothing_is_removed_before_the_stack_goes(rules: Any, cloudformation: CloudFormation, kind: str) -> None:
    clear_rules.handler(cloudformation.request(kind), a_context())
    assert len(rules()) > 0
    assert cloudformation.answers[0]["Status"] == "SUCCESS"


def test_a_rule_that_cloudformation_removes_at_the_same_time_is_no_failure(
    rules: Any, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_rules = clear_rules._rules

    def and_one_that_is_gone(client: Any, bus: str) -> Iterator[str]:
        yield "earshot-route-gone"
        yield from all_rules(client, bus)

    monkeypatch.setattr(clear_rules, "_rules", and_one_that_is_gone)
    clear_rules.handler(cloudformation.request("Delete"), a_context())
    assert cloudformation.answers[0]["Status"] == "SUCCESS"
    assert rules() == []


def test_a_failure_is_answered_too(cloudformation: CloudFormation, aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_BUS", "there-is-none")
    clear_rules.handler(cloudformation.request("Delete"), a_context())
    assert cloudformation.answers[0]["Status"] == "FAILED"
    assert "there-is-none" in cloudformation.answers[0]["Reason"]
