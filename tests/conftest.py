"""Fixtures that all tests share: a moto server in this process, the tables on it, and the tests' own configuration."""

import importlib
import os
import sys
from pathlib import Path

# Before anything creates a client: made-up credentials, and no profile or endpoint of the developer's own.
os.environ.update(
    AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="eu-west-1", AWS_REGION="eu-west-1"
)
os.environ.update(POWERTOOLS_SERVICE_NAME="test", POWERTOOLS_METRICS_NAMESPACE="Earshot")
os.environ["EARSHOT_CONFIG"] = str(Path(__file__).with_name("earshot.toml"))  # whatever business the admin runs
for _name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(_name, None)

from collections.abc import Iterator  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from types import ModuleType  # noqa: E402

import boto3  # noqa: E402
import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402
from pydynox import DynamoDBClient  # noqa: E402
from xdist.remote import Producer  # noqa: E402
from xdist.scheduler import LoadScopeScheduling  # noqa: E402

from shared.config import load as config_module  # noqa: E402
from shared.config.load import DEFAULT_PATH  # noqa: E402
from shared.config.model import Config  # noqa: E402
from shared.feedback.store import Store  # noqa: E402
from shared.keys.signing import Keys  # noqa: E402
from tests.kit.quick_moto import make_moto_quick  # noqa: E402
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE  # noqa: E402

ADMINS_FILE = str(DEFAULT_PATH)
LONGEST = "tests/test_businesses.py"  # begun last, one process would run it while the others are done
_may_read_admins_file = False


def _keep_admins_file_closed(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and arguments[0] == ADMINS_FILE and not _may_read_admins_file:
        raise PermissionError("the tests have a business of their own: tests/earshot.toml")


sys.addaudithook(_keep_admins_file_closed)

# A busy machine breaks no promise: where a test is about time, it measures CPU seconds.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what speaks to the moto server, so that `make check` can leave it out before `-m` selects; longest first."""
    for item in items:
        if "moto_server" in getattr(item, "fixturenames", ()):
            item.add_marker("moto")
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


class MadeOnce(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Hands out tests one by one, but keeps with one worker those that share what takes long to make."""

    KEPT_TOGETHER = ("as-it-is", "iam-enforced", "tests/infra/", "tests/browser/")

    def _split_scope(self, nodeid: str) -> str:
        return next((shared for shared in self.KEPT_TOGETHER if shared in nodeid), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> MadeOnce:
    """How tests are spread over several processes."""
    return MadeOnce(config, log)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    """The address of a moto server on loopback; pydynox does not go through botocore, so patching would not do."""
    make_moto_quick()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty AWS: every SDK client made in the test speaks to it. Returns its address."""
    import requests

    requests.post(f"{moto_server}/moto-api/reset", timeout=60)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server)
    return moto_server


@pytest.fixture
def client(aws: str) -> DynamoDBClient:
    """A DynamoDB client on which both tables exist."""
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(**MAIN_TABLE)
    dynamodb.create_table(**KEYS_TABLE)
    return DynamoDBClient()


@pytest.fixture
def store(client: DynamoDBClient) -> Store:
    """The main table, empty."""
    return Store(client, MAIN_TABLE["TableName"])


@pytest.fixture
def keys(client: DynamoDBClient) -> Keys:
    """The signing keys, none made yet."""
    return Keys(client, KEYS_TABLE["TableName"])


@pytest.fixture(scope="session")
def config() -> Config:
    """The configuration of the tests' own business."""
    return config_module.load()


@pytest.fixture
def admins_file() -> Iterator[Path]:
    """The file of the business that runs here; no test reads it without this."""
    global _may_read_admins_file
    _may_read_admins_file = True
    yield DEFAULT_PATH
    _may_read_admins_file = False


@pytest.fixture
def now() -> datetime:
    """A moment that does not move."""
    return datetime(2026, 3, 14, 9, 26, 53, 589000, tzinfo=UTC)


@pytest.fixture
def capture_web(aws: str, keys: Keys, store: Store, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler of customers' links, on the tables of this test."""
    monkeypatch.setenv("EARSHOT_TABLE", MAIN_TABLE["TableName"])
    monkeypatch.setenv("EARSHOT_KEYS_TABLE", KEYS_TABLE["TableName"])
    module = importlib.import_module("functions.capture_web.handler")
    monkeypatch.setattr(module, "keys", keys)
    monkeypatch.setattr(module, "store", store)
    return module


@pytest.fixture
def team(client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler of the teams' pages, as a cold start leaves it, with the bus and queues behind it."""
    boto3.client("events").create_event_bus(Name="earshot-test")
    boto3.client("sesv2").create_email_identity(EmailIdentity="feedback@fernleaf.example")
    boto3.client("sqs").create_queue(QueueName="deliveries")
    sign_ins, unlisted = (boto3.client("sqs").create_queue(QueueName=name) for name in ("sign-ins", "unlisted"))
    for name, value in {
        "TABLE": MAIN_TABLE["TableName"],
        "KEYS_TABLE": KEYS_TABLE["TableName"],
        "BUS": "earshot-test",
        "PUBLIC_URL": "https://feedback.fernleaf.example",
        "DELIVERIES_QUEUE": "arn:aws:sqs:eu-west-1:123456789012:deliveries",
        "REFUSED_QUEUE": "arn:aws:sqs:eu-west-1:123456789012:refused",
        "SECRETS_KEY": boto3.client("kms").create_key()["KeyMetadata"]["KeyId"],
        "SIGN_INS_QUEUE_URL": sign_ins["QueueUrl"],
        "UNLISTED_QUEUE_URL": unlisted["QueueUrl"],
    }.items():
        monkeypatch.setenv(f"EARSHOT_{name}", value)
    monkeypatch.setattr("shared.addresses.dns.resolve", lambda host: ["10.0.0.7"] if host == "intranet.example" else [])
    for module in ("functions.team.handler", "functions.team.sign_in"):
        sys.modules.pop(module, None)
    return importlib.import_module("functions.team.handler")
