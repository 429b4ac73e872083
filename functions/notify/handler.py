"""From the deliveries queue to people and webhooks. The steps are in delivery.py."""

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydynox import DynamoDBClient

from functions.notify.delivery import Message, Notifier
from functions.notify.mail import Mailer
from functions.notify.notices import Notices
from functions.notify.outgoing import Outgoing
from functions.notify.webhook import Webhooks
from shared import config as config_file
from shared.config import TargetKind
from shared.deliveries import Deliveries
from shared.feedback import utc_now
from shared.observe import logger, metrics
from shared.settings import NotifySettings
from shared.store import Store
from shared.webhook_secrets import WebhookSecrets

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsQueue:
    """The deliveries queue."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, message: Message, delay: timedelta) -> None:
        """Put a message back, to be seen after `delay` (at most 15 minutes)."""
        seconds = min(900, max(0, -(-delay // timedelta(seconds=1))))  # rounded up: not before its time
        self._client.send_message(QueueUrl=self._url, MessageBody=message.model_dump_json(), DelaySeconds=seconds)


def build() -> Notifier:
    """The notifier of this stage, from the environment."""
    settings = NotifySettings.from_environment()
    config = config_file.load()
    client = DynamoDBClient()
    mailer = Mailer(boto3.client("sesv2"), config.business)
    secrets = WebhookSecrets(client, settings.keys_table, boto3.client("kms"), settings.secrets_key)
    webhooks = Webhooks(Outgoing(settings.outbound_gateway), secrets)
    return Notifier(
        config=config,
        routes=config.declared_routes().get,
        store=Store(client, settings.table),
        deliveries=Deliveries(client, settings.table),
        senders={TargetKind.EMAIL: mailer.send_card, TargetKind.WEBHOOK: webhooks.send},
        disabled=Notices(config, mailer).disabled,
        queue=SqsQueue(boto3.client("sqs"), settings.deliveries_queue_url),
        clock=utc_now,
        chance=random.random,
        settling=timedelta(seconds=settings.settling_seconds),
    )


notifier = build()
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def handle(record: SQSRecord) -> None:
    """Deliver one message."""
    notifier.handle(Message.model_validate_json(record.body))


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Deliver each message; those that failed come again, five times at most."""
    return process_partial_response(event, handle, processor, context)
