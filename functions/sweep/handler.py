"""Every minute: deliveries and messages that are due go on. The steps are in sweep.py."""

from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.sweep.sweep import sweep, wake
from shared.customers.messages import Messages
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.queue import SqsQueue
from shared.observe import count, logger, metrics
from shared.settings import SweepSettings
from shared.table.client import connect
from shared.values import utc_now

SPARE_MS = 10_000

_settings = SweepSettings.from_environment()
_client = connect()
_deliveries = Deliveries(_client, _settings.table)
_messages = Messages(_client, _settings.table)
_queue = SqsQueue(boto3.client("sqs"), _settings.deliveries_queue_url, _settings.aside_queue_url)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Sweep once."""

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > SPARE_MS

    count("MessagesWoken", wake(_messages, utc_now(), has_time))
    count("DeliveriesSwept", sweep(_deliveries, _queue, utc_now(), has_time))
