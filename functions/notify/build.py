"""What a notifier is made of on AWS: the stage's table, queues, keys, and a sender for each kind of target."""

import random
from datetime import timedelta
from functools import partial

import boto3
from botocore.config import Config

from functions.notify.mail import Mailer
from functions.notify.notices import Notices
from functions.notify.notifier import Notifier
from functions.notify.outgoing import Outgoing
from functions.notify.slack import Slack
from functions.notify.teams import Teams
from functions.notify.webhook import Webhooks
from shared.addresses.targets import TargetKind
from shared.config.load import load
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.queue import SqsQueue
from shared.feedback.store import Store
from shared.keys.signing import Keys
from shared.keys.webhook_secrets import WebhookSecrets
from shared.routes.route_table import RouteTable, find
from shared.settings import NotifySettings
from shared.table.client import connect
from shared.values import utc_now

# Attempts are counted, spaced and recorded by us, and all of them fit into the function's minute.
ONE_ATTEMPT = Config(connect_timeout=3, read_timeout=12, retries={"total_max_attempts": 1})


def build() -> Notifier:
    """The notifier of this stage, from the environment."""
    settings = NotifySettings.from_environment()
    config = load(deployed=True).at(settings.public_url)
    client = connect()
    mailer = Mailer(boto3.client("sesv2", config=ONE_ATTEMPT), config.business)
    notices = Notices(config, mailer)
    secrets = WebhookSecrets(client, settings.keys_table, boto3.client("kms", config=ONE_ATTEMPT), settings.secrets_key)
    outgoing = Outgoing(settings.outbound_gateway)
    return Notifier(
        config=config,
        routes=partial(find, config, RouteTable(client, settings.table)),
        store=Store(client, settings.table),
        keys=Keys(client, settings.keys_table),
        deliveries=Deliveries(client, settings.table),
        senders={
            TargetKind.EMAIL: mailer.send_card,
            TargetKind.WEBHOOK: Webhooks(outgoing, secrets).send,
            TargetKind.SLACK: Slack(outgoing).send,
            TargetKind.TEAMS: Teams(outgoing).send,
        },
        disabled=notices.disabled,
        given_up=notices.given_up,
        queue=SqsQueue(boto3.client("sqs"), settings.deliveries_queue_url, settings.aside_queue_url),
        clock=utc_now,
        chance=random.random,
        settling=timedelta(seconds=settings.settling_seconds),
        retry_speed=settings.retry_speed,
    )
