"""The CDK app: `cdk deploy`, and `cdk deploy -c stage=<name>` for another stage beside it."""

import json
import os
import platform as machine
import sys

from aws_cdk import App, CliCredentialsStackSynthesizer, DefaultStackSynthesizer, IStackSynthesizer, Validations
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks

from infra import asset, regions
from infra.stack import EarshotStack
from infra.stage import LocalStage, Platform, Stage, StageNameInvalid
from shared.config import load as config_file
from shared.config.model import Config
from shared.config.problems import ConfigError


def build(app: App) -> EarshotStack:
    """Add the stack of the stage that the app's context names.

    Raises `ConfigError`, `BundlingError`, `StageNameInvalid`, and `RegionLacks` for a region that will not do.
    """
    name = app.node.try_get_context("stage") or "prod"
    context = app.node.try_get_context("local")
    local = LocalStage(**json.loads(context)) if context else None
    # The command line says where it will deploy to.
    account, region = (os.environ.get(f"CDK_DEFAULT_{of}") for of in ("ACCOUNT", "REGION"))
    stage = Stage(name, _config(local), _platform(local), local, account, region)
    stack = EarshotStack(app, stage=stage, synthesizer=_synthesizer(local))
    if not local:
        regions.check(stack, region)
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return stack


def _config(local: LocalStage | None) -> Config:
    loaded = config_file.load()
    if local:
        return loaded.at(local.public_url)
    config_file.check_for_aws(loaded)
    return loaded


def _synthesizer(local: LocalStage | None) -> IStackSynthesizer:
    """In AWS, the account's own bootstrap. The local stage needs none: a bucket for assets, and the caller's keys."""
    if not local:
        return DefaultStackSynthesizer()
    return CliCredentialsStackSynthesizer(file_assets_bucket_name=local.assets_bucket)


def _platform(local: LocalStage | None) -> Platform:
    """The Python that deploys: in AWS on arm64, in the local stage on this machine."""
    target: asset.Target = "bare" if local else "lambda"
    path, content_hash = asset.build(target)
    code = lambda_.Code.from_asset(str(path), asset_hash=content_hash)
    runtime = lambda_.Runtime(f"python{asset.VERSION}", lambda_.RuntimeFamily.PYTHON)
    if not local:
        return Platform(code, runtime, lambda_.Architecture.ARM_64, {})
    arm = machine.machine().lower() in ("arm64", "aarch64")
    architecture = lambda_.Architecture.ARM_64 if arm else lambda_.Architecture.X86_64
    # What leaves the system goes through the outbox, by the SDKs' own setting.
    endpoints = {f"AWS_ENDPOINT_URL_{service}": local.outbox_url for service in ("SESV2", "PINPOINT_SMS_VOICE_V2")}
    return Platform(code, runtime, architecture, endpoints)


def main() -> None:
    """Synthesise. A mistake in earshot.toml, or a region that will not do, stops it with a line for each."""
    app = App()
    try:
        build(app)
    except (ConfigError, asset.BundlingError, regions.RegionLacks, StageNameInvalid) as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
