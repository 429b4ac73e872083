"""Every function as Lambda runs it: unpacked from the asset, under AWS's own runtime client, beside its oldest SDK."""

import json
import os
import queue
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import boto3
import pytest
from pydynox import DynamoDBClient

from bench import deployed
from infra import asset
from tests.infra.conftest import Resources
from tests.kit.http_api import CONTEXT, http_event
from tests.kit.samples import load_bytes, load_event
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE

BUCKET, BUS, MAIL = "runtime-mails", "earshot-test", "mail/m1"
PATIENCE_SECONDS = 60


class RuntimeApi:
    """The API that Lambda offers to a runtime: one event to handle, and where its outcome is told."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.event = event
        self.told: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.address = ""
        self.ended = Event()

    @contextmanager
    def serving(self) -> Iterator[None]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                event, api.event = api.event, {}
                if not event:  # the runtime waits for the next one until it is ended
                    api.ended.wait(PATIENCE_SECONDS)
                    return
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "52fdfc07-2182-454f-963f-5f0f9a621d72")
                self.send_header("Lambda-Runtime-Deadline-Ms", "99999999999999")
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", CONTEXT.invoked_function_arn)
                body = json.dumps(event).encode()
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200 if self.command == "PUT" else 202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                api.told.put((self.path.rpartition("/")[2], json.loads(body or b"null")))

            do_PUT = do_POST  # noqa: N815 - CloudFormation's address for the answers of custom resources

            def log_message(self, *arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield
        self.ended.set()
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def task_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The asset, unpacked, for this machine's processor."""
    folder = tmp_path_factory.mktemp("task")
    built, _ = asset.build("host")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def surroundings(client: DynamoDBClient) -> dict[str, str]:
    """What the settings of all functions name, there to be spoken to."""
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=BUCKET, Key=MAIL, Body=load_bytes("samples/mail/fresh_mail.eml"))
    boto3.client("events").create_event_bus(Name=BUS)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    found = {
        "EARSHOT_TABLE": MAIN_TABLE["TableName"],
        "EARSHOT_KEYS_TABLE": KEYS_TABLE["TableName"],
        "EARSHOT_BUS": BUS,
        "EARSHOT_MAIL_BUCKET": BUCKET,
        "EARSHOT_PUBLIC_URL": "https://feedback.fernleaf.example",
        "EARSHOT_SECRETS_KEY": boto3.client("kms").create_key()["KeyMetadata"]["KeyId"],
        "EARSHOT_SMS_TOPIC": load_event("samples/sms/aws_inbound.json")["Records"][0]["Sns"]["TopicArn"],
    }
    return found | {"queue": url}


def event_for(handler: str, api: RuntimeApi) -> dict[str, Any]:
    """Something that a function is sent, and can do without anything else being there."""
    resource: dict[str, Any] = {
        "RequestType": "Delete",
        "ResponseURL": f"http://{api.address}/answered",
        "StackId": "s",
    }
    resource |= {"RequestId": "r", "LogicalResourceId": "l", "PhysicalResourceId": "p", "ResourceProperties": {}}
    nothing: dict[str, Any] = {"Records": []}
    schedule = {"detail-type": "Scheduled Event"}
    queued = {"Records": [{"messageId": "m", "body": "{}", "attributes": {}}]}  # which is read, refused and said so
    feedback = {"version": 1, "touchpoint": "delivery", "customer": {"email": "ana@example.com"}}
    events: dict[str, dict[str, Any]] = {
        "functions.capture_web.handler.handler": http_event("GET", "/f/none"),
        "functions.unsubscribe.handler.handler": http_event("GET", "/u/none"),
        "functions.team.handler.handler": http_event("GET", "/t/sign_in"),
        "functions.capture_sms.handler.handler": load_event("samples/sms/aws_inbound.json"),
        "functions.capture_email.handler.handler": {"detail": {"object": {"key": MAIL}}},
        "functions.invite.handler.handler": {"requests": [feedback], "dry_run": True, "any_hour": True},
        "functions.receipts.handler": load_event("samples/receipts/mail_delivery.json"),
        "functions.publish.handler.handler": nothing,
        "functions.send.handler.handler": nothing,
        "functions.notify.handler.handler": queued,
        "functions.team.sign_in.handler": queued,
        "functions.sweep.handler": schedule,
        "functions.capture_email.sweep.handler": schedule,
        "functions.setup.rules.handler": resource,
        "functions.setup.mail.handler": resource,
    }
    return events[handler]


def test_every_function_starts_and_answers_as_lambda_runs_it(
    resources: Resources, task_root: Path, surroundings: dict[str, str], aws: str
) -> None:
    functions = {each["Handler"]: each for each in resources("AWS::Lambda::Function").values()}
    outcomes = {handler: invoke(handler, each, task_root, surroundings, aws) for handler, each in functions.items()}
    for handler, outcome in outcomes.items():
        assert outcome[0] == "response", f"{handler}: {outcome}"
    assert outcomes["functions.capture_web.handler.handler"][1]["statusCode"] == 404
    assert outcomes["functions.capture_email.handler.handler"][1] == {"outcome": "feedback"}


def invoke(
    handler: str, function: dict[str, Any], task_root: Path, surroundings: dict[str, str], aws: str
) -> tuple[str, Any]:
    """`response` or `error`, and what the runtime client told."""
    api = RuntimeApi({})
    with api.serving():
        api.event = event_for(handler, api)
        variables = {
            name: surroundings.get(name) or (value if isinstance(value, str) else surroundings["queue"])
            for name, value in function["Environment"]["Variables"].items()
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "EARSHOT_"))}
        environment = (
            kept
            | variables
            | {
                "AWS_LAMBDA_RUNTIME_API": api.address,
                "AWS_LAMBDA_FUNCTION_NAME": "f",
                "AWS_LAMBDA_FUNCTION_VERSION": "1",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "AWS_ENDPOINT_URL": aws,
                "LAMBDA_TASK_ROOT": str(task_root),
                "PYTHONPATH": os.pathsep.join([str(task_root), str(deployed.runtime())]),
                "PYTHONDONTWRITEBYTECODE": "1",
            }
        )
        command = [sys.executable, "-S", "-P", "-m", "awslambdaric", handler]
        with subprocess.Popen(
            command, cwd=task_root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            try:
                told = api.told.get(timeout=PATIENCE_SECONDS)
                if told[0] == "answered":  # a custom resource tells CloudFormation first
                    told = api.told.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                process.kill()
                return "silence", (process.stdout.read() if process.stdout else b"").decode()[-2000:]
            finally:
                process.kill()
    return told
