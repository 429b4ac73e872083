"""An event as a webhook, by Standard Webhooks 1.0: signed, the same id on every attempt, under 20 kB."""

import base64
import copy
import hashlib
import hmac
import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from functions.notify.outgoing import Outgoing
from functions.notify.parcel import Parcel, post
from functions.notify.retries import Attempt
from shared.keys.webhook_secrets import PREFIX, WebhookSecrets
from shared.text.graphemes import ELLIPSIS, clusters

MAX_BYTES = 20_000


def webhook_id(route: str, target: str, event_id: str, replay: str | None) -> str:
    """What a receiver knows a delivery by: the same on every attempt, another for a replay."""
    identity = "\0".join((route, target, event_id, replay or ""))
    return "msg_" + hashlib.sha256(identity.encode()).hexdigest()[:32]


def render(event: Mapping[str, Any], link: str, replay: str | None = None) -> bytes:
    """The body for an event as EventBridge carries it; if it is too large, words are cut and `link` tells all."""
    body: dict[str, Any] = {
        "type": event["detail-type"],
        "timestamp": event["detail"]["occurred_at"],
        "data": copy.deepcopy(event["detail"]),
    }
    if replay is not None:
        body["replay"] = replay
    if len(_dump(body)) <= MAX_BYTES:
        return _dump(body)
    return _cut_words(body, link)


def _cut_words(body: dict[str, Any], link: str) -> bytes:
    """The body with every copy of the customer's words cut to as many graphemes as fit, and `data.whole`, a link."""
    data = body["data"]
    data["whole"] = link
    data["feedback"].pop("words", None)  # follows from the comment, and takes the room of it
    holders = (data["feedback"], data.get("previous") or {})
    places = [(holder, name) for holder in holders for name in ("comment", "comment_folded") if holder.get(name)]
    whole = [list(clusters(holder[name])) for holder, name in places]

    def at(kept: int) -> bytes:
        for (holder, name), signs in zip(places, whole, strict=True):
            holder[name] = "".join(signs[:kept]) + (ELLIPSIS if len(signs) > kept else "")
        return _dump(body)

    too_many = bisect_left(range(MAX_BYTES), True, key=lambda kept: len(at(kept)) > MAX_BYTES)
    return at(max(0, too_many - 1))


def signed(secrets: Sequence[str], message_id: str, attempted_at: datetime, body: bytes) -> dict[str, str]:
    """The headers that let a receiver verify `body`: one signature for each live secret."""
    timestamp = str(int(attempted_at.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(secret, content)}" for secret in secrets),
    }


class Webhooks:
    """Sends events to webhooks, signed with the secrets of their targets."""

    def __init__(self, outgoing: Outgoing, secrets: WebhookSecrets) -> None:
        self._outgoing = outgoing
        self._secrets = secrets

    def send(self, parcel: Parcel) -> Attempt:
        """Send one event; never raises for what the other side does."""
        body = render(parcel.event, parcel.link, parcel.replay)
        secrets = self._secrets.live(parcel.route_id, parcel.target.id)
        message_id = webhook_id(parcel.route_id, parcel.target.id, parcel.event["detail"]["id"], parcel.replay)
        return post(self._outgoing, parcel, body, signed(secrets, message_id, parcel.at, body))


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def _dump(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
