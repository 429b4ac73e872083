"""What outlasts its stack, and what must not be replaced: customers know it, or it holds what they said."""

from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from shared.config.model import Config
from tests.infra.conftest import Parsed, template_of


def protections(properties: Any) -> list[Any]:
    """The values of all properties, at any depth, that protect a resource from deletion."""
    if isinstance(properties, list):
        return [found for each in properties for found in protections(each)]
    if not isinstance(properties, dict):
        return []
    named = [value for name, value in properties.items() if name.startswith("DeletionProtection")]
    return named + [found for each in properties.values() for found in protections(each)]


def test_what_is_protected_from_deletion_is_also_retained(full_template: Parsed) -> None:
    """Else CloudFormation can delete neither it nor the stack, nor roll it back."""
    protected = [each for each in full_template["Resources"].values() if any(protections(each.get("Properties")))]
    assert {each["Type"] for each in protected} == {"AWS::DynamoDB::GlobalTable", "AWS::SMSVOICE::PhoneNumber"}
    for each in protected:
        assert (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy")) == ("Retain", "Retain"), each


def reversed_lists(file: Any) -> Any:
    """The same file with every list in it, at any depth, the other way round."""
    if isinstance(file, list):
        return [reversed_lists(each) for each in reversed(file)]
    return {key: reversed_lists(value) for key, value in file.items()} if isinstance(file, dict) else file


def test_no_order_of_a_list_in_the_file_replaces_anything(everything: Parsed, full_template: Parsed) -> None:
    """A property that cannot be changed makes another resource: another number, another table."""
    before = full_template["Resources"]
    after = template_of(Config.model_validate(reversed_lists(everything))).to_json()["Resources"]
    assert before.keys() == after.keys()
    replaced = {id for id, each in before.items() if identity(each) != identity(after[id])}
    assert replaced == set()


def identity(resource: dict[str, Any]) -> dict[str, Any]:
    """What cannot be changed of a resource without making another of it."""
    properties = resource.get("Properties", {})
    if resource["Type"].startswith("Custom::"):
        return {"ServiceToken": properties["ServiceToken"]}
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
    names = {path.split("/")[2] for path in schema.get("createOnlyProperties", [])}
    return {name: properties[name] for name in sorted(names & properties.keys())}


def test_the_number_waits_until_its_texts_may_come_to_the_topic(full_template: Parsed) -> None:
    resources = full_template["Resources"]
    [number] = [each for each in resources.values() if each["Type"] == "AWS::SMSVOICE::PhoneNumber"]
    topic = number["Properties"]["TwoWay"]["ChannelArn"]
    [policy] = [
        id
        for id, each in resources.items()
        if each["Type"] == "AWS::SNS::TopicPolicy" and topic in each["Properties"]["Topics"]
    ]
    assert policy in number["DependsOn"]
