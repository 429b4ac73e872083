"""What became of remedies: `RemedyCarriedOut` and `RemedyFailed` from the systems that the file names."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.close.reports import Reports, read_report
from shared.cases.answers import Answers
from shared.cases.cases import Cases
from shared.config.load import load
from shared.keys.signing import Keys
from shared.observe import logger, metrics
from shared.settings import CloseSettings
from shared.table.client import connect
from shared.values import utc_now

_settings = CloseSettings.from_environment()
_client = connect()
_config = load(deployed=True).at(_settings.public_url)
_answers = Answers(_client, _settings.table, Keys(_client, _settings.keys_table), _config)
_reports = Reports(Cases(_client, _settings.table), _answers, _config)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Entry point: one event of the bus."""
    if report := read_report(event, _config.remedy_sources):
        _reports.take(report, utc_now())
