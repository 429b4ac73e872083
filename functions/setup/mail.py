"""A custom resource: receiving and sending mail, which an account shares (receiving.py says how)."""

from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.setup import custom_resource
from functions.setup.receiving import Wanted, release_identity, set_up, tear_down
from shared.observe import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Bring the account to what the stack asks for, or back."""

    def work() -> None:
        ses, sesv2 = boto3.client("ses"), boto3.client("sesv2")
        wanted = _wanted(event["ResourceProperties"])
        if event["RequestType"] == "Delete":
            tear_down(ses, sesv2, wanted)
            return
        set_up(ses, sesv2, wanted)
        before = _wanted(event.get("OldResourceProperties", event["ResourceProperties"]))
        if before.domain != wanted.domain:
            release_identity(sesv2, before)

    custom_resource.answer(event, work)


def _wanted(properties: dict[str, str]) -> Wanted:
    return Wanted(**{field: properties[field] for field in Wanted._fields})
