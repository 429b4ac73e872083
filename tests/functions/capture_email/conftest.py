"""A mailroom on real tables and a real bucket, and mails as SES would have stored them."""

from collections.abc import Callable
from datetime import datetime

import boto3
import pytest

from functions.capture_email.intake import Intake
from functions.capture_email.mailroom import Mailroom
from shared.config.model import Config
from shared.feedback.store import Store
from shared.keys.signing import Keys
from shared.mail.received import Mails
from shared.mail.reply_address import ReplyTo
from tests.kit.samples import load_bytes

BUCKET = "earshot-test-mail"
MAILBOX = "feedback@fernleaf.example"


@pytest.fixture
def mailroom(store: Store, keys: Keys, config: Config) -> Mailroom:
    return Mailroom(store, keys, config)


@pytest.fixture
def mails(store: Store) -> Mails:
    return Mails(store.client, store.table)


@pytest.fixture
def intake(mailroom: Mailroom, mails: Mails, now: datetime) -> Intake:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return Intake(s3, BUCKET, mailroom, mails, clock=lambda: now)


@pytest.fixture
def addressed(keys: Keys) -> Callable[[str, ReplyTo], bytes]:
    """A recorded mail, to the address that answers what it is `about`."""

    def load(sample: str, about: ReplyTo) -> bytes:
        token = about.address(MAILBOX, keys).partition("+")[2].partition("@")[0]
        return load_bytes(f"samples/mail/{sample}.eml").replace(b"TOKEN", token.encode())

    return load
