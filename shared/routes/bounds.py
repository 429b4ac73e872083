"""What a route reaches that a team made on its own page; an admin's, in `earshot.toml` or by a command, are free.

A member is let in by a mail, so what the page can do is bounded: it leads to the business's own addresses and to the
hosts that `earshot.toml` lists, and where the business is not open between teams it brings what its own team owns.
"""

from collections.abc import Iterable

from shared.addresses.targets import Target, TargetKind
from shared.config.model import Config, Route
from shared.errors import EarshotError, InvalidInput
from shared.model.feedback import Revision
from shared.routes.route_table import TeamRoute

MAX_ROUTES = 20
"""Of one team, made at run time: the bus has room for 300 rules."""


class TooManyRoutes(EarshotError):
    """The team has as many routes as its page may make."""

    code = "too_many_routes"
    status = 409


def check_targets(config: Config, targets: Iterable[Target]) -> None:
    """Raises `InvalidInput` for a target outside of the business."""
    for target in targets:
        if not is_within(config, target):
            outside = target.address.rpartition("@")[2] if target.kind is TargetKind.EMAIL else target.host
            raise InvalidInput(
                f"{outside} is outside of this business; your admin can add it to business.hosts in earshot.toml.",
                field="to",
            )


def check_number(routes: Iterable[Route], team: str) -> None:
    """Raises `TooManyRoutes` where the team can have no further one among these."""
    if sum(isinstance(route, TeamRoute) and route.team == team for route in routes) >= MAX_ROUTES:
        raise TooManyRoutes(
            f"Your team has {MAX_ROUTES} routes of its own, which is as many as it can; remove one first."
        )


def is_within(config: Config, target: Target) -> bool:
    """Whether a target is the business's own: an address it lists or of its domain, or a host that it lists."""
    if target.kind is TargetKind.EMAIL:
        address = target.address.lower()
        return address in _addresses(config) or address.rpartition("@")[2] in _domains(config)
    return target.host in config.business.hosts or (config.is_local and target.is_on_loopback)


def why_beyond(config: Config, route: Route, target: Target, revision: Revision | None) -> str | None:
    """Why a route that its team made on the page does not bring this; None where it does, or an admin made it.

    `revision` is the feedback as it now is; None: it is about none.
    """
    if not isinstance(route, TeamRoute) or not route.from_page:
        return None
    if not is_within(config, target):
        return "The target is outside of this business; see business.hosts in earshot.toml."
    if not config.business.open and (revision is None or revision.feedback.team != route.team):
        return "It is not this team's, and business.open in earshot.toml is false."
    return None


def _addresses(config: Config) -> set[str]:
    people = {person.email for team in config.teams.values() for person in team.people}
    targets = [target for route in config.declared_routes().values() for target in route.targets]
    return {each.lower() for each in people} | {
        target.address.lower() for target in targets if target.kind is TargetKind.EMAIL
    }


def _domains(config: Config) -> set[str]:
    """Of mail that is the business's own. Those of its people may be a provider's, where anybody has an address."""
    own = (config.business.sender, config.mail.address)
    return {address.lower().rpartition("@")[2] for address in own} | set(config.business.hosts)
