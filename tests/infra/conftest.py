"""The stack of the shipped business, synthesised once for all tests of the template."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from infra import app as infra_app
from infra.asset import ROOT

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where our Node.js is

Resources = Callable[[str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def cloud_assembly(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Template]:
    """The folder that `cdk synth` writes, and the template in it. Fails where cdk-nag has an open finding."""
    folder = tmp_path_factory.mktemp("cdk.out")
    app = App(outdir=str(folder), context=json.loads((ROOT / "cdk.json").read_text())["context"])
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
