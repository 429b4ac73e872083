"""A team's page, `GET|POST /t/{link}`, where `{link}` is `sign_in`, the token of a mailed link, or the id of a team."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError
from pydynox.exceptions import PydynoxException

from functions.team import visits as team_visits
from functions.team.request import TeamRequest
from shared.errors import EarshotError
from shared.observe import count, logger, metrics
from shared.settings import TeamSettings
from shared.values import utc_now
from shared.web.http import Response

settings = TeamSettings.from_environment()
visits = team_visits.build(settings)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response:
    """Entry point."""
    count("TeamPageAsked")
    request = TeamRequest(event, settings.public_url)
    try:
        return visits.answer(request, utc_now())
    except EarshotError as error:
        return visits.refuse(request, error)
    except (PydynoxException, ClientError, BotoCoreError) as error:
        return visits.unavailable(request, error)
