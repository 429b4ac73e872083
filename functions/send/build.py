"""What a sender is made of on AWS: the stage's table and settings, and the clients that texts and mails leave by."""

import boto3
from botocore.config import Config as ClientConfig

from functions.send.sender import Sender
from shared.cases.arrivals import Arrivals
from shared.cases.cases import Cases
from shared.config.load import load
from shared.customers.invitations import Invitations
from shared.customers.messages import Messages
from shared.customers.people import People
from shared.mail.received import Mails
from shared.settings import SendSettings
from shared.table.client import connect


def build() -> Sender:
    """The sender of this stage, from the environment."""
    client, table = connect(), SendSettings.from_environment().table
    # Once: after a time-out nobody knows whether the message left.
    once = ClientConfig(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
    config = load(deployed=True)
    return Sender(
        messages=Messages(client, table),
        invitations=Invitations(client, table),
        people=People(client, table),
        mails=Mails(client, table),
        arrivals=Arrivals(Cases(client, table), config),
        config=config,
        sms=boto3.client("pinpoint-sms-voice-v2", config=once),
        ses=boto3.client("sesv2", config=once),
    )
