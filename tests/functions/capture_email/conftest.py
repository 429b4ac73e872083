"""A mailroom on real tables and a real bucket, and mails as SES would have stored them."""

from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes
from email.utils import parseaddr

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


def sender_of(raw: bytes) -> str:
    """The address in From."""
    return parseaddr(message_from_bytes(raw)["From"])[1]


@pytest.fixture
def addressed(keys: Keys) -> Callable[..., bytes]:
    """A recorded mail, to the address that answers what it is `about`."""

    def load(sample: str, about: ReplyTo, sender: str | None = None) -> bytes:
        """`sender` writes it instead of whoever did, and is authenticated as they were."""
        token = about.address(MAILBOX, keys).partition("+")[2].partition("@")[0]
        raw = load_bytes(f"samples/mail/{sample}.eml").replace(b"TOKEN", token.encode())
        if sender:
            old = sender_of(raw)
            raw = raw.replace(old.encode(), sender.encode())
            raw = raw.replace(old.partition("@")[2].encode(), sender.partition("@")[2].encode())
        return raw

    return load
