"""What only the team's pages read of a request: a form of ours, and the session's cookie."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shared.config.fields import is_identifier
from shared.errors import EarshotError, Unreadable
from shared.ids import can_be_id
from shared.keys.sessions import SESSION_LASTS, Wanted
from shared.web.http import Request

MAX_FIELDS = 50
_COOKIE = "earshot_session"


class ForeignForm(EarshotError):
    """The form was not on one of our pages."""

    code = "foreign_form"
    status = 403


class TeamRequest(Request):
    """One request; raises `EarshotError` where it cannot be read."""

    def __init__(self, event: dict[str, Any], public_url: str) -> None:
        super().__init__(event)
        self._public_url = public_url
        self.link = self.link or event.get("rawPath", "").rpartition("/")[2]  # `/t/sign_in` has a route of its own

    def check_origin(self) -> None:
        """Refuse a form of another site, whatever it asks for: signing in as someone else is a change too."""
        origin = self.header("origin")
        if self.is_post and origin and _origin(origin) != _origin(self._public_url):
            raise ForeignForm("This form did not come from this page. Open the page again.")

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form; empty for a GET."""
        if not self.is_post:
            return {}
        try:
            text = self.body.decode()
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
        except ValueError:
            raise Unreadable("The form arrived damaged. Send it again.") from None
        return {name: value.strip() for name, value in pairs}

    @property
    def wanted(self) -> Wanted | None:
        """The feedback that its sender came for: named by the address of a team's page, then by the form for a link.

        Only what can be ids, since it travels in a mail and ends in an address of ours.
        """
        team, feedback = self.link, self.query.get("feedback", "")
        if self.is_post:
            team, feedback = self.form.get("team", ""), self.form.get("feedback", "")
        return Wanted(team, feedback) if is_identifier(team) and can_be_id(feedback) else None

    @property
    def session(self) -> str:
        """The session's cookie, or an empty text."""
        return self.cookies.get(_COOKIE, "")

    def cookie(self, value: str, lasts: int = int(SESSION_LASTS.total_seconds())) -> str:
        """The cookie to set; read by no script, sent only over TLS where there is TLS, and with no other site's form.

        A link on another site brings it, such as that of a card in webmail (docs/decisions.md).
        """
        secure = "; Secure" if self._public_url.startswith("https:") else ""
        return f"{_COOKIE}={value}; Path=/t/; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}"


def _origin(url: str) -> tuple[str, str] | None:
    """Scheme and host; None for what is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc
