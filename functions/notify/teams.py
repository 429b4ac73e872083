"""A card as a message for Microsoft Teams' Workflows: an Adaptive Card 1.4, under 20 kB."""

import json
from typing import Any

from functions.notify.cards import Card
from functions.notify.outgoing import Outgoing
from functions.notify.parcel import Parcel, post
from functions.notify.retries import Attempt
from shared.languages.packs import texts
from shared.text.graphemes import cut_to_fit

MAX_BYTES = 20_000
_TYPE = "application/vnd.microsoft.card.adaptive"


def render(card: Card) -> bytes:
    """The message as JSON; words are cut where it would be too large, and it says so."""

    def fits(words: str) -> bool:
        return len(_dump(card, words)) <= MAX_BYTES

    words = card.words or f"{card.choice}\n{card.no_words}"
    return _dump(card, cut_to_fit(words, fits))


class Teams:
    """Sends cards to Workflows' webhooks."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    def send(self, parcel: Parcel) -> Attempt:
        """Send one card; never raises for what the other side does."""
        return post(self._outgoing, parcel, render(parcel.shown), {"Content-Type": "application/json"})


def _dump(card: Card, words: str) -> bytes:
    side = "Right" if card.words_direction == "rtl" else "Left"
    body = [_text(words, size="Large") | {"horizontalAlignment": side}]
    say, is_cut = texts(card.language), bool(card.words) and words != card.words
    if is_cut:
        body.append(_quiet(say["card.cut"]))
    if card.note:
        body.append(_quiet(card.note))
    body += [_fact(label, value) for label, value in card.facts]
    body += [_quiet(line) for line in (card.reach, card.because) if line]
    title = say["card.whole"] if is_cut else card.show_all or card.open
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": f"{say['card.whole']}: {card.link}",  # read as Markdown, so no word of the customer's
        "lang": card.language,
        "rtl": card.direction == "rtl",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": title, "url": card.link}],
    }
    message = {"type": "message", "attachments": [{"contentType": _TYPE, "contentUrl": None, "content": content}]}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _text(text: str, **style: Any) -> dict[str, Any]:
    """Text as it is: a RichTextBlock knows no Markdown, so that what customers write makes no link and no bold."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text} | style]}


def _fact(label: str, value: str) -> dict[str, Any]:
    runs = [{"type": "TextRun", "text": f"{label}: ", "isSubtle": True}, {"type": "TextRun", "text": value}]
    return {"type": "RichTextBlock", "spacing": "Small", "inlines": runs}


def _quiet(text: str) -> dict[str, Any]:
    return _text(text, size="Small", isSubtle=True)
