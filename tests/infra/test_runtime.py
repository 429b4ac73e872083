"""Every function as Lambda runs it: unpacked from the asset, under AWS's own runtime client, beside its oldest SDK."""

import json
import os
import queue
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer

from bench import deployed
from functions.setup.receiving import Wanted
from functions.team.members import SignInRequest
from infra import asset
from shared.config.model import Config
from shared.customers.messages import Message, Messages, Purpose
from shared.deliveries.queue import QueueMessage
from shared.feedback.store import Store
from shared.model.events import feedback_event
from shared.model.feedback import Channel
from shared.model.life import Transition
from shared.values import utc_now
from tests.infra.conftest import Resources
from tests.kit.factories import RECEIVED_AT, an_answer
from tests.kit.http_api import CONTEXT, http_event
from tests.kit.samples import load_bytes, load_event
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE

BUCKET, BUS, MAIL = "runtime-mails", "earshot-test", "mail/m1"
ROUTE = "care-hears-every-refund"
TOLD = "/2018-06-01/runtime/"
PATIENCE_SECONDS = 60
Json = dict[str, Any]


class Outcome(NamedTuple):
    """What came of an event: `response` or `error` with its body, and what was put or sent elsewhere meanwhile."""

    kind: str
    body: Any
    sent: list[Json]


class RuntimeApi:
    """The API that Lambda offers to a runtime: one event to handle, and where its outcome is told.

    What is sent to the same address otherwise is kept: mails, texts, and answers to CloudFormation.
    """

    def __init__(self) -> None:
        self.events: queue.Queue[Json] = queue.Queue()
        self.told: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.sent: list[Json] = []
        self.address = ""
        self.ended = Event()

    @contextmanager
    def serving(self) -> Iterator[None]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    event = api.events.get_nowait()
                except queue.Empty:  # the runtime waits for the next one until it is ended
                    api.ended.wait(PATIENCE_SECONDS)
                    return
                headers = {
                    "Aws-Request-Id": "52fdfc07-2182-454f-963f-5f0f9a621d72",
                    "Deadline-Ms": "99999999999999",
                    "Invoked-Function-Arn": CONTEXT.invoked_function_arn,
                }
                self.answer(200, event, {f"Lambda-Runtime-{name}": value for name, value in headers.items()})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
                if self.path.startswith(TOLD):
                    self.answer(202, {})
                    api.told.put((self.path.rpartition("/")[2], body))
                else:
                    api.sent.append(body)
                    self.answer(200, {"MessageId": f"sent-{len(api.sent)}"})

            do_PUT = do_POST  # noqa: N815 - CloudFormation's address for the answers of custom resources

            def answer(self, status: int, content: Json, headers: Mapping[str, str] | None = None) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                for name, value in {
                    "Content-Type": "application/json",
                    "Content-Length": str(len(body)),
                    **(headers or {}),
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

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
def surroundings(store: Store) -> dict[str, str]:
    """What the settings of all functions name, there to be spoken to."""
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=BUCKET, Key=MAIL, Body=load_bytes("samples/mail/fresh_mail.eml"))
    boto3.client("events").create_event_bus(Name=BUS)
    found = {
        "EARSHOT_TABLE": MAIN_TABLE["TableName"],
        "EARSHOT_KEYS_TABLE": KEYS_TABLE["TableName"],
        "EARSHOT_BUS": BUS,
        "EARSHOT_MAIL_BUCKET": BUCKET,
        "EARSHOT_PUBLIC_URL": "https://feedback.fernleaf.example",
        "EARSHOT_SECRETS_KEY": boto3.client("kms").create_key()["KeyMetadata"]["KeyId"],
        "EARSHOT_SMS_TOPIC": load_event("samples/sms/aws_inbound.json")["Records"][0]["Sns"]["TopicArn"],
    }
    return found | {"queue": sqs.create_queue(QueueName="q")["QueueUrl"]}


def a_mail_and_a_text(store: Store) -> Json:
    """Two messages to customers, as the stream brings them once they are stored."""
    messages, records = Messages(store.client, store.table), []
    mail = {"channel": Channel.EMAIL, "to": "ana@example.com", "subject": "Hello", "html": "<p>Thank you!</p>"}
    headers = {"Reply-To": "feedback+labc@fernleaf.example", "Auto-Submitted": "auto-generated"}
    for id, more in (("m-1", mail | {"headers": headers}), ("m-2", {"channel": Channel.SMS, "to": "+447400123456"})):
        message = Message.model_validate(
            {"id": id, "purpose": Purpose.THANKS, "text": "Thank you!", "created_at": utc_now(), **more}
        )
        store.transact([messages.saving(message)])
        item = {"kind": "message"} | message.model_dump(mode="json")
        image = {name: TypeSerializer().serialize(value) for name, value in item.items()}
        records.append({"eventName": "INSERT", "dynamodb": {"SequenceNumber": id, "NewImage": image}})
    return {"Records": records}


def a_card(store: Store, config: Config) -> Json:
    """A route's message of something that a customer said a while ago."""
    answer = an_answer(touchpoint="checkout", reasons=("price",))
    revision = store.capture(answer, config, RECEIVED_AT).revision
    event = {
        "detail-type": Transition.CAPTURED.value,
        "detail": feedback_event(Transition.CAPTURED, None, revision).detail(),
    }
    return queued(QueueMessage(route=ROUTE, target=config.routes[ROUTE].targets[0].id, event=event).model_dump_json())


def queued(body: str) -> Json:
    return {"Records": [{"messageId": "m", "body": body, "attributes": {}}]}


