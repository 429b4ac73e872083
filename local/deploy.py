"""`cdk deploy` of the local stage: the same app, the same command line, another endpoint."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from local.errors import LocalStageError
from local.ministack import ACCESS_KEY, REGION, SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).resolve().parent.parent
STAGE = "local"
ASSETS_BUCKET = "earshot-local-assets"
STACK = f"earshot-{STAGE}"


def deploy(endpoint: str, folder: Path, *, public_url: str, outbox_url: str) -> dict[str, str]:
    """Deploy the stack and return its outputs. Raises `LocalStageError` with what the CDK said."""
    s3: S3Client = session().client("s3", endpoint_url=endpoint)
    s3.create_bucket(Bucket=ASSETS_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    local = {"public_url": public_url, "outbox_url": outbox_url, "assets_bucket": ASSETS_BUCKET}
    outputs = folder / "outputs.json"
    _run(
        [
            *("node", str(ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"), "deploy", STACK),
            *("--context", f"stage={STAGE}"),
            *("--context", f"local={json.dumps(local)}"),
            *("--output", str(folder / "cdk.out"), "--outputs-file", str(outputs)),
            *("--method", "direct", "--require-approval", "never", "--no-notices", "--no-version-reporting", "--ci"),
        ],
        _environment(endpoint),
        folder / "deploy.log",
    )
    deployed: dict[str, str] = json.loads(outputs.read_text())[STACK]
    return deployed


def session() -> boto3.Session:
    """A session with the keys of the local stage, whatever the developer's own profile is."""
    return boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)


def _environment(endpoint: str) -> dict[str, str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        # The developer's own AWS settings must not send this deployment anywhere else. Bytecode is kept:
        # without it, importing the CDK takes 7 s of a start.
        if not name.startswith(("AWS_", "CDK_")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    return environment | {
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_VALIDATION": "false",  # it is 5 s of every start, and the tests and `make deploy` validate the template
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "NO_COLOR": "1",
    }


def _run(command: list[str], environment: dict[str, str], log: Path) -> None:
    """Run to the end, or kill it and its children when interrupted."""
    with log.open("wb") as output:
        process: subprocess.Popen[Any] = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if status:
        raise LocalStageError(_reason(log))


def _reason(log: Path) -> str:
    """What the CDK or the app said about the failure, and where all of it is."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    refused = [line.rpartition(" | ")[2] for line in lines if "_FAILED " in line]
    errors = [line for line in lines if "rror" in line and not line.startswith(("CloudTrail", ".venv"))]
    reason = next(iter(refused), None) or next(iter(reversed(errors)), "no reason given")
    return f"The deployment failed: {reason} (the whole log is {log})"
