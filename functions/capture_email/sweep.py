"""Mails whose event never came: S3 may drop one, and a function may fail more often than it is retried."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.capture_email.intake import Intake
from shared.observe import count, logger, metrics
from shared.settings import CaptureEmailSettings
from shared.values import utc_now

SETTLED = timedelta(minutes=10)  # by then, the event and its two retries have had their time
LOOKED_BACK = timedelta(days=14)
MAX_ATTEMPTS = 5
TIME_LEFT_MS = 30_000

intake = Intake.of(CaptureEmailSettings.from_environment())


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Take what waits, for as long as there is time; the next run goes on."""
    now = utc_now()
    count("MailSwept", 0)

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() >= TIME_LEFT_MS

    for key in intake.waiting(older_than=now - SETTLED, not_before=now - LOOKED_BACK, has_time=has_time):
        if not has_time():
            break
        count("MailSwept")
        intake.try_again(key, MAX_ATTEMPTS)
