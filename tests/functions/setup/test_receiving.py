from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from functions.setup import mail as mail_setup
from functions.setup.receiving import Wanted, set_up, tear_down
from tests.kit.cloudformation import CloudFormation, waiting
from tests.kit.factories import a_context

WANTED = Wanted(
    rule="earshot-mail",
    address="feedback@fernleaf.example",
    bucket="mails",
    prefix="mail/",
    domain="fernleaf.example",
    configuration_set="earshot",
)


class Refused(Exception):
    """An error of the SDK."""


class Account:
    """What an account has in SES: rule sets, the active one, identities. Speaks both versions of the API."""

    exceptions = SimpleNamespace(
        InvalidS3ConfigurationException=type("InvalidS3Configuration", (Refused,), {}),
        AlreadyExistsException=type("AlreadyExists", (Refused,), {}),
        NotFoundException=type("NotFound", (Refused,), {}),
    )

    def __init__(self, active: str | None = None, **rule_sets: list[str]) -> None:
        self.active = active
        self.rule_sets: dict[str, dict[str, dict[str, Any]]] = {
            name: {rule: {"Name": rule} for rule in rules} for name, rules in rule_sets.items()
        }
        self.identities: dict[str, str | None] = {}
        self.refusals = 0

    def state(self) -> tuple[str | None, dict[str, list[str]]]:
        return self.active, {name: list(rules) for name, rules in self.rule_sets.items()}

    def describe_active_receipt_rule_set(self) -> dict[str, Any]:
        return {"Metadata": {"Name": self.active}} if self.active else {}

    def describe_receipt_rule_set(self, RuleSetName: str) -> dict[str, Any]:  # noqa: N803
        return {"Rules": list(self.rule_sets[RuleSetName].values())}

    def list_receipt_rule_sets(self, NextToken: str = "") -> dict[str, Any]:  # noqa: N803
        names = list(self.rule_sets)
        at = int(NextToken or 0)
        more = {"NextToken": str(at + 1)} if at + 1 < len(names) else {}
        return {"RuleSets": [{"Name": name} for name in names[at : at + 1]], **more}

    def create_receipt_rule_set(self, RuleSetName: str) -> None:  # noqa: N803
        assert RuleSetName not in self.rule_sets
        self.rule_sets[RuleSetName] = {}

    def delete_receipt_rule_set(self, RuleSetName: str) -> None:  # noqa: N803
        assert self.active != RuleSetName
        del self.rule_sets[RuleSetName]

    def set_active_receipt_rule_set(self, RuleSetName: str | None = None) -> None:  # noqa: N803
        assert RuleSetName is None or RuleSetName in self.rule_sets
        self.active = RuleSetName

    def create_receipt_rule(self, RuleSetName: str, Rule: dict[str, Any]) -> None:  # noqa: N803
        if self.refusals:
            self.refusals -= 1
            raise self.exceptions.InvalidS3ConfigurationException
        assert Rule["Name"] not in self.rule_sets[RuleSetName]
        self.rule_sets[RuleSetName][Rule["Name"]] = Rule

    def update_receipt_rule(self, RuleSetName: str, Rule: dict[str, Any]) -> None:  # noqa: N803
        assert Rule["Name"] in self.rule_sets[RuleSetName]
        self.rule_sets[RuleSetName][Rule["Name"]] = Rule

    def delete_receipt_rule(self, RuleSetName: str, RuleName: str) -> None:  # noqa: N803
        del self.rule_sets[RuleSetName][RuleName]

    def create_email_identity(self, EmailIdentity: str, ConfigurationSetName: str | None = None) -> None:  # noqa: N803
        if EmailIdentity in self.identities:
            raise self.exceptions.AlreadyExistsException
        self.identities[EmailIdentity] = ConfigurationSetName

    def get_email_identity(self, EmailIdentity: str) -> dict[str, Any]:  # noqa: N803
        if EmailIdentity not in self.identities:
            raise self.exceptions.NotFoundException
        name = self.identities[EmailIdentity]
        return {"ConfigurationSetName": name} if name else {}

    def put_email_identity_configuration_set_attributes(
        self,
        EmailIdentity: str,  # noqa: N803
        ConfigurationSetName: str | None = None,  # noqa: N803
    ) -> None:
        self.identities[EmailIdentity] = ConfigurationSetName


def up(account: Account, wanted: Wanted = WANTED) -> list[float]:
    slept: list[float] = []
    set_up(cast(Any, account), cast(Any, account), wanted, slept.append)
    return slept


def down(account: Account) -> None:
    tear_down(cast(Any, account), cast(Any, account), WANTED)


def test_an_account_that_receives_no_mail_gets_a_rule_set_of_ours() -> None:
    account = Account()
    up(account)
    assert account.state() == ("earshot-mail", {"earshot-mail": ["earshot-mail"]})
    assert account.rule_sets["earshot-mail"]["earshot-mail"]["Actions"] == [
        {"S3Action": {"BucketName": "mails", "ObjectKeyPrefix": "mail/"}}
    ]


