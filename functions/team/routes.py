"""What a team does with its routes on its page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.addresses.targets import Target, TargetKind
from shared.conditions.reader import parse
from shared.config.model import Config, Route
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import State
from shared.deliveries.health import Health
from shared.errors import EarshotError, FeedbackUnknown, InvalidInput
from shared.feedback.store import Store
from shared.ids import can_be_id
from shared.keys.webhook_secrets import OVERLAP, WebhookSecrets
from shared.languages.packs import texts
from shared.mail.received import Mails
from shared.model.feedback import Revision
from shared.routes.bounds import check_targets
from shared.routes.drafts import draft
from shared.routes.rehearsal import Rehearsal, rehearse
from shared.routes.route_table import RouteNotYours, TeamRoute
from shared.routes.routes import RoutePaused, Routes

KINDS = (TargetKind.EMAIL, TargetKind.SLACK, TargetKind.TEAMS, TargetKind.WEBHOOK)
"""What the page offers. AWS targets come from the file or the caller's own credentials: a link never grants a role."""
TARGETS = 3  # that the form has room for


class Elsewhere(EarshotError):
    """The route has targets that the form has no fields for: saved from there, it would lose them."""

    code = "route_elsewhere"
    status = 409


class Done(NamedTuple):
    """What became of an action."""

    status: int = 200
    done: str = ""
    """What was done, as a key of the texts: `saved`, `paused`, …"""
    error: str = ""
    refused: bool = False
    """It was about a route that is not the team's own."""
    typed: Mapping[str, str] | None = None
    """The form, to be shown again."""
    rehearsal: Rehearsal | None = None
    secrets: Mapping[str, str] = {}
    """Target → the secret of a webhook, which is shown this once."""
    tested: str | None = None


class Look(NamedTuple):
    """What the page shows."""

    routes: Mapping[str, Route]
    shadowed: Sequence[str]
    """The ids of its routes that are not in force, since earshot.toml declares others of their names."""
    disabled: Mapping[str, Sequence[tuple[Target, Health]]]
    """Route → its targets that nothing is sent to any more, and why."""
    tested: str | None
    arrivals: Mapping[str, str]
    """Target → `arrived`, `waiting` or what went wrong with the test."""


