"""Stream → bus: every stored change of a feedback becomes its event.

The table's stream is the outbox, so an accepted answer can be late but not lost. The mapping resumes from the lowest
record that failed, so what came after it goes out again, under the same event ids.
"""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config as BotoConfig

from functions.publish.bus import Bus
from functions.publish.records import publish
from shared.config.load import load
from shared.config.model import Config
from shared.observe import logger, metrics
from shared.settings import PublishSettings


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish a batch of stream records; reports exactly those that failed."""
    failed = publish(event["Records"], _bus(), _config())
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


@cache
def _config() -> Config:
    return load(deployed=True)


@cache
def _bus() -> Bus:
    retries = BotoConfig(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    return Bus(boto3.client("events", config=retries), PublishSettings.from_environment().bus)
