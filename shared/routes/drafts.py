"""A route as somebody wants it, checked before it is saved."""

from typing import Any

from pydantic import ValidationError

from shared.addresses.targets import TargetKind, spelling
from shared.conditions.language import check
from shared.conditions.pattern import makes_cards, rule_pattern
from shared.conditions.reader import parse
from shared.config.model import CASES, Config, is_reserved
from shared.errors import InvalidInput
from shared.routes.route_table import TeamRoute


def draft(config: Config, **fields: Any) -> TeamRoute:
    """A route from what someone typed; raises `InvalidInput` or `ConditionError` naming the field and the fix."""
    try:
        route = TeamRoute.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        reason = first.get("ctx", {}).get("error") or f"{first['msg'][:1].lower()}{first['msg'][1:]}"
        raise InvalidInput(f"{field}: {reason}", field=field) from None
    if route.team not in config.teams:
        raise InvalidInput(f"There is no team {route.team!r}; use one of {', '.join(config.teams)}.", field="team")
    if is_reserved(route.id):
        raise InvalidInput(
            f"{CASES!r} and ids that start with 'team-' are taken by the teams' own cards; choose another.",
            field="id",
        )
    if len(set(map(spelling, route.to))) < len(route.to):
        raise InvalidInput("A target stands twice; remove one.", field="to")
    if not config.is_local and any(target.is_on_loopback for target in route.targets):
        raise InvalidInput(
            "A target leads to this machine, which only the local stage reaches; give an https address.", field="to"
        )
    if any(target.kind is TargetKind.BUS for target in route.targets) and route.role is None:
        raise InvalidInput(
            "Another bus is only reached with a role that may put events on it; name its ARN.", field="role"
        )
    condition = parse(route.when)
    check(condition, config.known_ids())
    rule_pattern(route.id, condition)
    if any(target.kind.is_for_people for target in route.targets) and not makes_cards(condition):
        raise InvalidInput(
            "What becomes of an invitation makes no card; send it to a webhook or an AWS target, "
            "or name an event of feedback in the condition.",
            field="to",
        )
    return route
