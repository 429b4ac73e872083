from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest

from cli.doctor.findings import Finding
from cli.doctor.mail import check_mail
from cli.stage import Stage
from shared.config.model import Config

DOMAIN = "fernleaf.example"


class AnAccount:
    """A stage on AWS: the bucket is moto's, what SES says is the test's."""

    is_local = False
    outputs = {"MailBucket": "mails"}  # noqa: RUF012
    session = SimpleNamespace(region_name="eu-west-1")

    def __init__(self, config: Config) -> None:
        self.config = config
        self.production = True
        self.dkim: dict[str, Any] = {"Status": "SUCCESS", "Tokens": ["aaa", "bbb"]}
        self.rules = [{"Enabled": True, "Actions": [{"S3Action": {"BucketName": "mails"}}]}]

    def client(self, service: str) -> Any:
        return boto3.client("s3") if service == "s3" else self

    def get_account(self) -> dict[str, Any]:
        return {"ProductionAccessEnabled": self.production}

    def get_email_identity(self, EmailIdentity: str) -> dict[str, Any]:  # noqa: N803
        if EmailIdentity != DOMAIN:
            return {"DkimAttributes": {"Status": "PENDING", "Tokens": ["ccc"]}}
        return {"DkimAttributes": self.dkim}

    def describe_active_receipt_rule_set(self) -> dict[str, Any]:
        return {"Rules": self.rules}


@pytest.fixture
def account(aws: str, config: Config) -> AnAccount:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="mails", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="mails", Key="mail/AMAZON_SES_SETUP_NOTIFICATION", Body=b"")
    s3.put_object(Bucket="mails", Key="mail/m1", Body=b"")
    return AnAccount(config)


def findings(account: AnAccount) -> list[Finding]:
    return list(check_mail(cast(Stage, account)))


def test_an_account_that_is_ready_has_nothing_to_mend(account: AnAccount) -> None:
    assert findings(account) == []


def test_the_sandbox_is_named_with_the_way_out(account: AnAccount) -> None:
    account.production = False
    [finding] = findings(account)
    assert "sandbox" in finding.message
    assert "--website-url https://feedback.fernleaf.example" in (finding.paste or "")


def test_missing_dkim_records_are_given_to_paste(account: AnAccount) -> None:
    account.dkim["Status"] = "PENDING"
    [finding] = findings(account)
    assert (finding.paste or "").splitlines() == [
        "aaa._domainkey.fernleaf.example. CNAME aaa.dkim.amazonses.com.",
        "bbb._domainkey.fernleaf.example. CNAME bbb.dkim.amazonses.com.",
    ]


def test_dkim_records_lead_into_the_zone_that_ses_names(account: AnAccount) -> None:
    account.dkim |= {"Status": "PENDING", "SigningHostedZone": "dkim.af-south-1.amazonses.com"}
    [finding] = findings(account)
    assert (finding.paste or "").startswith(
        "aaa._domainkey.fernleaf.example. CNAME aaa.dkim.af-south-1.amazonses.com.\n"
    )


def test_an_address_on_another_domain_has_records_of_its_own(account: AnAccount, config: Config) -> None:
    mail = config.mail.model_copy(update={"address": "say@answers.example"})
    account.config = config.model_copy(update={"mail": mail})
    boto3.client("s3").delete_object(Bucket="mails", Key="mail/m1")
    verification, exchange = findings(account)
    assert verification.subject == "answers.example"
    assert "SES takes no mail for it yet" in verification.message
    assert verification.paste == "ccc._domainkey.answers.example. CNAME ccc.dkim.amazonses.com."
    assert exchange.paste == "answers.example. MX 10 inbound-smtp.eu-west-1.amazonaws.com."


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"Enabled": False, "Actions": [{"S3Action": {"BucketName": "mails"}}]}],
        [{"Enabled": True, "Actions": [{"S3Action": {"BucketName": "other"}}, {"StopAction": {"Scope": "RuleSet"}}]}],
    ],
)
def test_a_rule_that_does_not_bring_mail_is_named(
    rules: list[dict[str, Any]], account: AnAccount, config: Config
) -> None:
    account.rules = rules
    [finding] = findings(account)
    assert "no active receipt rule" in finding.message


def test_an_address_that_never_had_mail_is_given_its_record(account: AnAccount) -> None:
    boto3.client("s3").delete_object(Bucket="mails", Key="mail/m1")
    [finding] = findings(account)
    assert finding.paste == "fernleaf.example. MX 10 inbound-smtp.eu-west-1.amazonaws.com."


def test_the_local_stage_needs_none_of_it(account: AnAccount) -> None:
    account.is_local = True
    account.production = False
    assert findings(account) == []
