import importlib
import sys
from types import ModuleType

import boto3
import pytest
from pydynox import DynamoDBClient

from functions.capture_sms.hearing import Ear
from shared.config.model import Config
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE

MODULE = "functions.capture_sms.handler"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:earshot-texts"


@pytest.fixture
def ear(client: DynamoDBClient, config: Config) -> Ear:
    return Ear.of(client, MAIN_TABLE["TableName"], config)


@pytest.fixture
def function(client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The deployed module, as a cold start leaves it."""
    monkeypatch.setenv("EARSHOT_TABLE", MAIN_TABLE["TableName"])
    monkeypatch.setenv("EARSHOT_KEYS_TABLE", KEYS_TABLE["TableName"])
    monkeypatch.setenv("EARSHOT_PUBLIC_URL", "https://feedback.fernleaf.example")
    monkeypatch.setenv("EARSHOT_SMS_TOPIC", TOPIC)
    monkeypatch.setenv("EARSHOT_SECRETS_KEY", boto3.client("kms").create_key()["KeyMetadata"]["KeyId"])
    sys.modules.pop(MODULE, None)
    return importlib.import_module(MODULE)