class TeamRoutes:
    """A team's own routes."""

    def __init__(
        self,
        config: Config,
        routes: Routes,
        store: Store,
        deliveries: Deliveries,
        secrets: WebhookSecrets,
        mails: Mails,
    ) -> None:
        self._config = config
        self._routes = routes
        self._store = store
        self._deliveries = deliveries
        self._secrets = secrets
        self._mails = mails

    def look(self, team: str, tested: str | None = None) -> Look:
        """The team's routes, and how far a test has come."""
        own = {id: route for id, route in self._routes.all().items() if route.team == team}
        arrivals = {
            each.to: "arrived" if each.state is State.DELIVERED else each.error or "waiting"
            for each in (self._deliveries.of_feedback(tested) if tested and can_be_id(tested) else [])
            if each.route in own
        }
        shadowed = [route.id for route in self._routes.shadowed() if route.team == team]
        return Look(own, shadowed, self._disabled(own), tested, arrivals)

    def read(self, team: str, id: str) -> Revision:
        """A feedback that the team owns or was sent; raises `FeedbackUnknown` for any other."""
        revision = self._store.get(id) if can_be_id(id) else None
        if revision is not None:
            # What a team's own route brought it while all were open to each other is not its own.
            is_open = self._config.business.open
            own = {
                id
                for id, route in self._routes.all().items()
                if route.team == team and (is_open or not (isinstance(route, TeamRoute) and route.from_page))
            }
            if revision.feedback.team == team or any(
                each.route in own and each.was_shown for each in self._deliveries.of_feedback(id)
            ):
                return revision
        raise FeedbackUnknown("There is no such feedback of this team; it may have been erased.")

    def whole_mails(self, revision: Revision) -> list[str]:
        """All of the text of the mails that a feedback is made of, where its words are only part of that."""
        return [mail.whole for mail in self._mails.of_feedback(revision.feedback.id) if mail.whole]

    def act(self, team: str, action: str, form: Mapping[str, str], by: str, now: datetime) -> Done:
        """Do what a button says; never raises for what was typed."""
        try:
            return self._act(team, action, form, by, now)
        except RouteNotYours as error:
            return Done(error.status, error=error.message, refused=True)
        except (Elsewhere, RoutePaused) as error:
            return Done(error.status, error=error.message)
        except EarshotError as error:
            return Done(error.status, error=error.message, typed=form)

    def fill_in(self, team: str, id: str) -> Done:
        """The form with one of the team's own routes in it."""
        try:
            route = self._changeable(id, team)
        except RouteNotYours as error:
            return Done(error.status, error=error.message, refused=True)
        except Elsewhere as error:
            return Done(error.status, error=error.message)
        typed = {"id": id, "when": route.when, "change": "1"}
        for n, target in enumerate(route.targets):
            typed |= {f"kind{n}": str(target.kind), f"to{n}": target.address}
        return Done(typed=typed)

    def _act(self, team: str, action: str, form: Mapping[str, str], by: str, now: datetime) -> Done:
        id = form.get("id", "")
        if action in ("rehearse", "save"):
            route = self._draft(team, form, by, now)
            if "change" in form:
                self._changeable(id, team)
            # What is saved is what was seen: a condition that was edited since is rehearsed first.
            if action == "save" and form.get("rehearsed") == route.when:
                return self._save(route, team, is_change="change" in form)
            others = {other: each for other, each in self._routes.all().items() if other != id}
            teams = None if self._config.business.open else [team]
            found = rehearse(self._config, self._store, others, parse(route.when), now, teams)
            return Done(typed=form, rehearsal=found)
        if action == "test":
            self._routes.of(id, team)
            return Done(done="testing", tested=self._routes.test(id, by, now))
        if action in ("pause", "resume"):
            self._routes.pause(id, team, paused=action == "pause", now=now)
            return Done(done=f"{action}d")
        if action == "secret":
            return self._new_secrets(id, self._routes.of(id, team))
        if action == "enable":
            targets = self._routes.of(id, team).targets
            enabled = [self._deliveries.enable(id, target.id) for target in targets if not target.kind.is_aws]
            return Done(done="enabled" if any(enabled) else "")
        if action == "remove":
            self._routes.remove(id, team)
            return Done(done="removed")
        raise InvalidInput("Press one of the buttons of the page.", field="action")

    def _changeable(self, id: str, team: str) -> TeamRoute:
        """A route that the team may change, and the form can show; raises `RouteNotYours` or `Elsewhere`."""
        route = self._routes.own(id, team)
        if len(route.targets) > TARGETS or any(target.kind not in KINDS for target in route.targets):
            raise Elsewhere(texts(self._config.language)["team.elsewhere"].format(id=id))
        return route

    def _draft(self, team: str, form: Mapping[str, str], by: str, now: datetime) -> TeamRoute:
        to = [f"{form.get(f'kind{n}', '')}:{form[f'to{n}']}" for n in range(TARGETS) if form.get(f"to{n}")]
        if any(text.partition(":")[0] not in KINDS for text in to):
            raise InvalidInput(f"Choose where to send it: {', '.join(KINDS)}.", field="to")
        if not to:
            raise InvalidInput("Say where to send it: an address in at least one line.", field="to")
        route = draft(
            self._config,
            id=form.get("id", ""),
            team=team,
            when=form.get("when", ""),
            to=to,
            created_by=by,
            changed_at=now,
            from_page=True,
        )
        check_targets(self._config, route.targets)
        return route

    def _save(self, route: TeamRoute, team: str, *, is_change: bool) -> Done:
        saved = self._routes.change(route, team) if is_change else self._routes.add(route)
        return Done(done="saved", secrets=self._reveal(saved.id, saved))

    def _new_secrets(self, id: str, route: Route) -> Done:
        for hook in hooks(route):
            self._secrets.rotate(id, hook.id, OVERLAP)
        secrets = self._reveal(id, route)
        return Done(done="rotated" if secrets else "", secrets=secrets)

    def _reveal(self, id: str, route: Route) -> dict[str, str]:
        shown = {str(hook): self._secrets.reveal(id, hook.id) for hook in hooks(route)}
        return {target: secret for target, secret in shown.items() if secret}

    def _disabled(self, routes: Mapping[str, Route]) -> dict[str, list[tuple[Target, Health]]]:
        found: dict[str, list[tuple[Target, Health]]] = {}
        for id, route in routes.items():
            known = [(to, self._deliveries.health(id, to.id)) for to in route.targets if not to.kind.is_aws]
            found[id] = [(target, health) for target, health in known if health.disabled_at is not None]
        return found


def hooks(route: Route) -> list[Target]:
    """The targets of a route that have a secret."""
    return [target for target in route.targets if target.kind is TargetKind.WEBHOOK]