def custom_resource(kind: str, api: RuntimeApi, properties: Mapping[str, str]) -> Json:
    ids = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "l", "PhysicalResourceId": "p"}
    request = {"RequestType": kind, "ResponseURL": f"http://{api.address}/answered"}
    return request | ids | {"ResourceProperties": properties}


def event_for(handler: str, api: RuntimeApi, store: Store, config: Config) -> Json:
    """Something that a function is sent; where it speaks to AWS through the SDK, it does so for this."""
    feedback = {"version": 1, "touchpoint": "delivery", "customer": {"email": "ana@example.com"}}
    wanted = Wanted("earshot-mail", "feedback@fernleaf.example", BUCKET, "mail/", "fernleaf.example", "earshot")
    schedule = {"detail-type": "Scheduled Event", "time": "2026-03-14T09:26:53Z"}
    asked = SignInRequest(email=config.teams["care"].people[0].email, browser="b").model_dump_json()
    events: dict[str, Callable[[], Json]] = {
        "capture_web.handler": lambda: http_event("GET", "/f/none"),
        "unsubscribe.handler": lambda: http_event("GET", "/u/none"),
        "team.handler": lambda: http_event("GET", "/t/sign_in"),
        "team.sign_in": lambda: queued(asked),
        "capture_sms.handler": lambda: load_event("samples/sms/aws_inbound.json"),
        "capture_email.handler": lambda: {"detail": {"object": {"key": MAIL}}},
        "capture_email.sweep": lambda: schedule,
        "invite.handler": lambda: {"ids": ["one"], "requests": [feedback], "dry_run": True, "any_hour": True},
        "receipts.handler": lambda: load_event("samples/receipts/mail_delivery.json"),
        "publish.handler": lambda: load_event("samples/stream_insert.json"),
        "send.handler": lambda: a_mail_and_a_text(store),
        "notify.handler": lambda: a_card(store, config),
        "sweep.handler": lambda: schedule,
        "escalate.handler": lambda: schedule,
        "close.handler": lambda: load_event("golden/RemedyCarriedOut.v1.json"),
        "close.received": lambda: load_event("golden/FeedbackCaptured.v1.json"),
        "setup.rules": lambda: custom_resource("Delete", api, {}),
        "setup.mail": lambda: custom_resource("Create", api, wanted._asdict()),
    }
    return events[handler.removeprefix("functions.").removesuffix(".handler")]()


def test_every_function_starts_and_answers_as_lambda_runs_it(
    resources: Resources, task_root: Path, surroundings: dict[str, str], store: Store, config: Config
) -> None:
    functions = {each["Handler"]: each for each in resources("AWS::Lambda::Function").values()}
    outcomes: dict[str, Outcome] = {}
    for handler, function in functions.items():
        outcome = invoke(handler, function, task_root, surroundings, store, config)
        assert outcome.kind == "response", f"{handler}: {outcome.body}"
        outcomes[handler.removesuffix(".handler")] = outcome
    assert outcomes["functions.capture_web.handler"].body["statusCode"] == 404
    assert outcomes["functions.capture_email.handler"].body == {"outcome": "feedback"}
    for handler in ("publish.handler", "send.handler", "notify.handler", "team.sign_in"):
        assert outcomes[f"functions.{handler}"].body == {"batchItemFailures": []}
    sent = {handler: outcome.sent for handler, outcome in outcomes.items() if outcome.sent}
    [mail, text] = sent.pop("functions.send.handler")
    assert mail["Content"]["Simple"]["Headers"] == [{"Name": "Auto-Submitted", "Value": "auto-generated"}]
    assert (text["DestinationPhoneNumber"], text["Context"]) == ("+447400123456", {"earshot_message": "m-2"})
    [card], [letter] = sent.pop("functions.notify.handler"), sent.pop("functions.team.sign_in")
    assert card["Destination"] == {"ToAddresses": [config.routes[ROUTE].to[0].removeprefix("email:")]}
    assert letter["Destination"] == {"ToAddresses": [config.teams["care"].people[0].email]}
    for handler in ("setup.mail", "setup.rules"):
        [told] = sent.pop(f"functions.{handler}")
        assert told["Status"] == "SUCCESS", told
    assert not sent


def invoke(
    handler: str, function: Json, task_root: Path, surroundings: dict[str, str], store: Store, config: Config
) -> Outcome:
    """Start a function in a fresh process, and let it handle its event."""
    api = RuntimeApi()
    with api.serving():
        api.events.put(event_for(handler, api, store, config))
        variables = {
            name: surroundings.get(name) or (value if isinstance(value, str) else surroundings["queue"])
            for name, value in function["Environment"]["Variables"].items()
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "EARSHOT_"))}
        outside = f"http://{api.address}"
        environment = (
            kept
            | variables
            | {
                "AWS_LAMBDA_RUNTIME_API": api.address,
                "AWS_LAMBDA_FUNCTION_NAME": "f",
                "AWS_LAMBDA_FUNCTION_VERSION": "1",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2": outside,
                "LAMBDA_TASK_ROOT": str(task_root),
                "PYTHONPATH": os.pathsep.join([str(task_root), str(deployed.runtime())]),
                "PYTHONDONTWRITEBYTECODE": "1",
            }
        )
        if not handler.startswith("functions.setup."):  # which sets up the account's SES, and sends nothing
            environment["AWS_ENDPOINT_URL_SESV2"] = outside
        command = [sys.executable, "-S", "-P", "-m", "awslambdaric", handler]
        with subprocess.Popen(
            command, cwd=task_root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            try:
                kind, body = api.told.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                process.kill()
                kind, body = "silence", (process.stdout.read() if process.stdout else b"").decode()[-2000:]
            finally:
                process.kill()
    return Outcome(kind, body, api.sent)
