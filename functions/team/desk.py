"""The requests of a team's inbox and of its cases."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from functions.team.cases import CaseLook, TeamCases, Voices, unknown
from functions.team.pages import Pages
from functions.team.request import TeamRequest
from shared.cases.work import Action, Work
from shared.errors import EarshotError, FeedbackUnknown, InvalidInput, LinkExpired, LinkInvalid
from shared.keys import case_links
from shared.keys.signing import Keys
from shared.model.case import Found
from shared.web.http import Response, page, redirect, unchanged

_FRESH = 600
"""Seconds after which a page is brought up to date for the time alone, which it shows."""


class Desk:
    """Answers what is asked about cases: by members, and by whoever has the key to one."""

    def __init__(self, cases: TeamCases, work: Work, keys: Keys) -> None:
        self._cases = cases
        self._work = work
        self._keys = keys

    def knows(self, team: str) -> bool:
        """Whether there is such a team."""
        return self._cases.knows(team)

    def inbox(
        self, request: TeamRequest, pages: Pages, team: str, teams: list[str], email: str, now: datetime
    ) -> Response:
        """What waits for a team; nothing, where the browser has it as it is."""
        inbox = self._cases.inbox(team)
        known = [(each.feedback.id, each.revision.number) for each in (*inbox.waiting, *inbox.done)]
        etag = _etag(email, team, known, [_is_overdue(each, now) for each in inbox.waiting], now)
        if _is_known(request, etag):
            return unchanged(etag)
        return _respond(request, pages, 200, pages.inbox(team, teams, email, inbox, etag, now), etag)

    def case(
        self,
        request: TeamRequest,
        pages: Pages,
        team: str,
        email: str,
        now: datetime,
        error: EarshotError | None = None,
    ) -> Response | None:
        """One case, with what came of an action where that was refused; None for feedback that is no case."""
        found = self._cases.read(team, request.query["feedback"])
        return found and self._show(request, pages, team, email, found, now, error)

    def shared(self, request: TeamRequest, pages: Pages, now: datetime) -> Response:
        """One case to read, for whoever has the key that stands on its cards."""
        link = case_links.read(request.query["key"], self._keys, now)
        if (link.team, link.feedback) != (request.link, request.query.get("feedback")):
            raise LinkInvalid("This link is for something else. Open it again from the card, or sign in.")
        found = self._cases.shared(link.feedback)
        if found is None or not self._cases.knows(link.team):
            raise LinkExpired("This is not this team's any more. Sign in, and look for it on your team's page.")
        return self._show(request, pages, link.team, None, found, now)

    def act(self, request: TeamRequest, pages: Pages, team: str, email: str, now: datetime) -> Response:
        """Do what a form says, and show the case by a GET, so that opening it again does nothing again."""
        id = request.query["feedback"]
        try:
            action = Action(request.form.get("action", ""))
            self._work.act(id, team, email, action, request.form, "page", now)
        except ValueError:
            error: EarshotError = InvalidInput("Press one of the buttons of the page.", field="action")
        except FeedbackUnknown:
            raise
        except EarshotError as refusal:
            error = refusal
        else:
            return redirect(f"/t/{team}?feedback={id}")
        shown = self.case(request, pages, team, email, now, error)
        if shown is None:
            raise unknown()
        return shown

    def voices(self, request: TeamRequest, pages: Pages, team: str, email: str, now: datetime) -> Response:
        """What others said lately."""
        query = request.query
        try:
            since, until = (int(query.get(name, "")) for name in ("since", "until"))
            datetime.fromtimestamp(until), datetime.fromtimestamp(since)
        except (ValueError, OverflowError, OSError):
            raise InvalidInput("Open this list from a case.", field="since") from None
        wanted = Voices(query.get("place"), query.get("touchpoint"), since, until, query.get("besides", ""))
        heard = self._cases.voices(team, wanted)
        return _respond(request, pages, 200, pages.voices(team, email, wanted, heard, now))

    def _show(
        self,
        request: TeamRequest,
        pages: Pages,
        team: str,
        email: str | None,
        found: Found,
        now: datetime,
        error: EarshotError | None = None,
    ) -> Response:
        look = self._cases.look(found)
        etag = _etag(email, team, *_version(look), _is_overdue(found, now), now)
        if not error and _is_known(request, etag):
            return unchanged(etag)
        more = self._cases.more(team, found, now)
        html = pages.case(
            team,
            email,
            look,
            more,
            etag,
            now,
            error=error.message if error else "",
            typed=request.form if error else None,
        )
        return _respond(request, pages, error.status if error else 200, html, etag)


def _version(look: CaseLook) -> tuple[Any, ...]:
    return look.found.feedback.id, look.found.revision.number, look.progress, look.reach


def _is_overdue(found: Found, now: datetime) -> bool:
    return found.case.due_at is not None and found.case.due_at <= now


def _etag(email: str | None, team: str, *parts: Any) -> str:
    """Another one where there is anything new to see, and every ten minutes, for how long things wait."""
    *known, now = parts
    said = json.dumps([email, team, *known, int(now.timestamp()) // _FRESH], sort_keys=True, default=str)
    return f'"{sha256(said.encode()).hexdigest()[:24]}"'


def _is_known(request: TeamRequest, etag: str) -> bool:
    return not request.is_post and request.header("if-none-match").removeprefix("W/") == etag


def _respond(request: TeamRequest, pages: Pages, status: int, html: str, etag: str | None = None) -> Response:
    policy = pages.live_policy if etag else pages.content_security_policy
    return page(request, status, html, policy, referrer="same-origin", etag=etag)
