"""What `earshot doctor` looks at about routes: their rules, their teams, and feedback that nobody claims."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError

from cli.doctor.findings import Finding
from cli.stage import Stage
from shared.conditions.language import ConditionError
from shared.routes.rehearsal import LOOK_BACK, rehearse
from shared.routes.route_table import TeamRoute
from shared.routes.rules import RULE_PREFIX, catches
from shared.values import utc_now

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import RuleTypeDef

RULES_PER_BUS = 300  # what AWS gives every account
FULL = 0.8  # from here on, there is little time left to ask for more
_GONE = {None: "missing", "DISABLED": "switched off"}  # by the state that EventBridge tells
_RULES = "rules"
_INVOCATIONS = "invocations throttle limit in transactions per second"
_PUT_EVENTS = "putevents throttle limit in transactions per second"


def check_rules(stage: Stage) -> Iterator[Finding]:
    """Whether every route has its rule, which says what the route says."""
    rules = {rule["Name"]: rule for rule in _rules(stage)}
    for id, route in stage.routes.all().items():
        rule = rules.get(RULE_PREFIX + id)
        state = rule["State"] if rule else None
        if not isinstance(route, TeamRoute):
            if state in _GONE:
                yield Finding(f"routes.{id}", f"its rule is {_GONE[state]}, so nothing is caught; {_restore(stage)}")
            elif rule and not catches(rule.get("EventPattern", "{}"), id, route):
                yield Finding(
                    f"routes.{id}",
                    "its rule is older than the condition, or than how conditions are read today, and may catch "
                    f"something else; {_restore(stage)}",
                )
            continue
        again = f"run `earshot routes {'pause' if route.paused else 'resume'} {id}`"
        if state is None:
            yield Finding(f"routes.{id}", f"its rule is {_GONE[state]}, so nothing is caught; {again}")
        else:
            yield from _check_rule(stage, route, again)


def _restore(stage: Stage) -> str:
    """How to restore the rule of a declared route: a plain deploy compares templates and does not look at rules."""
    if stage.is_local:
        return "start `make run` again"
    return f"run `make deploy MEND=1 STAGE={stage.name}`, which looks at what is there, as a plain deploy does not"


def _check_rule(stage: Stage, route: TeamRoute, again: str) -> Iterator[Finding]:
    try:
        if not stage.rules.agrees(route):
            yield Finding(f"routes.{route.id}", f"its rule says something else than the route; {again}")
    except ConditionError as error:
        yield Finding(
            f"routes.{route.id}",
            f"its rule stands, but its condition would not be taken any more ({error.message}) Change it with "
            f"`earshot routes change {route.id} --when …`",
        )


def check_remains(stage: Stage) -> Iterator[Finding]:
    """Leftovers: items that cannot be read, rules of routes that were never added, and shadowed run-time routes."""
    rules = {rule["Name"] for rule in _rules(stage)}
    for unreadable in stage.routes.unreadable():
        yield Finding("routes", unreadable.message)
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


def check_teams(stage: Stage) -> Iterator[Finding]:
    """Whether the team of every route is in earshot.toml: to another, no card and no webhook is sent."""
    for id, route in stage.routes.all().items():
        if route.team not in stage.config.teams:
            yield Finding(
                f"routes.{id}",
                f"its team {route.team!r} is not in earshot.toml, so it gets no cards and no webhooks; "
                f"name the team again and deploy, or run `earshot routes rm {id}`",
            )


class Room(NamedTuple):
    """How many rules a bus has and may have, and the account's limits per second; None where AWS does not tell."""

    number: int
    quota: int
    quota_code: str | None
    invocations_per_second: int | None
    put_events_per_second: int | None

    def __str__(self) -> str:
        """As one line of text."""
        told = [f"{self.number} of the {self.quota} that one bus may have{'' if self.quota_code else ' by default'}"]
        if self.invocations_per_second is not None:
            told.append(
                f"an event takes one invocation per target that gets it, of {self.invocations_per_second:,} a second"
            )
        if self.put_events_per_second is not None:
            told.append(f"PutEvents can be called {self.put_events_per_second:,} times a second")
        return "; ".join(told)


def look_at_room(stage: Stage) -> Room:
    """Count the rules of the bus, and ask for the quotas of the account."""
    quotas = _quotas(stage)
    rules = quotas.get(_RULES, {})
    invocations, put_events = (
        int(quotas[name]["Value"]) if name in quotas else None for name in (_INVOCATIONS, _PUT_EVENTS)
    )
    quota = int(rules.get("Value", RULES_PER_BUS))
    return Room(sum(1 for _ in _rules(stage)), quota, rules.get("QuotaCode"), invocations, put_events)


def check_room(room: Room) -> Iterator[Finding]:
    """Whether there is room for more routes."""
    if room.number > room.quota * FULL:
        ask = (
            f"aws service-quotas request-service-quota-increase --service-code events "
            f"--quota-code {room.quota_code} --desired-value {2 * room.quota}"
        )
        yield Finding(
            "rules",
            f"{room.number} of the {room.quota} rules that one bus may have; raise the quota 'Rules' of EventBridge",
            ask if room.quota_code else None,
        )


def _rules(stage: Stage) -> Iterator["RuleTypeDef"]:
    """The rules on the bus."""
    for page in stage.client("events").get_paginator("list_rules").paginate(EventBusName=stage.outputs["Bus"]):
        yield from page["Rules"]


def _quotas(stage: Stage) -> dict[str, dict[str, Any]]:
    """EventBridge's quotas of this account by name in lower case; empty where one request for them fails."""
    client = stage.session.client(
        "service-quotas", endpoint_url=stage.endpoint_url, config=BotoConfig(retries={"total_max_attempts": 1})
    )
    try:
        pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="events")
        return {quota["QuotaName"].lower(): dict(quota) for page in pages for quota in page["Quotas"]}
    except (ClientError, BotoCoreError):
        return {}


def check_claims(stage: Stage) -> Iterator[Finding]:
    """Feedback of the last 90 days that no team claims and no route catches but the default team's own."""
    found = rehearse(stage.config, stage.store, stage.routes.all(), None, utc_now())
    if found.uncaught:
        touchpoints = sorted({revision.feedback.touchpoint for revision in found.uncaught_latest})
        least = "" if found.complete and found.compared_all else "at least "
        yield Finding(
            "unclaimed",
            f"{least}{found.uncaught} feedback of the last {LOOK_BACK.days} days went to the default team, because no "
            f"team is named, and no other route caught it; name one in "
            f"{', '.join(f'touchpoints.{id}.team' for id in touchpoints)}, or add a route (the alarm FeedbackUnclaimed "
            "counts also what a route catches)",
        )
