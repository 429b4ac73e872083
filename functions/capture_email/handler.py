"""A mail in the bucket, where SES puts it: fetch it, read it within bounds, store what it says once."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.capture_email.intake import Intake
from shared.observe import logger, metrics
from shared.settings import CaptureEmailSettings

intake = Intake.of(CaptureEmailSettings.from_environment())


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str | None]:
    """Take the mail of one `Object Created` event; says what became of it, which `earshot redrive` reads."""
    record = intake.take(event["detail"]["object"]["key"])
    return {"outcome": record.outcome.value if record else None}
