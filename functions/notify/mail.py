"""A card as mail: readable in the dark, without images, and as plain text."""

from email.utils import formataddr
from html import escape
from string import Template
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from functions.notify.cards import Card, one_line
from functions.notify.parcel import Parcel
from functions.notify.schedule import Outcome
from shared.config import Business

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# Styles stand in the elements, since mail programs drop most of a style sheet; what they keep turns the card dark.
_HTML = Template("""\
<!DOCTYPE html>
<html lang="$language" dir="$direction">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>$subject</title>
<style>
:root { color-scheme: light dark }
@media (prefers-color-scheme: dark) {
  .page { background: #16181a !important }
  .card { background: #212427 !important; border-color: #3a3f44 !important }
  .words, .value { color: #f2f3f4 !important }
  .words { border-color: #6fc39a !important }
  .quiet { color: #b4bac0 !important }
}
</style>
</head>
<body class="page" style="margin:0;padding:24px 12px;background:#f4f5f6">
<div class="card" style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border:1px solid #dfe2e5;\
border-radius:12px;\
font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Arabic',Arial,sans-serif">
$words$note
<table role="presentation" cellpadding="0" cellspacing="0" style="border-collapse:collapse;\
font-size:15px;line-height:1.5">
$facts
</table>
</div>
<p class="quiet" style="max-width:560px;margin:16px auto 0;padding:0 24px;font:13px/1.5 system-ui,-apple-system,\
'Segoe UI',Roboto,'Noto Sans','Noto Sans Arabic',Arial,sans-serif;color:#5b636a">$because</p>
</body>
</html>
""")
_NOTE = '<p class="quiet" style="margin:0 0 12px;font-size:14px;color:#5b636a">{}</p>\n'
_WORDS = (
    '<blockquote class="words" lang="{language}" dir="{direction}" style="margin:0 0 20px;padding:2px 16px;'
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


class Mail(NamedTuple):
    """A message, rendered."""

    subject: str
    text: str
    html: str
    headers: dict[str, str]


def render(card: Card, brand_colour: str) -> Mail:
    """The card as a message."""
    start = "right" if card.direction == "rtl" else "left"
    html = _HTML.substitute(
        language=card.language,
        direction=card.direction,
        subject=escape(card.subject),
        note=_NOTE.format(escape(card.note)) if card.note else "",
        words=_words(card, brand_colour),
        facts="\n".join(
            _FACT.format(start=start, label=escape(label), value=escape(value)) for label, value in card.facts
        ),
        because=escape(card.because),
    )
    return Mail(card.subject, _text(card), html, _headers(card))


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
    return "\n\n".join(part for part in (words, card.note, facts, card.because) if part) + "\n"


def _headers(card: Card) -> dict[str, str]:
    return automatic() | {"X-Earshot-Team": card.team, "X-Earshot-Feedback": card.feedback_id}


def automatic() -> dict[str, str]:
    """What keeps vacation notices and other robots from answering."""
    return {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


class Mailer:
    """Sends mail from the business's address with SES."""

    def __init__(self, client: "SESV2Client", business: Business) -> None:
        self._client = client
        self._business = business

    def send_card(self, parcel: Parcel) -> Outcome:
        """Send a card; never raises for what SES answers."""
        return self.send(parcel.target.address, render(parcel.shown, self._business.brand_colour))

    def send(self, address: str, mail: Mail) -> Outcome:
        """Send a message; never raises for what SES answers."""
        try:
            self._client.send_email(
                FromEmailAddress=formataddr((one_line(self._business.name), self._business.sender)),
                Destination={"ToAddresses": [address]},
                Content={
                    "Simple": {
                        "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                        "Body": {
                            "Text": {"Data": mail.text, "Charset": "UTF-8"},
                            "Html": {"Data": mail.html, "Charset": "UTF-8"},
                        },
                        "Headers": [{"Name": name, "Value": value} for name, value in mail.headers.items()],
                    }
                },
            )
        except ClientError as error:
            return Outcome(error=f"SES: {error.response['Error'].get('Code', 'Error')}")
        except BotoCoreError as error:
            return Outcome(error=f"SES: {type(error).__name__}")
        return Outcome()
