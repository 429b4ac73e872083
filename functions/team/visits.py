"""The requests of the teams' pages: the session, what its owner may do, one call, a page."""

from datetime import datetime, timedelta

import boto3
from botocore.config import Config as ClientConfig

from functions.team.cases import TeamCases
from functions.team.desk import Desk
from functions.team.members import Members
from functions.team.pages import Pages
from functions.team.request import SIGN_IN, TeamRequest
from functions.team.routes import Done, TeamRoutes
from shared.addresses.dns import resolve
from shared.cases.answers import Answers
from shared.cases.cases import Cases
from shared.cases.work import Work
from shared.config.load import load
from shared.deliveries.deliveries import Deliveries
from shared.errors import EarshotError, LinkExpired, LinkInvalid
from shared.feedback.store import Store
from shared.keys.sessions import Browser, CodeWrong, Session, Sessions
from shared.keys.signing import Keys
from shared.keys.webhook_secrets import WebhookSecrets
from shared.mail.received import Mails
from shared.observe import count, logger
from shared.routes.route_table import RouteNotYours, RouteTable
from shared.routes.routes import Routes
from shared.routes.rules import Rules
from shared.settings import TeamSettings
from shared.table.client import connect
from shared.table.items import KeyItem
from shared.web.http import Response, outage, page, redirect


class Visits:
    """Answers the requests of one stage."""

    def __init__(self, members: Members, sessions: Sessions, routes: TeamRoutes, desk: Desk, pages: Pages) -> None:
        self.members = members
        self.sessions = sessions
        self.routes = routes
        self.desk = desk
        self.pages = pages

    def answer(self, request: TeamRequest, now: datetime) -> Response:
        """The page that was asked for; raises what `refuse` answers."""
        request.check_form()
        if request.link == SIGN_IN:
            return self._ask(request)
        return self._open(request, now) if "." in request.link else self._team(request, now)

    def refuse(self, request: TeamRequest, error: EarshotError) -> Response:
        """What is said where something is wrong with a request."""
        if isinstance(error, LinkInvalid | LinkExpired):
            wanted = None if request.link == SIGN_IN else request.wanted
            return self._page(request, error.status, self.pages.sign_in(wanted, error=error.message))
        return self._page(request, error.status, self.pages.refused(error.message))

    def unavailable(self, request: TeamRequest, error: Exception) -> Response:
        """What is said where the table, or another part of AWS, failed."""
        return self._page(request, outage(error).status, self.pages.unavailable())

    def _ask(self, request: TeamRequest) -> Response:
        """Ask for a link; the answer, and the work behind it, is the same whether the address is listed or not."""
        if not request.is_post:
            return self._page(request, 200, self.pages.sign_in())
        browser = next(iter(request.browsers), None) or Browser.new()
        self.members.ask(request.form.get("email", ""), request.wanted, browser)
        return self._page(request, 200, self.pages.sent(browser.code), request.browser_cookie(browser))

    def _open(self, request: TeamRequest, now: datetime) -> Response:
        """Open a mailed link: pressing the button signs in the browser that asked, any other one with its code."""
        link = self.sessions.read_link(request.link, now)
        teams = self.members.teams(link.email)
        if not teams:
            raise LinkExpired("This address is not listed for a team any more.")
        takes_code = not link.was_asked_from(request.browsers)
        if not request.is_post:
            return self._page(request, 200, self.pages.enter(link.email, takes_code=takes_code))
        try:
            session = self.sessions.begin(link, now, request.browsers, request.form.get("code", ""))
        except CodeWrong as error:
            count("TeamCodeWrong")
            html = self.pages.enter(link.email, takes_code=True, error=error.message)
            return self._page(request, error.status, html)
        count("TeamSignedIn")
        wanted = link.wanted
        path = f"{wanted.team}?feedback={wanted.feedback}" if wanted and wanted.team in teams else teams[0]
        return redirect(f"/t/{path}", request.session_cookie(self.sessions.cookie(session)))

    def _team(self, request: TeamRequest, now: datetime) -> Response:
        """The page of one team, for its members."""
        session = self._session(request, now)
        if session is None:
            if "key" in request.query and not request.is_post:
                return self.desk.shared(request, self.pages, now)
            written = request.form.get("text", "")
            return self._page(request, 401, self.pages.sign_in(request.wanted, written=written))
        team, action = request.link, request.form.get("action", "")
        if team not in self.members.teams(session.email):
            _warn("refused: not a member of this team", session, team, action)
            raise RouteNotYours(
                "This page is another team's."
                if self.desk.knows(team)
                else "There is no such team. What a team had that was removed is with another one now."
            )
        if action in ("sign_out", "sign_out_everywhere"):
            end_all = action == "sign_out_everywhere"
            self.sessions.end_all(session.email, now) if end_all else self.sessions.end(session, now)
            return redirect(f"/t/{SIGN_IN}", request.session_cookie("", timedelta(0)))
        if "feedback" in request.query:
            return self._case(request, team, session, now)
        if "since" in request.query and not request.is_post:
            return self.desk.voices(request, self.pages, team, session.email, now)
        if request.is_post or request.query.keys() & {"routes", "change", "tested"}:
            return self._routes(request, team, action, session, now)
        return self.desk.inbox(request, self.pages, team, self.members.teams(session.email), session.email, now)

    def _case(self, request: TeamRequest, team: str, session: Session, now: datetime) -> Response:
        """One case; what is none is only read."""
        if request.is_post:
            return self.desk.act(request, self.pages, team, session.email, now)
        shown = self.desk.case(request, self.pages, team, session.email, now)
        if shown is not None:
            return shown
        read = self.routes.read(team, request.query["feedback"])
        return self._page(request, 200, self.pages.feedback(session.email, read, self.routes.whole_mails(read)))

    def _routes(self, request: TeamRequest, team: str, action: str, session: Session, now: datetime) -> Response:
        done = self._act(request, team, action, session, now)
        if done.refused:
            _warn("refused: not a route of this team", session, team, action)
        look = self.routes.look(team, done.tested or request.query.get("tested"))
        html = self.pages.desk(team, self.members.teams(session.email), session.email, look, done)
        return self._page(request, done.status, html)

    def _session(self, request: TeamRequest, now: datetime) -> Session | None:
        """Who is signed in and still listed for a team, by any of the cookies."""
        found = (self.sessions.find(cookie, now) for cookie in request.sessions)
        return next((session for session in found if session and self.members.teams(session.email)), None)

    def _act(self, request: TeamRequest, team: str, action: str, session: Session, now: datetime) -> Done:
        if request.is_post:
            return self.routes.act(team, action, request.form, session.email, now)
        return self.routes.fill_in(team, request.query["change"]) if "change" in request.query else Done()

    def _page(self, request: TeamRequest, status: int, html: str, cookie: str | None = None) -> Response:
        """A page whose forms say where they come from: with no referrer at all, browsers name no origin either."""
        policy = self.pages.content_security_policy
        return page(request, status, html, policy, referrer="same-origin", cookie=cookie)


