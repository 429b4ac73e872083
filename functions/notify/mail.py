"""A card as mail: the customer's words in the frame of every mail, and as plain text."""

from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.notify.cards import Card
from functions.notify.parcel import Parcel
from functions.notify.retries import Attempt
from shared.config.model import Business
from shared.mail import frame, sending
from shared.mail.sending import REPLY_TO, Mail
from shared.text.html import Templates

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

_TEMPLATES = Templates(Path(__file__).parent / "templates")


def render(card: Card, brand_colour: str) -> Mail:
    """The card as a mail."""
    headers = frame.automatic("auto-generated") | {"X-Earshot-Team": card.team, "X-Earshot-Feedback": card.feedback_id}
    if card.reply_to:
        headers[REPLY_TO] = card.reply_to
    if card.thread:
        headers["References"] = f"<{card.thread}@earshot>"
    return frame.render(_TEMPLATES, "card", card.language, card.subject, headers, card=card, colour=brand_colour)


class Mailer:
    """Sends mail from the business's address with SES."""

    def __init__(self, client: "SESV2Client", business: Business) -> None:
        self._client = client
        self._business = business

    def send_card(self, parcel: Parcel) -> Attempt:
        """Send a card; never raises for what SES answers."""
        return self.send(parcel.target.address, render(parcel.shown, self._business.brand_colour))

    def send(self, address: str, mail: Mail) -> Attempt:
        """Send a mail; never raises for what SES answers."""
        try:
            sending.send(self._client, self._business, address, mail)
        except ClientError as error:
            return Attempt(error=f"SES: {error.response['Error'].get('Code', 'Error')}")
        except BotoCoreError as error:
            return Attempt(error=f"SES: {type(error).__name__}")
        return Attempt()
