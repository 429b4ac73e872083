"""Who may do what on the bus, and what other stacks and accounts are given."""

import json
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from jsonschema import Draft4Validator  # the dialect that OpenAPI 3.0 is closest to
from openapi_spec_validator import OpenAPIV30SpecValidator

from infra import app as infra_app
from infra.feedback_route import FeedbackRoute
from infra.schemas import openapi
from shared.conditions.language import ConditionError
from shared.conditions.pattern import compile_pattern
from shared.conditions.reader import parse
from shared.config import load as config_file
from shared.config.model import Config
from shared.model.events import CONTRACT, Event, RouteTested, Taken
from tests.infra.conftest import Resources
from tests.kit.samples import load_event

Published = type[Event] | type[Taken]


def policy(template: Template) -> dict[str, dict[str, Any]]:
    found = template.find_resources("AWS::Events::EventBusPolicy").values()
    return {
        each["Properties"]["StatementId"].removeprefix("earshot-"): each["Properties"]["Statement"] for each in found
    }


def test_nobody_but_publish_can_put_our_events_on_the_bus(template: Template, resources: Resources) -> None:
    statement = policy(template)["OnlyPublishSpeaksForUs"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == (
        "Deny",
        {"AWS": "*"},
        ["events:PutEvents"],
    )
    assert statement["Condition"]["StringEquals"] == {"events:source": "earshot"}
    spared = statement["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]["Fn::GetAtt"][0]
    [publish] = [
        f
        for f in resources("AWS::Lambda::Function").values()
        if f.get("Handler") == "functions.publish.handler.handler"
    ]
    assert publish["Role"]["Fn::GetAtt"][0] == spared


def test_no_other_account_is_let_in_unless_it_is_listed(template: Template) -> None:
    assert policy(template).keys() == {"OnlyPublishSpeaksForUs"}


@pytest.fixture(scope="module")
def with_accounts(config: Config) -> Template:
    """The template of a business that lists another account."""
    listed = config.model_copy(update={"accounts": ("111122223333",)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config_file, "load", lambda: listed)
        return Template.from_stack(infra_app.build(App()))


def test_a_listed_account_makes_rules_for_itself_but_none_that_pass_for_ours(with_accounts: Template) -> None:
    own = policy(with_accounts)["RulesOfTheirOwn"]
    assert own["Principal"] == {"AWS": ["111122223333"]}
    assert own["Condition"] == {"StringEqualsIfExists": {"events:creatorAccount": "${aws:PrincipalAccount}"}}
    assert "events:PutEvents" not in own["Action"]
    ours = policy(with_accounts)["RoutesAreOurs"]
    assert (ours["Effect"], set(ours["Action"])) == ("Deny", {"events:PutRule", *own["Action"]})
    assert json.dumps(ours["Resource"]).endswith('/earshot-route-*"]]}')


def test_a_listed_account_sees_our_events_and_not_who_is_asked_for_an_invitation(with_accounts: Template) -> None:
    """EventBridge refuses a pattern that names another source beside ours, or none."""
    allowed = [
        statement
        for statement in policy(with_accounts).values()
        if statement["Effect"] == "Allow" and "events:PutRule" in statement["Action"]
    ]
    assert [statement["Condition"]["StringEquals"] for statement in allowed] == [{"events:source": "earshot"}]
    for when in CONDITIONS:
        [rule, *_] = rules_of(route_of_another_stack(when, "444455556666")).values()
        assert rule["EventPattern"]["source"] == ["earshot"], "what a FeedbackRoute makes is let in"


def test_a_listed_account_may_ask_for_invitations_report_remedies_and_put_nothing_else(with_accounts: Template) -> None:
    allowed = [
        statement
        for statement in policy(with_accounts).values()
        if statement["Effect"] == "Allow" and "events:PutEvents" in statement["Action"]
    ]
    assert [statement["Condition"] for statement in allowed] == [
        {"StringEquals": {"events:detail-type": "InvitationRequested"}},
        {
            "StringEquals": {
                "events:detail-type": ["RemedyCarriedOut", "RemedyFailed"],
                "events:source": ["shop.payments"],
            }
        },
    ]


def test_rules_made_at_run_time_go_with_the_stack(template: Template, resources: Resources) -> None:
    [resource] = template.find_resources("Custom::RunTimeRules").values()
    function = resources("AWS::Lambda::Function")[resource["Properties"]["ServiceToken"]["Fn::GetAtt"][0]]
    bus = function["Environment"]["Variables"]["EARSHOT_BUS"]["Ref"]
    assert bus in resources("AWS::Events::EventBus"), "the bus is deleted after what refers to it"
    assert any("Policy" in name for name in resource["DependsOn"]), "its permissions outlive it"


# For stacks of other teams


BUS_ARN = "arn:aws:events:eu-west-1:111122223333:event-bus/earshot"
CONDITIONS = ["", "mood = unhappy and reason = refund", "event = FeedbackAmended or team = tills"]


def route_of_another_stack(when: str, account: str | None) -> Template:
    env = Environment(account=account, region="eu-west-1") if account else None
    stack = Stack(App(), "Theirs", env=env)
    bus = events.EventBus.from_event_bus_arn(stack, "Earshot", BUS_ARN)
    FeedbackRoute(stack, "Refunds", bus=bus, when=when, targets=[targets.SqsQueue(sqs.Queue(stack, "Queue"))])
    return Template.from_stack(stack)


def rules_of(template: Template) -> dict[str, dict[str, Any]]:
    """The rules of a template, by the construct that made them."""
    found = template.find_resources("AWS::Events::Rule").items()
    return {id.removeprefix("Refunds")[:-8]: rule["Properties"] for id, rule in found}


@pytest.mark.parametrize("when", CONDITIONS)
def test_a_feedback_route_in_the_accounts_own_stack_is_a_rule_with_the_conditions_pattern(when: str) -> None:
    template = route_of_another_stack(when, "111122223333")
    [rule] = rules_of(template).values()
    assert (rule["EventBusName"], rule["EventPattern"]) == (BUS_ARN, compile_pattern(parse(when)))
    assert "Queue" in json.dumps(rule["Targets"])
    template.resource_count_is("AWS::SQS::QueuePolicy", 1)


@pytest.mark.parametrize("account", ["999988887777", None])
@pytest.mark.parametrize("when", CONDITIONS)
def test_a_feedback_route_of_another_account_leads_through_a_bus_of_its_own(when: str, account: str | None) -> None:
    template = route_of_another_stack(when, account)
    rules = rules_of(template)
    [own] = template.find_resources("AWS::Events::EventBus")
    own_arn = {"Fn::GetAtt": [own, "Arn"]}

    assert rules["Rule"]["EventBusName"] == BUS_ARN, "with a name alone, it is made in the subscriber's account"
    [relay] = rules["Rule"]["Targets"]
    assert (relay["Arn"], "RoleArn" in relay) == (own_arn, True)
    [policy] = template.find_resources("AWS::IAM::Policy").values()
    [put] = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (put["Action"], put["Resource"]) == ("events:PutEvents", own_arn)

    assert rules["Delivery"]["EventBusName"] == own_arn
    assert "Queue" in json.dumps(rules["Delivery"]["Targets"])
    assert {json.dumps(rule["EventPattern"]) for rule in rules.values()} == {json.dumps(compile_pattern(parse(when)))}


def test_a_feedback_route_that_cannot_be_said_stops_synthesis() -> None:
    with pytest.raises(ConditionError, match="did you mean 'mood'"):
        route_of_another_stack("moood = happy", None)


@pytest.mark.parametrize("event", CONTRACT, ids=lambda event: event.detail_type)
def test_every_event_is_registered_as_openapi_3(event: Published, resources: Resources) -> None:
    document = openapi(event)
    assert list(OpenAPIV30SpecValidator(document).iter_errors()) == []
    schemas = {schema["SchemaName"]: schema for schema in resources("AWS::EventSchemas::Schema").values()}
    registered = schemas[f"earshot@{event.detail_type}"]
    assert (registered["Type"], json.loads(registered["Content"])) == ("OpenApi3", document)
    envelope = document["components"]["schemas"]["AWSEvent"]
    assert envelope["x-amazon-events-detail-type"] == event.detail_type
    assert envelope.get("x-amazon-events-source") == event.source


@pytest.mark.parametrize("event", CONTRACT, ids=lambda event: event.detail_type)
def test_the_golden_event_is_what_the_registered_schema_says(event: Published) -> None:
    document = openapi(event)
    golden = load_event(f"golden/{event.detail_type}.v1.json")
    schema = {"$ref": f"#/components/schemas/{event.__name__}"} | _nullable_as_type(document)
    assert [error.message for error in Draft4Validator(schema).iter_errors(golden.get("detail", golden))] == []


def _nullable_as_type(schema: Any) -> Any:
    """`nullable: true` of OpenAPI 3.0 as JSON Schema says it."""
    if isinstance(schema, list):
        return [_nullable_as_type(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _nullable_as_type(value) for key, value in schema.items()}
    return {"anyOf": [schema, {"type": "null"}]} if schema.pop("nullable", False) else schema


def test_the_teams_page_may_put_tests_of_routes_and_no_feedback(resources: Resources) -> None:
    [own] = [each for each in resources("AWS::IAM::Policy").values() if each["PolicyName"].startswith("TeamFunction")]
    [put] = [each for each in own["PolicyDocument"]["Statement"] if each["Action"] == "events:PutEvents"]
    assert put["Condition"] == {"StringEquals": {"events:source": RouteTested.source}}
