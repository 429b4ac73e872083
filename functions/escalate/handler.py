"""Every minute: cases whose time has come go on. The steps are in overdue.py and promises.py."""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.escalate.overdue import move_on
from functions.escalate.promises import PromisesKept, promise_anew
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.config.load import load
from shared.observe import count, logger, metrics
from shared.settings import EscalateSettings
from shared.table.client import connect

SPARE_MS = 10_000
FOR_OVERDUE_MS = 30_000
"""What a change of the file leaves of a run for what is overdue."""

_settings = EscalateSettings.from_environment()
_client = connect()
_config = load(deployed=True)
_cases = Cases(_client, _settings.table)
_kept = PromisesKept(_client, _settings.table)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[str]]:
    """Bring all cases up to the event's `time`; returns the ids of those that moved on, by `overdue` and `promised`."""

    def has(milliseconds: int) -> bool:
        return context.get_remaining_time_in_millis() > milliseconds

    now = Now(_config, datetime.fromisoformat(event["time"]))
    promised = promise_anew(_cases, _kept, now, lambda: has(FOR_OVERDUE_MS))
    overdue = move_on(_cases, now, lambda: has(SPARE_MS))
    count("CasesPromisedAnew", len(promised))
    count("CasesMovedOn", len(overdue))
    return {"overdue": overdue, "promised": promised}
