"""The stack of the tests' business, synthesised once for all tests of the template, and one with everything in it."""

import json
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, DefaultStackSynthesizer
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from infra import app as infra_app
from infra.asset import ROOT
from infra.stack import EarshotStack
from infra.stage import Platform, Stage
from shared.config.checks import find_problems
from shared.config.load import config_path, load
from shared.config.model import Config
from tests.kit.businesses import deployable

for place in ("CDK_DEFAULT_ACCOUNT", "CDK_DEFAULT_REGION"):
    os.environ.pop(place, None)  # what a template says must not depend on where its tests run
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where our Node.js is

Place = tuple[str | None, str | None]
"""An account and a region."""
Resources = Callable[[str], dict[str, dict[str, Any]]]
Parsed = dict[str, Any]
"""A file or a template, as its format says it."""


def template_of(config: Config, stage: str = "prod", place: Place = (None, None)) -> Template:
    """The template of another business or stage, without the asset."""
    code = lambda_.Code.from_inline("pass")
    platform = Platform(code, lambda_.Runtime.PYTHON_3_13, lambda_.Architecture.ARM_64, {})
    stack = EarshotStack(
        App(), stage=Stage(stage, config, platform, None, *place), synthesizer=DefaultStackSynthesizer()
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="session")
def own_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' business as a file that can be deployed to AWS."""
    file = tmp_path_factory.mktemp("business") / "earshot.toml"
    file.write_text(deployable(config_path().read_text(encoding="utf-8")), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def config(own_file: Path) -> Config:
    """The configuration of that file."""
    return load(own_file)


@pytest.fixture(scope="module", autouse=True)
def deploys_own_file(own_file: Path) -> Iterator[None]:
    """What a test of this folder synthesises is that business's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARSHOT_CONFIG", str(own_file))
        yield


@pytest.fixture(scope="session")
def everything(own_file: Path) -> Parsed:
    """A file in which everything is switched on that makes resources."""
    file = tomllib.loads(own_file.read_text(encoding="utf-8"))
    file["accounts"] = ["111122223333", "444455556666"]
    file["sms"] |= {"request": "LONG_CODE", "request_country": "GB"}
    arn = "eu-west-1:111122223333"
    file["routes"]["programs"] = {
        "team": "care",
        "to": [
            *(f"sqs:arn:aws:sqs:{arn}:orders", f"sqs:arn:aws:sqs:{arn}:orders.fifo", f"sns:arn:aws:sns:{arn}:orders"),
            *(f"lambda:arn:aws:lambda:{arn}:function:orders", f"bus:arn:aws:events:{arn}:event-bus/orders"),
        ],
    }
    assert find_problems(file) == []
    return file


@pytest.fixture(scope="session")
def full_template(everything: Parsed) -> Parsed:
    """The template with everything switched on."""
    return dict(template_of(Config.model_validate(everything), place=("123456789012", "eu-west-1")).to_json())


@pytest.fixture(scope="session")
def cloud_assembly(own_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Template]:
    """The folder that `cdk synth` writes, and the template in it. Fails where cdk-nag has an open finding."""
    folder = tmp_path_factory.mktemp("cdk.out")
    app = App(outdir=str(folder), context=json.loads((ROOT / "cdk.json").read_text())["context"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARSHOT_CONFIG", str(own_file))
        stack = infra_app.build(app)
    app.synth()
    return folder, Template.from_stack(stack)


@pytest.fixture(scope="session")
def template(cloud_assembly: tuple[Path, Template]) -> Template:
    """The template as CloudFormation gets it."""
    return cloud_assembly[1]


@pytest.fixture(scope="session")
def resources(template: Template) -> Resources:
    """All resources of a type: logical id → properties."""
    everything = template.to_json()["Resources"]

    def of_type(kind: str) -> dict[str, dict[str, Any]]:
        return {id: each.get("Properties", {}) for id, each in everything.items() if each["Type"] == kind}

    return of_type
