"""A card as a Slack message: the words in plain text, whole, in as many sections as they need."""

import json
from typing import Any

from functions.notify.cards import Card
from functions.notify.outgoing import Outgoing
from functions.notify.parcel import Parcel, post
from functions.notify.retries import Attempt
from shared.languages.packs import texts
from shared.text.graphemes import cut_to_fit, split
from shared.text.lines import one_line

MAX_TEXT = 3_000  # characters of a section, counted as JavaScript does
MAX_FIELD = 2_000
MAX_FIELDS = 10
MAX_BLOCKS = 50
_AROUND_WORDS = 6  # a link to the whole, the note, the facts, the button, how to answer, and why


def render(card: Card) -> dict[str, Any]:
    """The message. Nothing in it is read as markup: what customers write is `plain_text`, the rest is escaped."""
    parts = split(card.words or f"{card.choice}\n{card.no_words}", _units, MAX_TEXT)
    room = MAX_BLOCKS - _AROUND_WORDS
    is_cut = len(parts) > room
    if is_cut:
        parts = [*parts[: room - 1], cut_to_fit("".join(parts[room - 1 :]), lambda text: _units(text) <= MAX_TEXT)]
    blocks: list[dict[str, Any]] = [{"type": "section", "text": _plain(part)} for part in parts]
    if is_cut or card.show_all:
        whole = escape(texts(card.language)["card.whole"] if is_cut else card.show_all or "")
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"<{card.link}|{whole}>"}})
    if card.note:
        blocks.append(_context(card.note))
    facts = [cut_to_fit(f"{label}: {value}", lambda text: _units(text) <= MAX_FIELD) for label, value in card.facts]
    if facts:
        blocks.append({"type": "section", "fields": [_plain(fact) for fact in facts[:MAX_FIELDS]]})
    button = {"type": "button", "text": _plain(card.open), "url": card.link, "action_id": "open"}
    blocks.append({"type": "actions", "elements": [button]})
    if card.reach:
        blocks.append(_context(card.reach))
    blocks.append(_context(card.because))
    return {"text": escape(card.subject), "blocks": blocks}


def escape(text: str) -> str:
    """For the top-level text, which Slack reads as markup: no mention, link or channel is made of what it says."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Slack:
    """Sends cards to Slack's incoming webhooks."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    def send(self, parcel: Parcel) -> Attempt:
        """Send one card; never raises for what the other side does."""
        body = json.dumps(render(parcel.shown), ensure_ascii=False).encode()
        return post(self._outgoing, parcel, body, {"Content-Type": "application/json; charset=utf-8"})


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [_plain(one_line(text))]}


def _units(text: str) -> int:
    return len(text) + sum(sign > "\uffff" for sign in text)
