"""Twilio's webhook: a form, signed over the exact public URL. It has no time: replays are told by MessageSid."""

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from pydynox.exceptions import PydynoxException

from functions.capture_sms.conversation import Text
from functions.capture_sms.hearing import Ear
from shared.config.model import SmsSettings
from shared.errors import EarshotError, Forged, Unreadable
from shared.keys.twilio_tokens import TwilioTokens
from shared.languages.commands import Command
from shared.observe import count
from shared.web import http
from shared.web.http import Request, Response

MAX_FIELDS = 200


class Incoming(NamedTuple):
    """A verified request. `handled`: Twilio has answered by itself, to what it took for the `command`."""

    id: str
    sender: str
    body: str
    handled: bool
    command: Command | None

    def text(self, at: datetime) -> Text:
        """The customer's text in it, said at this moment."""
        return Text("twilio", self.id, self.sender, self.body, at, self.command)


def answer(request: Request, ear: Callable[[], Ear], public_url: str, tokens: TwilioTokens, now: datetime) -> Response:
    """Hear the text in a request, of `now`: Twilio does not say when. The reply goes back in the response."""
    try:
        hearing = ear()
        incoming = read(request, public_url, hearing.sms, tokens)
        heard = hearing.hear(incoming.text(now), now, sends_reply=False)
    except (EarshotError, PydynoxException) as error:
        refused = error if isinstance(error, EarshotError) else http.outage(error)
        count(f"Refused{type(refused).__name__}")
        return http.refusal(request, refused)
    count(heard.outcome)
    reply = None if incoming.handled or heard.reply is None else heard.reply.text
    return http.text(request, 200, respond(reply), "text/xml")


def read(request: Request, public_url: str, sms: SmsSettings, tokens: TwilioTokens) -> Incoming:
    """The text in a request; raises `Forged` or `Unreadable`.

    `public_url` is how Twilio was given our address: the function's own host is not the one that is public.
    """
    query = f"?{request.raw_query}" if request.raw_query else ""
    parameters = read_form(request.body)
    return verify(parameters, request.header("x-twilio-signature"), f"{public_url}/sms/twilio{query}", sms, tokens)


def read_form(body: bytes) -> list[tuple[str, str]]:
    """The parameters of a request, in its order; raises `Unreadable`."""
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=bool(body), errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise Unreadable("The form cannot be read.") from None


def verify(
    parameters: Sequence[tuple[str, str]], signature: str, url: str, sms: SmsSettings, tokens: TwilioTokens
) -> Incoming:
    """Check that one of our Twilio accounts sent these parameters to `url`; raises `Forged` or `Unreadable`."""
    fields = dict(parameters)
    account = fields.get("AccountSid", "")
    token = tokens.get(account) if account in {each.account for each in sms.twilio} else None
    if token is None:
        raise Forged("This account is not one of ours.")
    given = signature.encode(errors="replace")
    # All are compared, so that the time taken does not tell which form of the URL was signed.
    matches = [hmac.compare_digest(sign(each, parameters, token).encode(), given) for each in _forms(url)]
    if not any(matches):
        raise Forged("The signature does not fit.")
    if not fields.get("MessageSid") or "From" not in fields:
        raise Unreadable("MessageSid and From are missing.")
    verdict = fields.get("OptOutType", "")
    return Incoming(fields["MessageSid"], fields["From"], _words(fields), bool(verdict), _command(verdict))


def sign(url: str, parameters: Sequence[tuple[str, str]], token: str) -> str:
    """X-Twilio-Signature: over the URL and every parameter, sorted, those included that nobody has heard of yet."""
    signed = url + "".join(name + value for name, value in sorted(set(parameters)))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


def respond(reply: str | None) -> str:
    """TwiML: the reply goes back in the response, from the number that was texted."""
    message = f"<Message>{escape(reply)}</Message>" if reply else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'


def _command(verdict: str) -> Command | None:
    """What Twilio took a text for: it has an account's own keywords, of which we know nothing."""
    return next((command for command in Command if command.value == verdict.lower()), None)


def _words(fields: Mapping[str, str]) -> str:
    """The text and, a line each, where its pictures, contacts and place are: a complaint may be nothing else."""
    place = fields.get("Latitude", ""), fields.get("Longitude", "")
    named = ", ".join(filter(None, (fields.get("Label"), fields.get("Address"))))
    where = [f"📍 {named} ({', '.join(place)})".replace("  ", " ")] if all(place) else []
    media = [_medium(fields, number) for number in range(10) if f"MediaUrl{number}" in fields]
    return "\n".join([fields.get("Body", ""), *where, *media]).strip()


def _medium(fields: Mapping[str, str], number: int) -> str:
    """Where a picture or, as a vCard, a contact is."""
    is_contact = "vcard" in fields.get(f"MediaContentType{number}", "").lower()
    return f"{'👤' if is_contact else '📎'} {fields[f'MediaUrl{number}']}"


def _forms(url: str) -> tuple[str, str]:
    """A URL with and without its port: Twilio signs either."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return (
        parts._replace(netloc=f"{parts.hostname}:{port}").geturl(),
        parts._replace(netloc=parts.hostname or "").geturl(),
    )
