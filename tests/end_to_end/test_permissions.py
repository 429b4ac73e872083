"""Least privilege, by trying: with its own role each function can do its work, and nothing else.

That each does its work with IAM enforced is what test_path.py shows; here each role attempts what the others may do.
"""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.end_to_end.world import World

pytestmark = pytest.mark.parametrize("running_stage", [True], indirect=True, ids=["iam-enforced"])

Attempt = Callable[["Role"], Any]
A_FEEDBACK = {"pk": {"S": "F#nobody"}, "sk": {"S": "F"}}
A_KEY = {"name": {"S": "nothing"}}
A_MAIL = {"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}}

ATTEMPTS: dict[str, Attempt] = {
    "read one feedback": lambda role: role("dynamodb").get_item(TableName=role["Table"], Key=A_FEEDBACK),
    "change a feedback": lambda role: role("dynamodb").update_item(TableName=role["Table"], Key=A_FEEDBACK),
    "put an item": lambda role: role("dynamodb").put_item(TableName=role["Table"], Item=A_FEEDBACK),
    "delete an item": lambda role: role("dynamodb").delete_item(TableName=role["Table"], Key=A_FEEDBACK),
    "list all feedback": lambda role: role("dynamodb").scan(TableName=role["Table"]),
    "list a team's feedback": lambda role: role.query("by_team", "team_shard"),
    "list what is due": lambda role: role.query("by_due", "due_shard"),
    "read a key": lambda role: role("dynamodb").get_item(TableName=role["KeysTable"], Key=A_KEY),
    "make a key": lambda role: role("dynamodb").put_item(TableName=role["KeysTable"], Item=A_KEY),
    "list all keys": lambda role: role("dynamodb").scan(TableName=role["KeysTable"]),
    "open a sealed secret": lambda role: role("kms").decrypt(KeyId=role["SecretsKey"], CiphertextBlob=b"x"),
    "put an event": lambda role: role("events").put_events(
        Entries=[{"EventBusName": role["Bus"], "Source": "earshot", "DetailType": "Forged", "Detail": "{}"}]
    ),
    "make a route": lambda role: role.make_rule("earshot-route-mine"),
    "make any other rule": lambda role: role.make_rule("mine"),
    "remove a route": lambda role: role("events").delete_rule(Name="earshot-route-nothing", EventBusName=role["Bus"]),
    "send a delivery": lambda role: role("sqs").send_message(QueueUrl=role["DeliveriesQueueUrl"], MessageBody="{}"),
    "take a delivery": lambda role: role("sqs").receive_message(QueueUrl=role["DeliveriesQueueUrl"]),
    "read what was refused": lambda role: role("sqs").receive_message(QueueUrl=role["RulesDeadLetterQueueUrl"]),
    "keep a failure": lambda role: role("s3").put_object(Bucket=role["UnpublishedBucket"], Key="k", Body=b""),
    "read a failure": lambda role: role("s3").get_object(Bucket=role["UnpublishedBucket"], Key="k"),
    "read a mail": lambda role: role("s3").get_object(Bucket=role["MailBucket"], Key=f"{role['MailPrefix']}m"),
    "put a mail": lambda role: role("s3").put_object(Bucket=role["MailBucket"], Key=f"{role['MailPrefix']}m", Body=b""),
    "list mails": lambda role: role("s3").list_objects_v2(Bucket=role["MailBucket"], Prefix=role["MailPrefix"]),
    "change which mail is received": lambda role: role("ses").create_receipt_rule_set(RuleSetName="mine"),
    "send a mail": lambda role: role("sesv2").send_email(
        FromEmailAddress="feedback@fernleaf.example", Destination={"ToAddresses": ["a@b.example"]}, Content=A_MAIL
    ),
}

# MiniStack does not look at `dynamodb:LeadingKeys`, which narrow most of "put" and "read" to items of one kind, nor at
# the context of what is sealed: tests/infra asserts those on the template, of every function.
READ_AND_WRITE = {"read one feedback", "change a feedback", "put an item"}
SIGN = {"read a key", "make a key"}
GRANTED: dict[str, set[str]] = {
    "CaptureWeb": {*READ_AND_WRITE, *SIGN},
    "CaptureSms": {*READ_AND_WRITE, "read a key", "open a sealed secret"},
    "CaptureEmail": {*READ_AND_WRITE, *SIGN, "read a mail", "list mails"},
    "CaptureEmailSweep": {*READ_AND_WRITE, *SIGN, "read a mail", "list mails"},
    "CaptureEmailSetup": {"change which mail is received"},
    "Publish": {"put an event", "keep a failure"},
    "Notify": {
        *("read one feedback", "put an item", *SIGN, "open a sealed secret"),
        "list a team's feedback",  # how many say the same
        *("send a delivery", "take a delivery", "send a mail"),
    },
    "Sweep": {"list what is due", "change a feedback", "put an item", "send a delivery"},
    "Escalate": {*READ_AND_WRITE, "list what is due"},
    "Close": {*READ_AND_WRITE, *SIGN},
    "CloseReceived": {*READ_AND_WRITE, *SIGN},
    "RoutesClearRules": {"remove a route"},
    "Invite": {*READ_AND_WRITE, *SIGN},
    "Send": {*READ_AND_WRITE, "send a mail"},
    "Receipts": READ_AND_WRITE,
    "Team": {
        *(*READ_AND_WRITE, "delete an item", "list a team's feedback", *SIGN, "open a sealed secret"),
        *("make a route", "remove a route"),
        "put an event",  # MiniStack does not tell a policy the source; on AWS it may put tests of routes only
    },
    "TeamSignIn": {"change a feedback", "put an item", *SIGN, "send a mail"},
    "Unsubscribe": {"read one feedback", "put an item"},
}


class Role:
    """What a function is when it runs: clients with its role's credentials, and the stack's outputs."""

    def __init__(self, world: World, role_name: str) -> None:
        arn = world.stage.client("iam").get_role(RoleName=role_name)["Role"]["Arn"]
        lent = world.stage.client("sts").assume_role(RoleArn=arn, RoleSessionName="attempt")["Credentials"]
        self._session = boto3.Session(
            lent["AccessKeyId"], lent["SecretAccessKey"], lent["SessionToken"], region_name=world.description["region"]
        )
        self._stage = world.stage

    def __call__(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._stage.endpoint_url)  # type: ignore[call-overload]

    def __getitem__(self, output: str) -> str:
        return self._stage.outputs[output]

    def query(self, index: str, key: str) -> Any:
        return self("dynamodb").query(
            TableName=self["Table"],
            IndexName=index,
            KeyConditionExpression="#key = :value",
            ExpressionAttributeNames={"#key": key},
            ExpressionAttributeValues={":value": {"S": "x"}},
        )

    def make_rule(self, name: str) -> Any:
        return self("events").put_rule(Name=name, EventBusName=self["Bus"], EventPattern='{"source": ["nobody"]}')

    def may(self, attempt: Attempt) -> bool:
        """Whether the attempt is allowed, however it ends."""
        try:
            attempt(self)
        except ClientError as error:
            return error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException")
        return True


@pytest.fixture
def kept_as_it_was(world: World) -> Iterator[None]:
    """Takes away what the attempts leave where other tests look."""
    yield
    s3, outputs = world.stage.client("s3"), world.stage.outputs
    for bucket, key in ((outputs["UnpublishedBucket"], "k"), (outputs["MailBucket"], f"{outputs['MailPrefix']}m")):
        s3.delete_object(Bucket=bucket, Key=key)


@pytest.fixture
def function_roles(world: World) -> dict[str, str]:
    """The path of each function's construct → its role."""
    resources = world.stage.client("cloudformation").describe_stack_resources(StackName="earshot-local")
    functions = {
        resource["LogicalResourceId"][:-8].removesuffix("Function"): resource["PhysicalResourceId"]
        for resource in resources["StackResources"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }
    describe = world.stage.client("lambda").get_function_configuration
    return {path: describe(FunctionName=name)["Role"].partition("/")[2] for path, name in functions.items()}


def test_every_function_is_in_the_list(function_roles: dict[str, str]) -> None:
    assert function_roles.keys() == GRANTED.keys()


@pytest.mark.usefixtures("kept_as_it_was")
@pytest.mark.parametrize("name", GRANTED)
def test_a_function_can_do_what_it_was_granted_and_nothing_else(
    world: World, function_roles: dict[str, str], name: str
) -> None:
    role = Role(world, function_roles[name])
    assert {what for what, attempt in ATTEMPTS.items() if role.may(attempt)} == GRANTED[name]