def build(settings: TeamSettings) -> Visits:
    """What answers on a stage."""
    config = load(deployed=True).at(settings.public_url)
    client = connect()
    quick = ClientConfig(connect_timeout=2, read_timeout=4, retries={"total_max_attempts": 2})
    deliveries = Deliveries(client, settings.table)
    secrets = WebhookSecrets(client, settings.keys_table, boto3.client("kms"), settings.secrets_key)
    rules = Rules(
        boto3.client("events"), bus=settings.bus, deliveries=settings.deliveries_queue, refused=settings.refused_queue
    )
    routes = Routes(config, RouteTable(client, settings.table), rules, deliveries, secrets, resolver=resolve)
    members = Members(
        config,
        boto3.client("sqs", config=quick),
        listed_queue_url=settings.sign_ins_queue_url,
        unlisted_queue_url=settings.unlisted_queue_url,
    )
    sessions = Sessions(client, settings.table, Keys(client, settings.keys_table, KeyItem.SESSIONS))
    store = Store(client, settings.table)
    team_routes = TeamRoutes(config, routes, store, deliveries, secrets, Mails(client, settings.table))
    keys, cases = Keys(client, settings.keys_table), Cases(client, settings.table)
    answers = Answers(client, settings.table, keys, config)
    desk = Desk(TeamCases(config, store, cases, answers, team_routes), Work(config, cases, answers), keys)
    return Visits(members, sessions, team_routes, desk, Pages(config))


def _warn(message: str, session: Session, team: str, action: str) -> None:
    logger.warning(message, session=session.id, team=team, action=action)
    count("TeamRefused")
