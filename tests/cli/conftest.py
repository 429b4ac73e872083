"""A stage on moto, found by the commands exactly as they find the one that `make run` starts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import boto3
import pytest

from cli.main import main
from shared.feedback.store import Store
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE

ACCOUNT = "123456789012"


class Ran(NamedTuple):
    """What a command printed, and its exit status."""

    out: str
    err: str
    status: int


Earshot = Callable[..., Ran]


@pytest.fixture
def stage(aws: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A running local stage called `local`; returns its endpoint."""
    sqs = boto3.client("sqs")
    boto3.client("s3").create_bucket(
        Bucket="unpublished", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    for bucket in ("mails", "unsent"):
        boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    outputs = {
        "MailBucket": "mails",
        "CaptureEmailFunction": "capture-email",
        "UnheardMailQueueUrl": sqs.create_queue(QueueName="unheard")["QueueUrl"],
        "Table": MAIN_TABLE["TableName"],
        "KeysTable": KEYS_TABLE["TableName"],
        "Bus": "earshot-local",
        "PublicUrl": "http://127.0.0.1:4000",
        "RulesDeadLetterQueueUrl": sqs.create_queue(QueueName="rules-dead")["QueueUrl"],
        "DeliveriesDeadLetterQueueUrl": sqs.create_queue(QueueName="deliveries-dead")["QueueUrl"],
        "DeliveriesQueueArn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:deliveries",
        "RulesDeadLetterQueueArn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:rules-dead",
        "SecretsKey": boto3.client("kms").create_key()["KeyMetadata"]["KeyId"],
        "DeliveriesQueueUrl": sqs.create_queue(QueueName="deliveries")["QueueUrl"],
        "AsideQueueUrl": sqs.create_queue(QueueName="aside")["QueueUrl"],
        "UnpublishedBucket": "unpublished",
        "PublishFunction": "publish",
        "EscalateFunction": "escalate",
        "InviteFunction": "invite",
        "SendFunction": "send",
        "UnsentBucket": "unsent",
        "TextsFunction": "capture-sms",
        "TextsDeadLetterQueueUrl": sqs.create_queue(QueueName="texts-dead")["QueueUrl"],
        "SmsTopic": boto3.client("sns").create_topic(Name="texts")["TopicArn"],
        "RuleArnPrefix": f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/earshot-local/earshot-route-",
    }
    boto3.client("cloudformation").create_stack(
        StackName="earshot-local",
        TemplateBody=json.dumps(
            {
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
                "Outputs": {name: {"Value": value} for name, value in outputs.items()},
            }
        ),
    )
    local = {"stage": "local", "endpoint_url": aws, "region": "eu-west-1", "access_key": "test", "secret_key": "test"}
    (tmp_path / ".earshot").mkdir()
    (tmp_path / ".earshot/local.json").write_text(json.dumps(local))
    monkeypatch.chdir(tmp_path)
    return aws


@pytest.fixture
def earshot(capsys: pytest.CaptureFixture[str]) -> Earshot:
    """Run the command line: `earshot("link", "checkout")`."""

    def run(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as exit:
            main(list(arguments))
        out, err = capsys.readouterr()
        if isinstance(exit.value.code, str):  # what sys.exit itself would print
            return Ran(out, f"{err}{exit.value.code}\n", 1)
        return Ran(out, err, exit.value.code or 0)

    return run
