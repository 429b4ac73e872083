"""The templates, as CloudFormation's own schemas see them, over all regions that Earshot can be deployed to."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.helpers import REGIONS
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from infra import app as infra_app
from infra import regions
from infra.regions import GAPS, MADE_BY_OURS, RegionLacks
from shared.config import load as config_file
from shared.config.model import Config
from tests.infra.conftest import Parsed, template_of

PUBLIC = [region for region in REGIONS if not region.startswith(("us-iso", "eu-iso", "eusc"))]
NEEDED = ("AWS::SES::ReceiptRule", "AWS::SES::ConfigurationSet")  # by every stack
SUPPORTED = [region for region in PUBLIC if all(regions.has(region, type) for type in NEEDED)]
OF_THE_CDK = ["W3005"]  # it states dependencies that CloudFormation sees by itself


def findings(template: Parsed, where: list[str]) -> set[str]:
    """What cfn-lint finds in a template."""
    return {
        f"{match.rule.id} {match.message}"
        for match in lint(json.dumps(template), config=ManualArgs(regions=where, ignore_checks=OF_THE_CDK))
    }


def types_in(template: Parsed) -> set[str]:
    """The types of resource in a template, and those that our custom resources make."""
    return {MADE_BY_OURS.get(each["Type"], each["Type"]) for each in template["Resources"].values()} - {
        "Custom::RunTimeRules"
    }


def test_most_regions_are_supported() -> None:
    assert {"eu-west-1", "us-east-1", "ap-southeast-2", "af-south-1", "sa-east-1", "il-central-1"} <= set(SUPPORTED)
    assert len(SUPPORTED) >= 20


@pytest.mark.parametrize("schemas", [True, False], ids=["with the registry", "without"])
@pytest.mark.parametrize("whole", [False, True], ids=["default", "everything switched on"])
def test_every_supported_region_takes_the_template_as_it_is_there(
    config: Config, everything: Parsed, whole: bool, schemas: bool
) -> None:
    where = [region for region in SUPPORTED if regions.has(region, "AWS::EventSchemas::Registry") is schemas]
    file = Config.model_validate(everything) if whole else config
    template = dict(template_of(file, place=("123456789012", where[0])).to_json())
    assert ("AWS::EventSchemas::Registry" in types_in(template)) is schemas
    assert findings(template, where) == set()


@pytest.mark.parametrize("whole", [False, True], ids=["default", "everything switched on"])
def test_a_template_differs_between_supported_regions_by_the_registry_alone(
    config: Config, everything: Parsed, whole: bool
) -> None:
    file = Config.model_validate(everything) if whole else config
    gaps = {
        region: {type for type in GAPS if not regions.has(region, type)} & types_in(dict(template))
        for template in [template_of(file, place=("123456789012", "eu-west-1")).to_json()]
        for region in SUPPORTED
    }
    assert {frozenset(gap) for gap in gaps.values()} == {
        frozenset(),
        frozenset({"AWS::EventSchemas::Registry", "AWS::EventSchemas::Schema"}),
    }


def test_the_lint_finds_what_a_region_lacks_and_what_a_schema_forbids(full_template: Parsed) -> None:
    broken: dict[str, Any] = json.loads(json.dumps(full_template))
    queue = next(each for each in broken["Resources"].values() if each["Type"] == "AWS::SQS::Queue")
    queue["Properties"]["MessageRetentionPeriod"] = "a fortnight"
    found = findings(broken, ["mx-central-1"])
    assert any(each.startswith("E3012") for each in found)
    assert any("AWS::EventSchemas::Registry" in each and "mx-central-1" in each for each in found)


def test_what_a_region_lacks_is_known_of_every_type_of_resource_that_there_is(full_template: Parsed) -> None:
    lacking = {
        type: {region for region in PUBLIC if type not in PROVIDER_SCHEMA_MANAGER.get_resource_types(region)}
        for type in types_in(full_template)
    }
    assert {type: gap for type, gap in lacking.items() if gap} == {type: gap.regions for type, gap in GAPS.items()}


@pytest.mark.parametrize("region", ["eu-central-2", "eu-south-2", "us-gov-west-1"])
def test_a_region_without_what_every_stack_needs_is_refused_at_synthesis(
    region: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_REGION", region)
    with pytest.raises(RegionLacks) as caught:
        infra_app.build(App(outdir=str(tmp_path)))
    for line in str(caught.value).splitlines():
        assert f"in {region}: deploy to a region that has it" in line


def test_a_number_is_refused_by_name_where_there_is_none(everything: Parsed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_file, "load", lambda: Config.model_validate(everything))
    monkeypatch.setenv("CDK_DEFAULT_REGION", "ap-southeast-5")
    with pytest.raises(RegionLacks, match=r"no number for texts in ap-southeast-5: remove sms\.request"):
        infra_app.build(App())


def test_without_a_registry_a_stack_stands_and_has_none(config: Config) -> None:
    assert "il-central-1" in SUPPORTED
    kinds = {each["Type"] for each in template_of(config, place=(None, "il-central-1")).to_json()["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::EventSchemas")}
    assert "AWS::Events::EventBus" in kinds
