"""What AWS needs by hand before texts come in and go out, with the commands to paste. Part of `earshot doctor`."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from cli.doctor.findings import Finding
from cli.stage import Stage
from shared.addresses.phones import read_phone
from shared.config.model import SmsSettings

NEW_ACCOUNT_DOLLARS = 1  # a month: what AWS lets a new account spend on texts


def check_texts(stage: Stage) -> Iterator[Finding]:
    """The number and who may be texted from it; the local stage needs neither."""
    sms = stage.config.sms
    if sms is None:
        return
    for path, number in (("sms.number", sms.number), *((f"sms.twilio {t.account}", t.number) for t in sms.twilio)):
        if read_phone(number) is None:
            yield Finding(path, f"{number} is in no country's numbering plan, or is a premium number")
    if stage.is_local:
        return
    for account in sms.twilio:
        if stage.twilio_tokens.get(account.account) is None:
            yield Finding(
                account.account,
                "has no auth token here, so its texts are refused; keep it, and point the number's webhook at us",
                f"earshot keys twilio {account.account}\n{stage.outputs['PublicUrl']}/sms/twilio  (HTTP POST)",
            )
    yield from _check_aws(stage, sms)


def _check_aws(stage: Stage, sms: SmsSettings) -> Iterator[Finding]:
    client = stage.client("pinpoint-sms-voice-v2")
    try:
        account = client.describe_account_attributes()["AccountAttributes"]
        numbers = [
            number
            for page in client.get_paginator("describe_phone_numbers").paginate()
            for number in page["PhoneNumbers"]
        ]
    except ClientError as error:
        yield Finding("sms", f"cannot look at End User Messaging ({error.response['Error']['Code']})")
        return
    if any(each["Name"] == "ACCOUNT_TIER" and each["Value"] == "SANDBOX" for each in account):
        yield Finding(
            "sms",
            "this account is in the SMS sandbox, so texts reach verified numbers only; ask for production access",
            f"https://{stage.session.region_name}.console.aws.amazon.com/sms-voice/home#/overview",
        )
    ours = [number for number in numbers if number["PhoneNumber"] == sms.number]
    if not ours:
        country = getattr(read_phone(sms.number), "country", "GB")
        yield Finding(
            sms.number,
            "is not a number of this account"
            + (f", which has {', '.join(each['PhoneNumber'] for each in numbers)}" if numbers else "")
            + "; request one (or set sms.request and `make deploy`), register it, and write it into sms.number",
            f"aws pinpoint-sms-voice-v2 request-phone-number --iso-country-code {country} --message-type TRANSACTIONAL "
            "--number-capabilities SMS --number-type LONG_CODE",
        )
    for number in ours:
        yield from _check_number(number, stage.outputs["SmsTopic"])
    yield from _check_spending(client)


def _check_spending(client: Any) -> Iterator[Finding]:
    """How many US dollars of texts may leave in a month: once they are spent, AWS refuses every other text."""
    try:
        pages = client.get_paginator("describe_spend_limits").paginate()
        limits = {limit["Name"]: limit for page in pages for limit in page["SpendLimits"]}
    except ClientError as error:
        yield Finding("sms", f"cannot look at what may be spent on texts ({error.response['Error']['Code']})")
        return
    limit = limits.get("TEXT_MESSAGE_MONTHLY_SPEND_LIMIT")
    if limit is None or limit["EnforcedLimit"] > NEW_ACCOUNT_DOLLARS:
        return
    spent = f"may send texts for {limit['EnforcedLimit']} US dollars a month, and AWS refuses all others"
    if limit["MaxLimit"] > limit["EnforcedLimit"]:
        yield Finding(
            "sms",
            f"this account {spent}; raise its own limit, up to {limit['MaxLimit']}",
            f"aws pinpoint-sms-voice-v2 set-text-message-spend-limit-override --monthly-limit {limit['MaxLimit']}",
        )
    else:
        yield Finding(
            "sms",
            f"this account {spent}; ask AWS Support for a higher SMS monthly spending threshold, then set it with "
            "`aws pinpoint-sms-voice-v2 set-text-message-spend-limit-override --monthly-limit ...`",
            "https://console.aws.amazon.com/support/home#/case/create?issueType=service-limit-increase",
        )


def _check_number(number: dict[str, Any], topic: str) -> Iterator[Finding]:
    """Whether the number brings texts here and leaves opt-outs to Earshot, which knows more words for them."""
    name = number["PhoneNumber"]
    if number["Status"] != "ACTIVE":
        yield Finding(name, f"is {number['Status'].lower()}; texts leave once its registration is complete")
    two_way = number.get("TwoWayEnabled") and number.get("TwoWayChannelArn") == topic
    if not two_way or not number.get("SelfManagedOptOutsEnabled"):
        what = "does not bring texts to us" if not two_way else "answers STOP and HELP by itself, in English"
        yield Finding(
            name,
            f"{what}; let it, and leave STOP to us",
            f"aws pinpoint-sms-voice-v2 update-phone-number --phone-number-id {number['PhoneNumberId']} "
            f"--two-way-enabled --two-way-channel-arn {topic} --self-managed-opt-outs-enabled",
        )
