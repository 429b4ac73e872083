import json
from typing import Any

import boto3
import pytest

from shared.conditions.pattern import rule_pattern
from shared.conditions.reader import parse
from shared.model.scales import Mood
from shared.routes.rules import RouteRefused, Rules, rule_targets
from tests.kit.eventbridge import event, ministack_verdict
from tests.kit.factories import a_feedback
from tests.shared.routes.conftest import Drafted

ACCOUNT = "arn:aws:sqs:eu-west-1:123456789012"
BUS = "earshot-test"
NAME = "earshot-route-refunds"


@pytest.fixture
def rules(aws: str) -> Rules:
    events = boto3.client("events")
    events.create_event_bus(Name=BUS)
    return Rules(events, bus=BUS, deliveries=f"{ACCOUNT}:deliveries", refused=f"{ACCOUNT}:refused")


def arns() -> set[str]:
    targets = boto3.client("events").list_targets_by_rule(Rule=NAME, EventBusName=BUS)["Targets"]
    return {target["Arn"] for target in targets}


@pytest.mark.parametrize("text", ["", "mood = happy", "team = a or event = FeedbackAmended", "place = a or team = b"])
def test_the_rule_matches_what_the_condition_does_on_the_emulator_too(text: str) -> None:
    condition = parse(text)
    pattern = json.dumps(rule_pattern("mine", condition))
    for about in (a_feedback(), a_feedback(team="a"), a_feedback(team="b", mood=Mood.HAPPY)):
        seen = event("FeedbackCaptured", about)
        assert ministack_verdict(pattern, seen) is condition.matches("FeedbackCaptured", about)
    test = {"source": "earshot.test", "detail-type": "RouteTested", "detail": {"route": "mine"}}
    assert ministack_verdict(pattern, test)
    assert not ministack_verdict(pattern, test | {"detail": {"route": "theirs"}})
    assert not ministack_verdict(pattern, test | {"source": "elsewhere"})


def test_a_target_retries_for_a_day_and_then_keeps_the_event(drafted: Drafted) -> None:
    bus = "arn:aws:events:eu-west-1:123456789012:event-bus/theirs.fifo"  # a name like any other
    route = drafted(
        to=[f"sqs:{ACCOUNT}:a.fifo", f"bus:{bus}", "slack:https://hooks.slack.com/services/T/B/x"], role="r"
    )
    found = rule_targets("refunds", route, deliveries="D", refused="R", roles={bus: "arn:role"})

    assert [target["Arn"] for target in found] == [f"{ACCOUNT}:a.fifo", bus, "D"]
    for target in found:
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
        assert target["DeadLetterConfig"] == {"Arn": "R"}
    assert [target.get("SqsParameters") for target in found] == [{"MessageGroupId": "refunds"}, None, None]
    assert found[1]["RoleArn"] == "arn:role"


def test_a_rule_becomes_what_its_route_says_whatever_it_was_before(rules: Rules, drafted: Drafted) -> None:
    rules.apply(drafted(to=[f"sqs:{ACCOUNT}:finance", f"sqs:{ACCOUNT}:books"]))
    rules.apply(drafted(to=[f"sqs:{ACCOUNT}:books", "email:care@fernleaf.example"]))
    assert arns() == {f"{ACCOUNT}:books", f"{ACCOUNT}:deliveries"}


def test_a_condition_that_eventbridge_finds_too_complex_is_refused_in_its_words(
    rules: Rules, drafted: Drafted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_rule(**_: Any) -> None:
        error: Any = {"Error": {"Code": "InvalidEventPatternException", "Message": "Rule is too complex."}}
        raise rules._client.exceptions.InvalidEventPatternException(error, "PutRule")

    monkeypatch.setattr(rules._client, "put_rule", put_rule)
    with pytest.raises(RouteRefused, match=r"Rule is too complex\. Shorten it"):
        rules.apply(drafted())


def test_a_target_that_stands_already_is_left_alone(
    rules: Rules, drafted: Drafted, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = drafted(to=[f"sqs:{ACCOUNT}:finance"])
    rules.apply(route)
    monkeypatch.setattr(rules._client, "put_targets", None)
    rules.apply(route.model_copy(update={"paused": True}))
    assert boto3.client("events").describe_rule(Name=NAME, EventBusName=BUS)["State"] == "DISABLED"


def test_a_rule_goes_with_whatever_it_leads_to(rules: Rules, drafted: Drafted) -> None:
    rules.apply(drafted())
    left: Any = [{"Id": "left-by-a-crash", "Arn": f"{ACCOUNT}:finance"}]
    boto3.client("events").put_targets(Rule=NAME, EventBusName=BUS, Targets=left)
    for _ in range(2):
        rules.remove("refunds")
    assert boto3.client("events").list_rules(EventBusName=BUS)["Rules"] == []
