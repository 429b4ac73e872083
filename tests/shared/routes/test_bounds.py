"""What a route that a team makes on its page may lead to and bring; an admin's is free."""

from datetime import datetime

import pytest

from shared.addresses.targets import Target
from shared.config.model import Config, Route
from shared.errors import InvalidInput
from shared.model.feedback import Revision
from shared.routes.bounds import MAX_ROUTES, TooManyRoutes, check_number, check_targets, why_beyond
from shared.routes.route_table import TeamRoute
from tests.kit.factories import a_revision

NOW = datetime.fromisoformat("2026-03-14T09:26:53Z")
OURS = Target.parse("email:lead@fernleaf.example")


def in_business(config: Config, **changes: object) -> Config:
    return config.model_copy(update={"business": config.business.model_copy(update=changes)})


def a_route(**fields: object) -> TeamRoute:
    said = {"id": "queues", "team": "tills", "to": [str(OURS)], "created_by": "p", "changed_at": NOW, "from_page": True}
    return TeamRoute.model_validate(said | fields)


@pytest.mark.parametrize(
    "to",
    [
        "email:lead@fernleaf.example",
        "email:Tom@Fernleaf.Example",
        "webhook:https://orders.fernleaf.example/hooks/feedback",
        "webhook:https://orders.fernleaf.example:8443/",
        "slack:https://hooks.slack.com/services/T/B/x",
    ],
)
def test_a_page_leads_to_the_business_itself_and_to_hosts_that_the_file_lists(config: Config, to: str) -> None:
    listing = in_business(config, hosts=("orders.fernleaf.example", "hooks.slack.com"))
    check_targets(listing, [Target.parse(to)])
    assert why_beyond(listing, a_route(), Target.parse(to), a_revision()) is None


@pytest.mark.parametrize(
    ("to", "named"),
    [
        ("email:mallory@example.com", "example.com"),
        ("email:lead@fernleaf.example.com", "fernleaf.example.com"),
        ("email:lead@notfernleaf.example", "notfernleaf.example"),
        ("webhook:https://hooks.example.com/all", "hooks.example.com"),
        ("webhook:https://orders.fernleaf.example.evil.com/", "orders.fernleaf.example.evil.com"),
        ("webhook:https://x.orders.fernleaf.example/", "x.orders.fernleaf.example"),
        ("slack:https://hooks.slack.com/services/T/B/x", "hooks.slack.com"),
        ("webhook:http://127.0.0.1:9000/hook", "127.0.0.1"),
    ],
)
def test_it_leads_nowhere_else_whether_saved_before_or_not(config: Config, to: str, named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_targets(config, [OURS, Target.parse(to)])
    assert refused.value.field == "to"
    assert f"{named} is outside of this business" in refused.value.message
    assert "business.hosts in earshot.toml" in str(why_beyond(config, a_route(), Target.parse(to), a_revision()))


def test_people_whom_the_file_lists_are_reached_wherever_their_mail_is(config: Config) -> None:
    """But not everybody who has an address with the same provider."""
    jo = config.teams["tills"].people[0].model_copy(update={"email": "jo@gmail.com"})
    teams = config.teams | {"tills": config.teams["tills"].model_copy(update={"people": (jo,)})}
    listing = config.model_copy(update={"teams": teams})
    check_targets(listing, [Target.parse("email:Jo@gmail.com")])
    with pytest.raises(InvalidInput):
        check_targets(listing, [Target.parse("email:mallory@gmail.com")])


def test_the_local_stage_reaches_its_own_machine(config: Config) -> None:
    check_targets(config.at("http://127.0.0.1:4000"), [Target.parse("webhook:http://127.0.0.1:9000/hook")])


@pytest.mark.parametrize(
    ("open_", "route", "owner", "arrives"),
    [
        (True, a_route(), "care", True),
        (False, a_route(), "tills", True),
        (False, a_route(), "care", False),
        (False, a_route(), None, False),  # what becomes of an invitation is no team's feedback
        (False, a_route(from_page=False), "care", True),
        (False, Route(team="tills", to=(str(OURS),)), "care", True),
    ],
)
def test_where_a_business_is_not_open_a_page_brings_its_own_teams_feedback(
    config: Config, open_: bool, route: Route, owner: str | None, arrives: bool
) -> None:
    revision: Revision | None = a_revision(team=owner) if owner else None
    why = why_beyond(in_business(config, open=open_), route, OURS, revision)
    assert (why is None) == arrives


def test_a_team_makes_so_many_routes_and_no_more() -> None:
    routes = [a_route(id=f"r{number}") for number in range(MAX_ROUTES - 1)]
    others = [a_route(team="care"), Route(team="tills", to=(str(OURS),))]
    check_number([*routes, *others], "tills")
    with pytest.raises(TooManyRoutes, match="20 routes"):
        check_number([*routes, a_route()], "tills")
