"""A team's page, `GET|POST /t/{link}`: who is it, may they, one call, respond.

`{link}` is `sign_in`, the token of a mailed link, or the id of a team.
"""

from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError
from pydynox.exceptions import PydynoxException

from functions.team.members import Members
from functions.team.pages import Pages
from functions.team.request import TeamRequest
from functions.team.routes import Done, TeamRoutes
from shared.addresses.dns import resolve
from shared.config.load import load
from shared.deliveries.deliveries import Deliveries
from shared.errors import EarshotError, LinkExpired, LinkInvalid
from shared.feedback.store import Store
from shared.keys.sessions import Sessions
from shared.keys.signing import Keys
from shared.keys.webhook_secrets import WebhookSecrets
from shared.observe import count, logger, metrics
from shared.routes.route_table import RouteNotYours, RouteTable
from shared.routes.routes import Routes
from shared.routes.rules import Rules
from shared.settings import TeamSettings
from shared.table.client import connect
from shared.table.items import KeyItem
from shared.values import utc_now
from shared.web.http import Response, outage, page, redirect

SIGN_IN = "sign_in"  # no id of a team: those have no underscore
FAILURES = (PydynoxException, ClientError, BotoCoreError)
"""How the table and the rest of AWS fail."""

settings = TeamSettings.from_environment()
config = load(deployed=True).at(settings.public_url)
client = connect()
sessions = Sessions(client, settings.table, Keys(client, settings.keys_table, KeyItem.SESSIONS))
quick = ClientConfig(connect_timeout=2, read_timeout=4, retries={"total_max_attempts": 2})
door = Members(config, boto3.client("sqs", config=quick), settings.sign_ins_queue_url)
rules = Rules(
    boto3.client("events"), bus=settings.bus, deliveries=settings.deliveries_queue, refused=settings.refused_queue
)
deliveries = Deliveries(client, settings.table)
webhook_secrets = WebhookSecrets(client, settings.keys_table, boto3.client("kms"), settings.secrets_key)
desk = TeamRoutes(
    config,
    Routes(config, RouteTable(client, settings.table), rules, deliveries, webhook_secrets, resolver=resolve),
    Store(client, settings.table),
    deliveries,
    webhook_secrets,
)
pages = Pages(config)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Response:
    """Entry point."""
    count("TeamPageAsked")
    request = TeamRequest(event, settings.public_url)
    try:
        request.check_origin()
        if request.link == SIGN_IN:
            return _sign_in(request)
        return _open(request) if "." in request.link else _team(request)
    except (LinkInvalid, LinkExpired) as error:
        return _page(request, error.status, pages.sign_in(error=error.message))
    except EarshotError as error:
        return _page(request, error.status, pages.refused(error.message))
    except FAILURES as error:
        return _page(request, outage(error).status, pages.unavailable())


def _sign_in(request: TeamRequest) -> Response:
    """Ask for an address; the answer, and the work behind it, is the same whether it is listed or not."""
    if not request.is_post:
        return _page(request, 200, pages.sign_in())
    door.ask(request.form.get("email", ""), request.wanted)
    return _page(request, 200, pages.sign_in(sent=True))


def _open(request: TeamRequest) -> Response:
    """Opening a mailed link only shows a button, since scanners open links too; pressing it signs in."""
    email = sessions.read_link(request.link, utc_now()).email
    teams = door.teams(email)
    if not teams:
        raise LinkExpired("This address is not listed for a team any more.")
    if not request.is_post:
        return _page(request, 200, pages.enter(email))
    session = sessions.begin(request.link, utc_now())
    count("TeamSignedIn")
    wanted = session.wanted
    path = f"{wanted.team}?feedback={wanted.feedback}" if wanted and wanted.team in teams else teams[0]
    return redirect(f"/t/{path}", request.cookie(sessions.cookie(session)))


def _team(request: TeamRequest) -> Response:
    """The page of one team, for those who are listed for it."""
    now = utc_now()
    session = sessions.find(request.session, now)
    if session is None or not door.teams(session.email):
        return _page(request, 401, pages.sign_in(request.wanted))
    team, action = request.link, request.form.get("action", "")
    if team not in door.teams(session.email):
        logger.warning("refused: not a member of this team", team=team, session=session.id)
        count("TeamRefused")
        raise RouteNotYours("This page is another team's.")
    if action in ("sign_out", "sign_out_everywhere"):
        sessions.end(session) if action == "sign_out" else sessions.end_all(session.email, now)
        return redirect(f"/t/{SIGN_IN}", request.cookie("", lasts=0))
    if "feedback" in request.query and not request.is_post:
        read = pages.feedback(session.email, desk.read(team, request.query["feedback"]))
        return _page(request, 200, read)
    if request.is_post:
        outcome = desk.act(team, action, request.form, session.email, now)
    else:
        outcome = desk.fill_in(team, request.query["change"]) if "change" in request.query else Done()
    if outcome.refused:
        logger.warning("refused: not a route of this team", team=team, action=action, session=session.id)
        count("TeamRefused")
    shown = desk.look(team, outcome.tested or request.query.get("tested"))
    html = pages.desk(team, door.teams(session.email), session.email, shown, outcome)
    return _page(request, outcome.status, html)


def _page(request: TeamRequest, status: int, html: str) -> Response:
    """A page whose forms say where they come from: with no referrer at all, browsers name no origin either."""
    return page(request, status, html, pages.content_security_policy, referrer="same-origin")
