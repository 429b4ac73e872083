"""From the deliveries queue to people and webhooks. The steps are in notifier.py."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.notify.build import build
from shared.deliveries.queue import QueueMessage
from shared.observe import count, logger, metrics, without_words

notifier = build()


def handle(record: dict[str, Any]) -> str | None:
    """Deliver one message; the message's id if it must come again."""
    try:
        notifier.handle(QueueMessage.model_validate_json(record["body"]))
    except Exception as error:  # whatever it is, the other messages of the batch are delivered
        logger.error("message failed", message_id=record["messageId"], extra=without_words(error))
        count("MessagesFailed")
        return str(record["messageId"])
    return None


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Deliver a batch in parallel, so that a slow target does not delay the others' cards."""
    records = event["Records"]
    count("MessagesReceived", len(records))
    with ThreadPoolExecutor(len(records)) as pool:
        failed = [id for id in pool.map(handle, records) if id is not None]
    return {"batchItemFailures": [{"itemIdentifier": id} for id in failed]}
