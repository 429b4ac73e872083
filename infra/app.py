"""The CDK app: `cdk deploy`, and `cdk deploy -c stage=<name>` for another stage beside it."""

import json
import platform as machine
import sys

from aws_cdk import App, CliCredentialsStackSynthesizer, DefaultStackSynthesizer, IStackSynthesizer, Validations
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks

from infra import asset
from infra.function import Platform
from infra.stack import EarshotStack
from infra.stage import LocalStage, Stage
from shared import config


def build(app: App) -> EarshotStack:
    """Add the stack of the stage that the app's context names; raises `config.ConfigError` and `BundlingError`."""
    stage = _stage(app)
    settings = config.load()
    stack = EarshotStack(app, stage=stage, config=settings, platform=_platform(stage), synthesizer=_synthesizer(stage))
    if not stage.local:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return stack


def _stage(app: App) -> Stage:
    name = app.node.try_get_context("stage") or "prod"
    local = app.node.try_get_context("local")
    return Stage(name, LocalStage(**json.loads(local)) if local else None)


def _synthesizer(stage: Stage) -> IStackSynthesizer:
    """In AWS, the account's own bootstrap. The local stage needs none: a bucket for assets, and the caller's keys."""
    if not stage.local:
        return DefaultStackSynthesizer()
    return CliCredentialsStackSynthesizer(file_assets_bucket_name=stage.local.assets_bucket)


def _platform(stage: Stage) -> Platform:
    """In AWS, Python 3.13 on arm64; the local stage runs functions on this machine's own Python."""
    target: asset.Target = "host" if stage.local else "lambda"
    path, content_hash = asset.build(target)
    code = lambda_.Code.from_asset(str(path), asset_hash=content_hash)
    if not stage.local:
        return Platform(code, lambda_.Runtime.PYTHON_3_13, lambda_.Architecture.ARM_64, {})
    runtime = lambda_.Runtime(f"python3.{sys.version_info.minor}", lambda_.RuntimeFamily.PYTHON)
    arm = machine.machine().lower() in ("arm64", "aarch64")
    architecture = lambda_.Architecture.ARM_64 if arm else lambda_.Architecture.X86_64
    # What leaves the system goes through the outbox, by the SDKs' own setting.
    endpoints = {
        f"AWS_ENDPOINT_URL_{service}": stage.local.outbox_url for service in ("SESV2", "PINPOINT_SMS_VOICE_V2")
    }
    return Platform(code, runtime, architecture, endpoints)


def main() -> None:
    """Synthesise. A mistake in earshot.toml stops it with a line per mistake."""
    app = App()
    try:
        build(app)
    except (config.ConfigError, asset.BundlingError) as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
