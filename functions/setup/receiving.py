"""What an account shares between all who use SES in it, and a stack must therefore not own.

There is one active set of receipt rules per account and region, and CloudFormation cannot activate one. So our rule is
added to whichever set is active, and a set of our own is activated only where none is. The sender's domain becomes an
identity unless it is one already, and so does the domain of the address that customers write to, where it is another:
SES takes no mail for a domain that is not verified. On delete only what is ours goes.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient
    from mypy_boto3_ses.type_defs import ReceiptRuleTypeDef
    from mypy_boto3_sesv2 import SESV2Client

_PERMISSION_ATTEMPTS = 12  # five seconds apart: the bucket's policy takes a while to be known everywhere


class Wanted(NamedTuple):
    """What the stack asks for."""

    rule: str
    """The name of our rule, and of our rule set where there is no other."""
    address: str
    bucket: str
    prefix: str
    domain: str
    configuration_set: str

    def receipt_rule(self) -> "ReceiptRuleTypeDef":
        """The rule as SES takes it: mail to the address, with or without something after a plus, into the bucket."""
        return {
            "Name": self.rule,
            "Enabled": True,
            "ScanEnabled": True,
            "TlsPolicy": "Optional",
            "Recipients": [self.address],
            "Actions": [{"S3Action": {"BucketName": self.bucket, "ObjectKeyPrefix": self.prefix}}],
        }


def set_up(ses: "SESClient", sesv2: "SESV2Client", wanted: Wanted, sleep: Callable[[float], None] = time.sleep) -> None:
    """Bring the account to what is wanted; doing it twice changes nothing."""
    active = ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name")
    for rule_set in _with_rule(ses, wanted.rule):
        if rule_set != (active or wanted.rule):  # another set was activated since
            ses.delete_receipt_rule(RuleSetName=rule_set, RuleName=wanted.rule)
    home = active or wanted.rule
    if not active and wanted.rule not in _rule_sets(ses):
        ses.create_receipt_rule_set(RuleSetName=wanted.rule)
    _put_rule(ses, home, wanted, sleep)
    if not active:
        ses.set_active_receipt_rule_set(RuleSetName=wanted.rule)
    _ensure_sender(sesv2, wanted)
    _ensure_receiver(sesv2, wanted)


def tear_down(ses: "SESClient", sesv2: "SESV2Client", wanted: Wanted) -> None:
    """Take away what `set_up` added; an identity stays, since others may send with it."""
    for rule_set in _with_rule(ses, wanted.rule):
        ses.delete_receipt_rule(RuleSetName=rule_set, RuleName=wanted.rule)
    if wanted.rule in _rule_sets(ses) and not ses.describe_receipt_rule_set(RuleSetName=wanted.rule).get("Rules"):
        active = ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name")
        if active == wanted.rule:
            ses.set_active_receipt_rule_set()
        ses.delete_receipt_rule_set(RuleSetName=wanted.rule)
    release_identity(sesv2, wanted)


def release_identity(sesv2: "SESV2Client", wanted: Wanted) -> None:
    """Leave an identity as if we had never sent with it; what others made of it stays."""
    try:
        identity = sesv2.get_email_identity(EmailIdentity=wanted.domain)
    except sesv2.exceptions.NotFoundException:
        return
    if identity.get("ConfigurationSetName") == wanted.configuration_set:
        sesv2.put_email_identity_configuration_set_attributes(EmailIdentity=wanted.domain)


def _put_rule(ses: "SESClient", rule_set: str, wanted: Wanted, sleep: Callable[[float], None]) -> None:
    put = ses.update_receipt_rule if rule_set in _with_rule(ses, wanted.rule) else ses.create_receipt_rule
    for attempt in range(_PERMISSION_ATTEMPTS):
        try:
            put(RuleSetName=rule_set, Rule=wanted.receipt_rule())
        except ses.exceptions.InvalidS3ConfigurationException:
            if attempt == _PERMISSION_ATTEMPTS - 1:
                raise
            sleep(5)
        else:
            return


def _with_rule(ses: "SESClient", rule: str) -> list[str]:
    """The rule sets that our rule stands in."""
    return [
        rule_set
        for rule_set in _rule_sets(ses)
        if rule in [each["Name"] for each in ses.describe_receipt_rule_set(RuleSetName=rule_set).get("Rules", ())]
    ]


def _rule_sets(ses: "SESClient") -> list[str]:
    return list(_all_rule_sets(ses))


def _all_rule_sets(ses: "SESClient") -> Iterator[str]:
    answer = ses.list_receipt_rule_sets()
    while True:
        for each in answer.get("RuleSets", ()):
            yield each["Name"]
        if not answer.get("NextToken"):
            return
        answer = ses.list_receipt_rule_sets(NextToken=answer["NextToken"])


def _ensure_receiver(sesv2: "SESV2Client", wanted: Wanted) -> None:
    """The domain of the address as an identity too, for which nothing is sent."""
    domain = wanted.address.rpartition("@")[2]
    if domain != wanted.domain:
        with suppress(sesv2.exceptions.AlreadyExistsException):
            sesv2.create_email_identity(EmailIdentity=domain)


def _ensure_sender(sesv2: "SESV2Client", wanted: Wanted) -> None:
    """The domain as an identity whose bounces and complaints come to us, unless they go elsewhere already."""
    try:
        sesv2.create_email_identity(EmailIdentity=wanted.domain, ConfigurationSetName=wanted.configuration_set)
    except sesv2.exceptions.AlreadyExistsException:
        if not sesv2.get_email_identity(EmailIdentity=wanted.domain).get("ConfigurationSetName"):
            sesv2.put_email_identity_configuration_set_attributes(
                EmailIdentity=wanted.domain, ConfigurationSetName=wanted.configuration_set
            )
