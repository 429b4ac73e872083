"""What `earshot doctor` looks at about routes: their rules, their teams, and feedback that nobody claims."""

from collections.abc import Iterator

from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError

from cli.findings import Finding
from cli.stage import Stage
from shared.feedback import utc_now
from shared.rehearsal import LOOK_BACK, rehearse
from shared.route_table import TeamRoute
from shared.rules import RULE_PREFIX

RULES_PER_BUS = 300  # what AWS gives every account
FULL = 0.8  # from here on, there is little time left to ask for more


def check_rules(stage: Stage) -> Iterator[Finding]:
    """Whether every route has its rule, which says what the route says, and whether there is room for more."""
    pages = stage.client("events").get_paginator("list_rules").paginate(EventBusName=stage.outputs["Bus"])
    rules = {rule["Name"] for page in pages for rule in page["Rules"]}
    for id, route in stage.routes.all().items():
        again = f"run `earshot routes {'pause' if isinstance(route, TeamRoute) and route.paused else 'resume'} {id}`"
        if RULE_PREFIX + id not in rules:
            mend = again if isinstance(route, TeamRoute) else "deploy again"
            yield Finding(f"routes.{id}", f"its rule is missing, so nothing is caught; {mend}")
        elif isinstance(route, TeamRoute) and not stage.rules.agrees(route):
            yield Finding(f"routes.{id}", f"its rule says something else than the route; {again}")
    for id in stage.routes.abandoned():
        if RULE_PREFIX + id in rules:
            yield Finding(
                f"routes.{id}", f"it could not be added, and its rule is left; run `earshot routes rm {id}`, or add it"
            )
    for route in stage.routes.shadowed():
        yield Finding(
            f"routes.{route.id}",
            f"earshot.toml declares a route of this id, which is in force instead of the one that {route.team} made "
            f"at run time; remove that one with `earshot routes rm {route.id}`, or rename the other",
        )
    quota = _rules_quota(stage)
    if len(rules) > quota * FULL:
        yield Finding(
            stage.outputs["Bus"],
            f"{len(rules)} of the {quota} rules that one bus may have; raise the quota 'Rules' of EventBridge",
        )


def check_teams(stage: Stage) -> Iterator[Finding]:
    """Whether the team of every route is still one: to another, no card and no webhook is sent."""
    for id, route in stage.routes.all().items():
        if route.team not in stage.config.teams:
            yield Finding(
                f"routes.{id}",
                f"its team {route.team!r} is not in earshot.toml, so it gets no cards and no webhooks; "
                f"name the team again and deploy, or run `earshot routes rm {id}`",
            )


def _rules_quota(stage: Stage) -> int:
    """What this account may have; what AWS gives every account, where that cannot be asked (once: it is no more)."""
    client = stage.session.client(
        "service-quotas", endpoint_url=stage.endpoint_url, config=BotoConfig(retries={"total_max_attempts": 1})
    )
    try:
        quotas = client.get_paginator("list_service_quotas").paginate(ServiceCode="events")
        names = {quota["QuotaName"].lower(): quota["Value"] for page in quotas for quota in page["Quotas"]}
    except (ClientError, BotoCoreError):
        return RULES_PER_BUS
    return int(
        next((value for name, value in names.items() if name in ("rules", "rules per event bus")), RULES_PER_BUS)
    )


def check_claims(stage: Stage) -> Iterator[Finding]:
    """Feedback of the last 90 days that no team claims and no route catches but the default team's own."""
    found = rehearse(stage.config, stage.store, stage.routes.all(), None, utc_now())
    if found.uncaught:
        touchpoints = sorted({revision.feedback.touchpoint for revision in found.uncaught_latest})
        least = "" if found.complete and found.compared_all else "at least "
        yield Finding(
            "unclaimed",
            f"{least}{found.uncaught} feedback of the last {LOOK_BACK.days} days went to the default team because "
            f"no team is named; name one in {', '.join(f'touchpoints.{id}.team' for id in touchpoints)}, or "
            "add a route",
        )
