"""What AWS needs by hand before mail comes in and goes out, with the values to paste. Part of `earshot doctor`."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from cli.doctor.findings import Finding
from cli.stage import Stage
from shared.mail.received import MAIL_FOLDER


def check_mail(stage: Stage) -> Iterator[Finding]:
    """The sandbox, the sender's DNS records, and the rule that brings mail in; the local stage needs none of them."""
    if stage.is_local:
        return
    business = stage.config.business
    if not stage.client("sesv2").get_account().get("ProductionAccessEnabled"):
        yield Finding(
            "SES",
            "this account is in the sandbox, so mail reaches verified addresses only; ask for production access",
            "aws sesv2 put-account-details --production-access-enabled --mail-type TRANSACTIONAL"
            f" --website-url {business.public_url}",
        )
    sender, receiver = (address.rpartition("@")[2] for address in (business.sender, stage.config.mail.address))
    yield from _check_domain(stage, sender, "does not let SES send in its name yet")
    if receiver != sender:
        yield from _check_domain(stage, receiver, "is not verified, so SES takes no mail for it yet")
    yield from _check_receiving(stage)


def _check_domain(stage: Stage, domain: str, unverified: str) -> Iterator[Finding]:
    """Whether the domain is ours, which its DKIM records prove."""
    try:
        dkim = stage.client("sesv2").get_email_identity(EmailIdentity=domain).get("DkimAttributes", {})
    except ClientError as error:
        yield Finding(domain, f"is no identity of SES ({error.response['Error']['Code']}); run `make deploy`")
        return
    if dkim.get("Status") != "SUCCESS":
        zone = dkim.get("SigningHostedZone") or "dkim.amazonses.com"  # some regions have one of their own
        records = (f"{token}._domainkey.{domain}. CNAME {token}.{zone}." for token in dkim.get("Tokens", ()))
        yield Finding(domain, f"{unverified}; add these DNS records", "\n".join(records))


def _check_receiving(stage: Stage) -> Iterator[Finding]:
    """Whether our rule is active, and whether any mail has ever come in."""
    bucket, address = stage.outputs["MailBucket"], stage.config.mail.address
    rules = stage.client("ses").describe_active_receipt_rule_set().get("Rules", ())
    buckets = [
        action.get("S3Action", {}).get("BucketName")
        for rule in rules
        if rule.get("Enabled")
        for action in rule["Actions"]
    ]
    if bucket not in buckets:
        yield Finding(address, "no active receipt rule of SES brings its mail to the bucket; run `make deploy`")
    found = stage.client("s3").list_objects_v2(Bucket=bucket, Prefix=MAIL_FOLDER, MaxKeys=2).get("Contents", ())
    if not [each for each in found if not each["Key"].endswith("SETUP_NOTIFICATION")]:
        domain = address.partition("@")[2]
        yield Finding(
            address,
            "has had no mail yet; this DNS record leads mail here, unless another server shall go on taking it",
            f"{domain}. MX 10 inbound-smtp.{stage.session.region_name}.amazonaws.com.",
        )
