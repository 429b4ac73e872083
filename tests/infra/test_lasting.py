"""What outlasts its stack, and what must not be replaced: customers know it, or it holds what they said."""

import subprocess
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from infra.asset import ROOT
from infra.stage import StageNameInvalid
from shared.config.model import Config
from tests.infra.conftest import Parsed, template_of

PLACE = ("123456789012", "eu-west-1")


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
    after = template_of(Config.model_validate(reversed_lists(everything)), place=PLACE).to_json()["Resources"]
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


# Why CloudFormation cannot import these by their names, and what is done instead.
WITHOUT_A_NAME = {
    "AWS::KMS::Key": "what it sealed can be opened, by the tag of its stage",
    "AWS::SMSVOICE::PhoneNumber": "its digits stand in the file from then on, and the topic of its texts has a name",
    "AWS::SQS::Queue": "what it holds is gone in 14 days, and the table owes what was claimed",
}


def test_the_next_stack_of_a_stage_takes_up_what_the_last_one_left(full_template: Parsed) -> None:
    """By names that stand in the template as they are, of types that CloudFormation imports by their names."""
    retained = [each for each in full_template["Resources"].values() if each.get("DeletionPolicy") == "Retain"]
    named: dict[str, list[str]] = {}
    for each in retained:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", each["Type"]).schema
        [key] = [path.removeprefix("/properties/") for path in schema["primaryIdentifier"]]
        if f"/properties/{key}" in schema.get("readOnlyProperties", []):
            assert each["Type"] in WITHOUT_A_NAME
        else:
            named.setdefault(each["Type"], []).append(each["Properties"][key])
    assert {type: sorted(names) for type, names in named.items()} == {
        "AWS::DynamoDB::GlobalTable": ["earshot-feedback", "earshot-keys"],
        "AWS::S3::Bucket": [f"earshot-{part}-123456789012-eu-west-1" for part in ("mail", "unpublished", "unsent")],
    }


def test_a_number_that_was_left_finds_the_topic_of_the_next_stack(full_template: Parsed) -> None:
    resources = full_template["Resources"]
    [number] = [each for each in resources.values() if each["Type"] == "AWS::SMSVOICE::PhoneNumber"]
    topic = resources[number["Properties"]["TwoWay"]["ChannelArn"]["Ref"]]
    assert topic["Properties"]["TopicName"] == "earshot-texts"


def test_what_the_key_of_an_earlier_stack_sealed_can_be_opened(full_template: Parsed) -> None:
    resources = full_template["Resources"].values()
    [key] = [each["Properties"] for each in resources if each["Type"] == "AWS::KMS::Key"]
    assert key["Tags"] == [{"Key": "earshot-stage", "Value": "earshot"}]
    opens = [
        statement
        for each in resources
        if each["Type"] == "AWS::IAM::Policy"
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if "kms:Decrypt" in statement["Action"]
    ]
    assert opens
    for statement in opens:
        assert statement["Condition"]["StringEquals"] == {"aws:ResourceTag/earshot-stage": "earshot"}
        assert str(statement["Resource"]).endswith(":key/*']]}")


@pytest.mark.parametrize(("option", "arguments"), [("--import-existing-resources", []), ("--revert-drift", ["MEND=1"])])
def test_make_deploy_takes_up_or_mends_what_is_there_with_an_option_that_the_command_line_has(
    option: str, arguments: list[str]
) -> None:
    make = ["make", "--dry-run", "--assume-old=setup", "deploy", *arguments]
    assert (
        f"cdk deploy {option} --context stage=prod"
        in subprocess.run(make, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    )
    cdk = ROOT / "node_modules/aws-cdk/bin/cdk"
    told = subprocess.run(["node", str(cdk), "deploy", "--help"], check=True, capture_output=True, text=True, cwd=ROOT)
    assert option in told.stdout + told.stderr


@pytest.mark.parametrize("name", ["Dev", "a-name-of-sixteen", "", "-dev", "dev_1"])
def test_a_stage_has_a_name_that_buckets_can_have(config: Config, name: str) -> None:
    with pytest.raises(StageNameInvalid, match="use up to 15 of a-z"):
        template_of(config, stage=name)


def test_every_name_of_a_bucket_is_short_enough(config: Config) -> None:
    template = template_of(config, stage="a-stage-of-fift", place=("123456789012", "ap-southeast-7")).to_json()
    buckets = [each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::S3::Bucket"]
    assert max(len(bucket["BucketName"]) for bucket in buckets) <= 63
