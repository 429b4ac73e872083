"""What only the team's pages read of a request: a form of ours, and the cookies of who sends it."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shared.config.fields import is_identifier
from shared.errors import EarshotError, Unreadable, UnsupportedType
from shared.ids import can_be_id
from shared.keys.sessions import BROWSER_LASTS, SESSION_LASTS, Browser, Wanted
from shared.web.http import FORM, Request

SIGN_IN = "sign_in"  # no id of a team: those have no underscore
MAX_FIELDS = 50
_SESSION, _BROWSER = "earshot_session", "earshot_browser"


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

    def check_form(self) -> None:
        """Refuse what no form of ours sends, whatever it asks for: signing in as someone else is a change too.

        Every browser names the origin of a form; a request that names none is no browser's.
        """
        if not self.is_post:
            return
        if _origin(self.header("origin")) != _origin(self._public_url):
            raise ForeignForm("This form did not come from this page. Open the page again.")
        if not self.is_form:
            raise UnsupportedType(f"This page takes its own forms alone, as {FORM}.")

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
        if self.is_post and self.link == SIGN_IN:
            team, feedback = self.form.get("team", ""), self.form.get("feedback", "")
        return Wanted(team, feedback) if is_identifier(team) and can_be_id(feedback) else None

    @property
    def sessions(self) -> list[str]:
        """The cookies of sessions. More than one where another host of the domain set its own in front of ours."""
        return self.cookies_named(self._name(_SESSION))

    @property
    def browsers(self) -> list[Browser]:
        """What this browser is known by, since it asked for a link."""
        known = map(Browser, self.cookies_named(self._name(_BROWSER)))
        return [browser for browser in known if browser.is_ours]

    def session_cookie(self, value: str, lasts: timedelta = SESSION_LASTS) -> str:
        """The cookie of a session, to set. A link on another site brings it too, such as a card's in webmail."""
        return self._cookie(_SESSION, value, lasts)

    def browser_cookie(self, browser: Browser) -> str:
        """The cookie of a browser that asks for a link, to set. The mailed link's own opening brings it."""
        return self._cookie(_BROWSER, browser.secret, BROWSER_LASTS)

    def _cookie(self, name: str, value: str, lasts: timedelta) -> str:
        """A cookie that no script reads and no other site's form brings (docs/decisions.md)."""
        secure = "; Secure" if self._is_secure else ""
        max_age = int(lasts.total_seconds())
        return f"{self._name(name)}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}"

    def _name(self, name: str) -> str:
        """With TLS, the prefix that lets no other host of the domain set the cookie."""
        return f"__Host-{name}" if self._is_secure else name

    @property
    def _is_secure(self) -> bool:
        return self._public_url.startswith("https:")


def _origin(url: str) -> tuple[str, str] | None:
    """Scheme and host; None for what is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc
