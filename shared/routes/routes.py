"""All routes of a stage: those of `earshot.toml`, and those that teams make without a deploy.

A route is one rule on the bus (shared/routes/rules.py). One that was made at run time also lies in the main table
(shared/routes/route_table.py), where `notify` looks it up. The table is written first and the rule removed first, so
that no rule is ever without its route; whatever fails between the two is mended by doing it again. A route that could
not be added, and whose rule may be there because EventBridge did not answer, stays in the table, marked as abandoned.

What is known of a target (its health, the secret of a webhook) is deleted with it. A target that is added starts
afresh, also where another route had it before.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from shared.addresses.dns import Resolver, find_private
from shared.addresses.targets import Target, TargetKind
from shared.config.fields import is_identifier
from shared.config.model import Config, Route
from shared.deliveries.deliveries import Deliveries
from shared.errors import EarshotError, InvalidInput
from shared.keys.webhook_secrets import WebhookSecrets
from shared.routes.bounds import check_number
from shared.routes.route_table import (
    RouteConflict,
    RouteNotYours,
    RouteTable,
    RouteUnknown,
    RouteUnreadable,
    TeamRoute,
    in_force,
)
from shared.routes.rules import Rules
from shared.routes.trials import trial_detail


class RoutePaused(EarshotError):
    """Nothing goes through the route for now."""

    code = "route_paused"
    status = 409


class Routes:
    """All routes of one stage, and what may be done with them.

    `team` is who asks: a team may touch its own routes only, and None is the admin, who may touch every one that was
    made at run time. What `earshot.toml` declares is changed there.
    """

    def __init__(
        self,
        config: Config,
        table: RouteTable,
        rules: Rules,
        deliveries: Deliveries,
        webhook_secrets: WebhookSecrets,
        *,
        resolver: Resolver,
    ) -> None:
        """`resolver` finds the addresses of a name."""
        self._config = config
        self._table = table
        self._rules = rules
        self._deliveries = deliveries
        self._webhook_secrets = webhook_secrets
        self._resolver = resolver

    def all(self) -> dict[str, Route]:
        """Every route in force by id: those of the file, then those made at run time."""
        declared = self._config.declared_routes()
        return declared | {route.id: route for route in self._table.all() if route.id not in declared}

    def shadowed(self) -> list[TeamRoute]:
        """The routes made at run time that are not in force, since the file came to declare others of their ids."""
        declared = self._config.declared_routes()
        return [route for route in self._table.all() if route.id in declared]

    def abandoned(self) -> list[str]:
        """The ids of routes that could not be added, and whose rules may be there."""
        return [route.id for route in self._table.all(abandoned=True)]

    def get(self, id: str) -> Route:
        """The route, declared or made at run time, also of a team that is gone; raises `RouteUnknown`."""
        route = in_force(self._config, self._table, id)
        if route is None:
            raise RouteUnknown(f"There is no route {id!r}.")
        return route

    def of(self, id: str, team: str | None) -> Route:
        """A route of `team`, declared or made at run time; raises `RouteUnknown` or `RouteNotYours`."""
        route = self.get(id)
        if team is not None and route.team != team:
            raise RouteNotYours(f"The route {id!r} belongs to another team.")
        return route

    def own(self, id: str, team: str | None) -> TeamRoute:
        """A route that `team` may change; raises `RouteUnknown` or `RouteNotYours`."""
        route = self.of(id, team)
        if not isinstance(route, TeamRoute):
            raise RouteNotYours(f"The route {id!r} is declared in earshot.toml; change it there and deploy.")
        return route

    def add(self, route: TeamRoute) -> TeamRoute:
        """Save a new route and make its rule; raises `RouteConflict` for an id that is taken.

        Raises `InvalidInput`, as a change does, for a webhook that leads into a private network, and `TooManyRoutes`.
        """
        if route.id in self._config.declared_routes():
            raise RouteConflict(f"There is a route {route.id!r} in earshot.toml already; choose another id.")
        self._check_names(route)
        if route.from_page:  # two at once may make one more: that is no harm
            check_number(self._table.all(), route.team)
        return self._save(None, route)

    def change(self, route: TeamRoute, team: str | None) -> TeamRoute:
        """Replace a route's condition and targets by those of `route`; whatever else that does not say stays."""
        before = self.own(route.id, team)
        self._check_names(route)
        kept = {"team", "created_by", "version"} | ({"paused", "settling", "role"} - route.model_fields_set)
        return self._save(before, route.model_copy(update={name: getattr(before, name) for name in kept}))

    def pause(self, id: str, team: str | None, *, paused: bool, now: datetime) -> TeamRoute:
        """Stop or resume a route. What happens or is under way while it is paused is not delivered later."""
        before = self.own(id, team)
        return self._save(before, before.model_copy(update={"paused": paused, "changed_at": now}))

    def remove(self, id: str, team: str | None) -> None:
        """Remove a route that was made at run time, its rule, and what is known of its targets.

        Also one whose id the file declares: that keeps what is its own. And for the admin, what is left of one that is
        abandoned, cannot be read, or has nothing but its rule.
        """
        if team is None and self._is_left_over(id):
            self._rules.remove(id)
            self._table.delete(id)
            return
        made = self._table.get_even_abandoned(id)
        if made is None or (made.abandoned and team is not None):
            made = self.own(id, team)
        if team is not None and made.team != team:
            raise RouteNotYours(f"The route {id!r} belongs to another team.")
        declared = self._config.declared_routes().get(id)
        if declared is None or self._rules.made_at_run_time(id):
            self._rules.remove(id)
        self._forget(id, set(made.targets).difference(declared.targets if declared else ()))
        self._table.delete(id)

    def _is_left_over(self, id: str) -> bool:
        try:
            route = in_force(self._config, self._table, id)
            return route is None and is_identifier(id) and self._rules.made_at_run_time(id)
        except RouteUnreadable:
            return True

    def unreadable(self) -> list[RouteUnreadable]:
        """Why some routes that are stored cannot be read."""
        return list(self._table.unreadable())

    def test(self, id: str, by: str, now: datetime) -> str:
        """Send an event through the route's own rule; returns the id of the feedback that it pretends to be about.

        Raises `RoutePaused` for one whose rule would not let it through.
        """
        route = self.get(id)
        if isinstance(route, TeamRoute) and route.paused:
            raise RoutePaused(f"The route {id!r} is paused, so no test can arrive; resume it first.")
        detail = trial_detail(self._config, id, route, by, now)
        self._rules.test(detail)
        return str(detail["feedback"]["id"])

    def _check_names(self, route: TeamRoute) -> None:
        """Check early, so that the page can say so; each request checks the addresses again (notify's outgoing)."""
        if self._config.is_local:
            return
        hosts = [target.host for target in route.targets if target.kind is TargetKind.WEBHOOK]
        if (host := find_private(hosts, self._resolver)) is not None:
            raise InvalidInput(
                f"{host} leads to an address that is not on the public internet; give one that does.", field="to"
            )

    def _save(self, before: TeamRoute | None, route: TeamRoute) -> TeamRoute:
        saved = self._table.save(route)
        kept = before.targets if before else ()
        try:
            self._forget(saved.id, set(saved.targets).difference(kept))
            self._rules.apply(saved)
        except Exception:  # whatever it is, the route is as it was
            if before is None:
                self._abandon(saved)
            else:
                restored = self._table.save(before.model_copy(update={"version": saved.version}))
                with suppress(Exception):  # where it does not answer, `earshot doctor` tells what parts the two
                    self._rules.apply(restored)
            raise
        # Another change may have been saved meanwhile, and have made the rule before this one did.
        applied = saved
        while (latest := self._table.get(saved.id)) is not None and latest.version > applied.version:
            self._rules.apply(latest)
            applied = latest
        if latest is None:
            self._rules.remove(saved.id)
            raise RouteConflict(f"Someone removed the route {saved.id!r} meanwhile.")
        self._forget(saved.id, set(kept).difference(applied.targets))
        return saved

    def _abandon(self, route: TeamRoute) -> None:
        """Undo an add, whether EventBridge answers or not."""
        try:
            self._rules.remove(route.id)
        except Exception:
            self._table.save(route.model_copy(update={"abandoned": True}))
        else:
            self._table.delete(route.id)

    def _forget(self, id: str, targets: Iterable[Target]) -> None:
        for target in targets:
            if not target.kind.is_aws:
                self._deliveries.forget(id, target.id)
            if target.kind is TargetKind.WEBHOOK:
                self._webhook_secrets.forget(id, target.id)