def test_our_rule_joins_the_active_set_which_stays_active() -> None:
    account = Account("theirs", theirs=["support"], old=[])
    up(account)
    assert account.state() == ("theirs", {"theirs": ["support", "earshot-mail"], "old": []})


def test_doing_it_twice_changes_nothing_but_the_rule() -> None:
    account = Account("theirs", theirs=["support"])
    up(account)
    up(account, WANTED._replace(address="hello@fernleaf.example"))
    assert account.state() == ("theirs", {"theirs": ["support", "earshot-mail"]})
    assert account.rule_sets["theirs"]["earshot-mail"]["Recipients"] == ["hello@fernleaf.example"]


def test_the_rule_moves_when_another_set_was_activated() -> None:
    account = Account("theirs", theirs=["earshot-mail"], newer=["support"])
    account.active = "newer"
    up(account)
    assert account.state() == ("newer", {"theirs": [], "newer": ["support", "earshot-mail"]})


def test_it_waits_until_the_buckets_policy_is_known() -> None:
    account = Account()
    account.refusals = 3
    assert up(account) == [5, 5, 5]
    assert account.active == "earshot-mail"


def test_a_bucket_that_never_lets_ses_write_is_a_failure() -> None:
    account = Account()
    account.refusals = 100
    with pytest.raises(Account.exceptions.InvalidS3ConfigurationException):
        up(account)
    assert account.active is None


@pytest.mark.parametrize(
    "before", [Account("theirs", theirs=["support"]), Account(), Account(None, theirs=["support"])]
)
def test_on_delete_only_what_is_ours_goes(before: Account) -> None:
    state = before.state()
    up(before)
    down(before)
    assert before.state() == state
    down(before)
    assert before.state() == state


def test_a_set_of_ours_that_others_use_too_stays() -> None:
    account = Account()
    up(account)
    account.create_receipt_rule("earshot-mail", {"Name": "theirs"})
    down(account)
    assert account.state() == ("earshot-mail", {"earshot-mail": ["theirs"]})


@pytest.mark.parametrize(
    ("before", "during", "after"),
    [({}, "earshot", None), ({"fernleaf.example": None}, "earshot", None), ({"fernleaf.example": "x"}, "x", "x")],
)
def test_the_domain_is_an_identity_and_stays_one(before: dict[str, str | None], during: str, after: str | None) -> None:
    account = Account()
    account.identities = dict(before)
    up(account)
    assert account.identities == {"fernleaf.example": during}
    down(account)
    assert account.identities == {"fernleaf.example": after}


@pytest.mark.parametrize("before", [{}, {"answers.example": "x"}])
def test_the_domain_that_customers_write_to_is_verified_too_and_left_as_others_have_it(before: dict[str, str]) -> None:
    account = Account()
    account.identities = dict(before)
    up(account, WANTED._replace(address="say@answers.example"))
    assert account.identities == {"fernleaf.example": "earshot", "answers.example": before.get("answers.example")}
    up(account, WANTED._replace(address="say@answers.example"))


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    with waiting() as waits:
        yield waits


def test_cloudformation_gets_its_answer(cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    monkeypatch.setattr("boto3.client", lambda _: account)
    for kind in ("Create", "Delete"):
        mail_setup.handler(cloudformation.request(kind, **WANTED._asdict()), a_context())
    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS", "SUCCESS"]
    assert account.state() == (None, {})


def test_each_deploy_brings_back_what_somebody_took_away(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account()
    monkeypatch.setattr("boto3.client", lambda _: account)
    first, second = (WANTED._asdict() | {"deployed_at": f"2026-03-1{day}T09:00:00Z"} for day in (4, 5))
    mail_setup.handler(cloudformation.request("Create", **first), a_context())
    stood = account.state()
    account.delete_receipt_rule("earshot-mail", "earshot-mail")
    account.set_active_receipt_rule_set()
    mail_setup.handler(cloudformation.request("Update", **second, old=first), a_context())
    assert account.state() == stood


def test_a_new_domain_of_the_sender_keeps_the_rule_for_incoming_mail_and_releases_the_old_one(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account()
    monkeypatch.setattr("boto3.client", lambda _: account)
    old, new = WANTED._asdict(), WANTED._replace(domain="fernleaf.co.example")._asdict()
    mail_setup.handler(cloudformation.request("Create", **old), a_context())
    before = account.state()
    mail_setup.handler(cloudformation.request("Update", **new, old=old), a_context())
    # The same resource, so CloudFormation deletes no predecessor.
    assert len({answer["PhysicalResourceId"] for answer in cloudformation.answers}) == 1
    assert account.state() == before
    assert account.identities == {"fernleaf.example": None, "fernleaf.co.example": WANTED.configuration_set}


def test_cloudformation_hears_of_a_failure_at_once(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr("boto3.client", fail)
    mail_setup.handler(cloudformation.request("Create", **WANTED._asdict()), a_context())
    [answer] = cloudformation.answers
    assert (answer["Status"], answer["Reason"]) == ("FAILED", "PermissionError: not allowed")
