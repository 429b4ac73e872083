"""Mails the sign-in links that were asked for on the teams' pages.

Behind a queue, since only for a listed address is there anything to do: nobody must be able to tell by how long
it takes, nor hold the concurrency that customers need. Requests for other addresses never come here.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.team.members import SignInRequest
from functions.team.sign_in_links import build
from shared.observe import count, logger, metrics, without_words

links = build()


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Mail a batch; what could not be mailed comes again, until the queue lets go of it."""
    failed = []
    for record in event["Records"]:
        try:
            sent = links.send(SignInRequest.model_validate_json(record["body"]))
        except Exception as error:  # whatever it is, the others of the batch get their links
            logger.error("A sign-in link could not be mailed", extra=without_words(error))
            count("SignInLinkFailed")
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            count("SignInLinkSent" if sent else "SignInRefused")
    return {"batchItemFailures": failed}
