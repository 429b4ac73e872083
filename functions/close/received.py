"""Who leaves an address on the page is told once that people read what they said, and who: `FeedbackCaptured` and
`FeedbackAmended` of the web.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.close.thanks import Thanks
from shared.cases.answers import Answers
from shared.config.load import load
from shared.keys.signing import Keys
from shared.model.events import FeedbackEvent, read_event
from shared.observe import count, logger, metrics
from shared.settings import CloseSettings
from shared.table.client import connect
from shared.values import utc_now

_settings = CloseSettings.from_environment()
_client = connect()
_config = load(deployed=True).at(_settings.public_url)
_keys = Keys(_client, _settings.keys_table)
_thanks = Thanks(_client, _settings.table, Answers(_client, _settings.table, _keys, _config), _keys, _config)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Entry point: one event of the bus."""
    said = read_event(event)
    if isinstance(said, FeedbackEvent) and _thanks.take(said, utc_now()):
        count("CustomersThanked")
