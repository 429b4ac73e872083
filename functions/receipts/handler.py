"""What became of messages on their way: carriers' receipts, bounces and complaints, from the account's default bus.

An address that does not exist, blocks us or complained of us is written to no more; an invitation that did not arrive
says so on our bus, and the case of an answer that did not is the team's again.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.receipts.receipt import read_receipt
from functions.receipts.receipts import Receipts
from shared.cases.arrivals import Arrivals
from shared.cases.cases import Cases
from shared.config.load import load
from shared.customers.invitations import Invitations
from shared.customers.messages import Messages
from shared.customers.people import People
from shared.observe import count, logger, metrics
from shared.settings import ReceiptsSettings
from shared.table.client import connect
from shared.values import utc_now


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Entry point: one event of `aws.ses` or `aws.sms-voice`."""
    receipt = read_receipt(event)
    if receipt is None or not _receipts().take(receipt, utc_now()):
        count("ReceiptsIgnored")


@cache
def _receipts() -> Receipts:
    table = ReceiptsSettings.from_environment().table
    client = connect()
    arrivals = Arrivals(Cases(client, table), load(deployed=True))
    return Receipts(Messages(client, table), Invitations(client, table), People(client, table), arrivals)
