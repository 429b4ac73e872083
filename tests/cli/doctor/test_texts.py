"""What `earshot doctor` says of texts, for a stage on AWS whose answers are made up here."""

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from pydynox import DynamoDBClient

from cli.doctor.texts import check_texts
from shared.config.model import Config
from shared.keys.twilio_tokens import TwilioTokens
from tests.kit.tables import KEYS_TABLE

TOPIC = "arn:aws:sns:eu-west-1:111122223333:earshot-texts"
GOOD = {
    "PhoneNumber": "+447400900100",
    "PhoneNumberId": "phone-1",
    "Status": "ACTIVE",
    "TwoWayEnabled": True,
    "TwoWayChannelArn": TOPIC,
    "SelfManagedOptOutsEnabled": True,
}


class FakeSms:
    """End User Messaging's account, as far as doctor looks."""

    def __init__(self, numbers: list[dict[str, Any]], tier: str, error: str | None, dollars: tuple[int, int]) -> None:
        self.numbers, self.tier, self.error, self.dollars = numbers, tier, error, dollars

    def describe_account_attributes(self) -> dict[str, Any]:
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": ""}}, "DescribeAccountAttributes")
        return {"AccountAttributes": [{"Name": "ACCOUNT_TIER", "Value": self.tier}]}

    def get_paginator(self, operation: str) -> Any:
        enforced, most = self.dollars
        limit = {"Name": "TEXT_MESSAGE_MONTHLY_SPEND_LIMIT", "EnforcedLimit": enforced, "MaxLimit": most}
        voice = limit | {"Name": "VOICE_MESSAGE_MONTHLY_SPEND_LIMIT", "EnforcedLimit": 0}
        pages = {
            "describe_phone_numbers": [{"PhoneNumbers": self.numbers}],
            "describe_spend_limits": [{"SpendLimits": [voice]}, {"SpendLimits": [limit]}],
        }
        return SimpleNamespace(paginate=lambda: pages[operation])


def findings(
    client: DynamoDBClient,
    config: Config,
    *numbers: dict[str, Any],
    tier: str = "PRODUCTION",
    error: str | None = None,
    token: bool = True,
    dollars: tuple[int, int] = (50, 50),
) -> list[str]:
    table = KEYS_TABLE["TableName"]
    assert config.sms is not None
    tokens = TwilioTokens(client, table, boto3.client("kms").create_key()["KeyMetadata"]["KeyId"])
    if token:
        tokens.set(config.sms.twilio[0].account, "12345")
    stage: Any = SimpleNamespace(
        is_local=False,
        config=config,
        dynamodb=client,
        twilio_tokens=tokens,
        outputs={"KeysTable": table, "SmsTopic": TOPIC, "PublicUrl": "https://feedback.fernleaf.example"},
        session=SimpleNamespace(region_name="eu-west-1"),
        client=lambda _: FakeSms(list(numbers), tier, error, dollars),
    )
    return [f"{finding.message}\n{finding.paste}" for finding in check_texts(stage)]


def test_an_account_that_is_ready_needs_nothing(client: DynamoDBClient, config: Config) -> None:
    assert findings(client, config, GOOD) == []


@pytest.mark.parametrize(
    ("numbers", "more", "says", "paste"),
    [
        ([], {}, "is not a number of this account", "request-phone-number --iso-country-code GB"),
        ([GOOD], {"tier": "SANDBOX"}, "is in the SMS sandbox", "console.aws.amazon.com/sms-voice"),
        ([GOOD | {"Status": "PENDING"}], {}, "is pending; texts leave once", "None"),
        ([GOOD | {"TwoWayEnabled": False}], {}, "does not bring texts to us", f"--two-way-channel-arn {TOPIC}"),
        ([GOOD | {"TwoWayChannelArn": "another"}], {}, "does not bring texts to us", "--phone-number-id phone-1"),
        ([GOOD | {"SelfManagedOptOutsEnabled": False}], {}, "answers STOP", "--self-managed-opt-outs-enabled"),
        ([GOOD], {"error": "AccessDeniedException"}, "(AccessDeniedException)", "None"),
        ([GOOD], {"dollars": (1, 1)}, "for 1 US dollars a month", "console.aws.amazon.com/support"),
        ([GOOD], {"dollars": (1, 200)}, "up to 200", "limit-override --monthly-limit 200"),
        ([GOOD], {"token": False}, "has no auth token here", "earshot keys twilio AC0000"),
    ],
)
def test_what_is_left_to_do_is_said_with_the_values_to_paste(
    client: DynamoDBClient, config: Config, numbers: list[dict[str, Any]], more: dict[str, Any], says: str, paste: str
) -> None:
    [finding] = findings(client, config, *numbers, **more)
    assert says in finding
    assert paste in finding


def test_a_number_of_no_plan_is_found_before_anything_is_deployed(client: DynamoDBClient, config: Config) -> None:
    assert config.sms is not None
    sms = config.sms.model_copy(update={"number": "+449098790123", "twilio": ()})
    found = findings(client, config.model_copy(update={"sms": sms}), GOOD, token=False)
    assert "premium number" in found[0]
