"""The routes that teams made at run time, in the main table."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError
from pydynox import DynamoDBClient

from shared.config.fields import Identifier, is_identifier
from shared.config.model import Config, Route
from shared.errors import EarshotError
from shared.table.items import ROUTE
from shared.table.table import Condition, Table, at_version
from shared.values import Moment


class RouteUnknown(EarshotError):
    """There is no route of that id."""

    code = "route_unknown"
    status = 404


class RouteNotYours(EarshotError):
    """The route belongs to another team, or to `earshot.toml`."""

    code = "route_not_yours"
    status = 403


class RouteConflict(EarshotError):
    """The id is taken, or someone else changed the route meanwhile."""

    code = "route_conflict"
    status = 409


class RouteUnreadable(EarshotError):
    """What is stored of the route is no route any more, such as after a rule for its targets became stricter."""

    code = "route_unreadable"
    status = 409


class TeamRoute(Route):
    """A route that was made at run time."""

    id: Identifier
    paused: bool = False
    abandoned: bool = False
    """It could not be added, and its rule may exist: it is not listed, and its id is free."""
    role: str | None = None
    """The role that EventBridge assumes to put events on another bus."""
    created_by: str
    from_page: bool = False
    """Its team made it, or last changed it, on the team's page (shared/routes/bounds.py)."""
    changed_at: Moment
    version: int = 0
    """Counts the changes, so that of two at once one wins and the other knows."""


class RouteTable:
    """The run-time routes in the main table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def get(self, id: str) -> TeamRoute | None:
        """The route as it is stored, or None. What can be no id is not asked for: keys of the table have limits."""
        route = self.get_even_abandoned(id)
        return None if route is None or route.abandoned else route

    def get_even_abandoned(self, id: str) -> TeamRoute | None:
        """The same, also where it could not be added."""
        if not is_identifier(id):
            return None
        item = self._table.get(_key(id))
        return _read(item) if item else None

    def all(self, *, abandoned: bool = False) -> Iterator[TeamRoute]:
        """Every run-time route that can be read, by id; or those that could not be added."""
        for item in self._items():
            with suppress(RouteUnreadable):
                route = _read(item)
                if route.abandoned == abandoned:
                    yield route

    def unreadable(self) -> Iterator[RouteUnreadable]:
        """Why each of the others cannot be read."""
        for item in self._items():
            try:
                _read(item)
            except RouteUnreadable as error:
                yield error

    def _items(self) -> Iterable[Mapping[str, Any]]:
        return self._table.partition(ROUTE.partition(""))

    def save(self, route: TeamRoute) -> TeamRoute:
        """Write it over the version it was read as; raises `RouteConflict` when someone else was first."""
        saved = route.model_copy(update={"version": route.version + 1})
        item = saved.model_dump(mode="json", exclude_none=True) | _key(route.id) | {"kind": ROUTE.kind}
        new = route.version == 0
        if not self._table.put(item, _NOT_IN_USE if new else at_version(route.version)):
            raise RouteConflict(
                f"There is a route {route.id!r} already; choose another id."
                if new
                else f"Someone changed the route {route.id!r} meanwhile; look at it again."
            )
        return saved

    def delete(self, id: str) -> None:
        """Remove it, if it is there."""
        self._table.delete(_key(id))


_NOT_IN_USE: Condition = {
    "condition_expression": "attribute_not_exists(pk) OR abandoned = :yes",
    "expression_attribute_values": {":yes": True},
}


def _key(id: str) -> dict[str, str]:
    return {"pk": ROUTE.partition(id), "sk": id}


def _read(item: Mapping[str, Any]) -> TeamRoute:
    try:
        return TeamRoute.model_validate(_fields(item))
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise RouteUnreadable(
            f"The route {item['sk']!r} is not sent anything any more, since it cannot be read ({why}); "
            f"remove it with `earshot routes rm {item['sk']}` and add it anew."
        ) from None


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in TeamRoute.model_fields if name in item}


def in_force(config: Config, table: RouteTable, id: str) -> Route | None:
    """The route of that id: the declared one, or else that made at run time."""
    return config.declared_routes().get(id) or table.get(id)


def find(config: Config, table: RouteTable, id: str) -> Route | None:
    """The route that is `in_force`, if its team still exists; without a team there is no recipient."""
    route = in_force(config, table, id)
    return route if route and route.team in config.teams else None
