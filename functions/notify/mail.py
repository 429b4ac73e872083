"""A card as mail: the customer's words in the frame of every mail, and as plain text."""

from html import escape
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.notify.cards import Card
from functions.notify.parcel import Parcel
from functions.notify.retries import Attempt
from shared.config.model import Business
from shared.mail import frame, sending
from shared.mail.frame import Mail

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

_NOTE = '<p class="quiet" style="margin:0 0 12px;font-size:14px;color:#5b636a">{}</p>\n'
_WORDS = (
    '<blockquote class="words quote" lang="{language}" dir="{direction}" style="margin:0 0 20px;padding:2px 16px;'
    "border-{side}:4px solid {colour};font-size:21px;line-height:1.45;color:#16181a;white-space:pre-wrap;"
    'overflow-wrap:anywhere;text-align:{start}">{words}</blockquote>'
)
_NO_WORDS = '<p class="words" style="margin:0 0 20px;font-size:19px;line-height:1.45;color:#16181a">{}</p>'
_FACT = (
    '<tr><th class="quiet" scope="row" style="padding:3px 0;text-align:{start};vertical-align:top;white-space:nowrap;'
    'font-weight:normal;color:#5b636a">{label}</th>'
    '<td class="value" dir="auto" style="padding:3px 16px;text-align:{start};color:#16181a;'
    'overflow-wrap:anywhere">{value}</td></tr>'
)
_FACTS = (
    '<table role="presentation" cellpadding="0" cellspacing="0" style="border-collapse:collapse;font-size:15px;'
    'line-height:1.5">\n{}\n</table>'
)


def render(card: Card, brand_colour: str) -> Mail:
    """The card as a mail."""
    start = "right" if card.direction == "rtl" else "left"
    facts = [_FACT.format(start=start, label=escape(label), value=escape(value)) for label, value in card.facts]
    content = [
        _words(card, brand_colour),
        *([_NOTE.format(escape(card.note))] if card.note else []),
        _FACTS.format("\n".join(facts)),
    ]
    headers = frame.automatic("auto-generated") | {"X-Earshot-Team": card.team, "X-Earshot-Feedback": card.feedback_id}
    return Mail(
        card.subject, _text(card), frame.page(card.language, card.subject, content, escape(card.because)), headers
    )


def _words(card: Card, colour: str) -> str:
    if not card.words:
        return _NO_WORDS.format(escape(card.no_words))
    side = "right" if card.words_direction == "rtl" else "left"
    return _WORDS.format(
        language=escape(card.words_language),
        direction=card.words_direction,
        side=side,
        start=side,
        colour=colour,
        words=escape(card.words),
    )


def _text(card: Card) -> str:
    words = f"“{card.words}”" if card.words else card.no_words
    facts = "\n".join(f"{label}: {value}" for label, value in card.facts)
    return frame.text([part for part in (words, card.note, facts, card.because) if part])


class Mailer:
    """Sends mail from the business's address with SES."""

    def __init__(self, client: "SESV2Client", business: Business) -> None:
        self._client = client
        self._business = business

    def send_card(self, parcel: Parcel) -> Attempt:
        """Send a card; never raises for what SES answers."""
        return self.send(parcel.target.address, render(parcel.shown, self._business.brand_colour))

    def send(self, address: str, letter: Mail) -> Attempt:
        """Send a mail; never raises for what SES answers."""
        try:
            sending.send(self._client, self._business, address, letter)
        except ClientError as error:
            return Attempt(error=f"SES: {error.response['Error'].get('Code', 'Error')}")
        except BotoCoreError as error:
            return Attempt(error=f"SES: {type(error).__name__}")
        return Attempt()
