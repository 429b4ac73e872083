import boto3
from pydynox import DynamoDBClient

from shared.keys.webhook_secrets import WebhookSecrets
from tests.kit.tables import KEYS_TABLE


def test_secrets_of_an_earlier_stack_sign_on_and_new_ones_are_sealed_with_the_new_key(client: DynamoDBClient) -> None:
    """The table of keys outlasts its stack, and the next one has another key of KMS."""
    kms = boto3.client("kms")
    earlier, later = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    secret = WebhookSecrets(client, KEYS_TABLE["TableName"], kms, earlier).live("hook", "target")
    now = WebhookSecrets(client, KEYS_TABLE["TableName"], kms, later)
    assert now.live("hook", "target") == secret
    kms.disable_key(KeyId=earlier)
    assert now.live("another", "target") != secret
