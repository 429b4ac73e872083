"""The way of a mail, where no emulator shows it."""

import json

from aws_cdk.assertions import Template

from shared.config.model import Config
from shared.table.items import MAIL
from tests.infra.conftest import Resources, template_of


def the_mails(resources: Resources) -> str:
    [id] = [id for id in resources("AWS::S3::Bucket") if "CaptureEmailMails" in id]
    return id


def test_raw_mail_is_encrypted_private_and_ages_out(resources: Resources) -> None:
    bucket = resources("AWS::S3::Bucket")[the_mails(resources)]
    assert bucket["BucketEncryption"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == MAIL.days


def test_the_bucket_tells_eventbridge_of_each_mail(resources: Resources) -> None:
    bucket = the_mails(resources)
    notification = resources("AWS::S3::Bucket")[bucket]["NotificationConfiguration"]
    assert notification == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    [rule] = [each for each in resources("AWS::Events::Rule").values() if "aws.s3" in json.dumps(each)]
    assert rule["EventPattern"]["detail"] == {
        "bucket": {"name": [{"Ref": bucket}]},
        "object": {"key": [{"prefix": "mail/"}]},
    }


def test_ses_may_put_mail_and_nothing_else_and_only_for_this_account(resources: Resources) -> None:
    [policy] = [each for each in resources("AWS::S3::BucketPolicy").values() if "ses.amazonaws.com" in json.dumps(each)]
    [statement] = [each for each in policy["PolicyDocument"]["Statement"] if each["Principal"] != {"AWS": "*"}]
    assert statement["Action"] == "s3:PutObject"
    assert json.dumps(statement["Resource"]).endswith('"/mail/*"]]}')
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_receipt_rule_waits_for_the_buckets_policy(template: Template) -> None:
    [resource] = template.find_resources("Custom::AccountMail").values()
    assert any("CaptureEmailMailsPolicy" in each for each in resource["DependsOn"])


def test_bounces_and_complaints_come_back(resources: Resources) -> None:
    [destination] = resources("AWS::SES::ConfigurationSetEventDestination").values()
    assert {"bounce", "complaint"} <= set(destination["EventDestination"]["MatchingEventTypes"])


def test_the_functions_reach_mails_and_can_tell_that_one_is_gone(resources: Resources) -> None:
    policies = {
        each["PolicyName"]: each["PolicyDocument"]["Statement"]
        for each in resources("AWS::IAM::Policy").values()
        if "CaptureEmail" in each["PolicyName"] and "Setup" not in each["PolicyName"]
    }
    assert len(policies) == 2
    for name, statements in policies.items():
        [lists] = [each for each in statements if each["Action"] == "s3:ListBucket"]
        assert lists["Resource"] == {"Fn::GetAtt": [the_mails(resources), "Arn"]}
        assert lists["Condition"] == {"StringLike": {"s3:prefix": ["mail/*", "quarantine/*"]}}
        policy = json.dumps(statements)
        assert ("dynamodb:BatchGetItem" in policy) == ("Sweep" in name)
        assert "s3:DeleteObject" not in policy
        assert "dynamodb:Scan" not in policy


def test_who_sends_mail_may_send_from_the_business_s_address_and_from_no_other(resources: Resources) -> None:
    """To whom is left open: in its sandbox SES asks for the recipient's identity too."""
    sends = [
        statement
        for policy in resources("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if "ses:SendEmail" in json.dumps(statement["Action"])
    ]
    assert len(sends) == 3  # notify, send and the team's SignIn
    for statement in sends:
        assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": "feedback@fernleaf.zz"}}
        named = json.dumps(statement["Resource"])
        assert ":identity/*" in named
        assert ":configuration-set/*" in named


def test_cloudformation_asks_for_the_accounts_mail_again_at_each_deploy(config: Config, resources: Resources) -> None:
    [asked] = resources("Custom::AccountMail").values()
    again = template_of(config).find_resources("Custom::AccountMail").values()
    assert [each["Properties"]["deployed_at"] > asked["deployed_at"] for each in again] == [True]
