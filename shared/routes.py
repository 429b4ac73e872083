"""Routes at run time: what teams subscribe to without a deploy, beside the routes of `earshot.toml`.

A route is one rule on the bus, `earshot-route-<id>`. One that was made at run time also lies in the main table, where
`notify` looks it up. The table is written first and the rule removed first, so that no rule is ever without its route;
whatever fails between the two is mended by doing it again.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydynox import DynamoDBClient
from pydynox.exceptions import ConditionalCheckFailedException

from shared.conditions import Condition, ConditionError, check, parse
from shared.config import Config, Identifier, Route, TargetKind
from shared.errors import EarshotError, InvalidInput
from shared.events import FeedbackEvent
from shared.feedback import Channel, Customer, Feedback, Moment
from shared.patterns import MAX_LENGTH, pattern_text
from shared.texts import texts

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

RULE_PREFIX = "earshot-route-"
RETRY_SECONDS = 24 * 3600
RETRIES = 185
TEST_SOURCE = "earshot.test"  # not ours of feedback, which only publish may use
TEST_EVENT = "RouteTested"
TEST_ID = "test-"  # what the ids of tests begin with, and those of feedback cannot
_ROUTES = "ROUTES"


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


class RouteRefused(EarshotError):
    """EventBridge did not take the rule."""

    code = "route_refused"
    status = 422


class TeamRoute(Route):
    """A route that was made at run time."""

    id: Identifier
    paused: bool = False
    role: str | None = None
    """The role that EventBridge assumes to put events on another bus."""
    created_by: str
    changed_at: Moment
    version: int = 0
    """Counts the changes, so that of two at once one wins and the other knows."""


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
    if route.id.startswith("team-"):
        raise InvalidInput("Ids that start with 'team-' are the teams' own cards; choose another.", field="id")
    if len(set(route.to)) < len(route.to):
        raise InvalidInput("A target stands twice; remove one.", field="to")
    if any(target.kind is TargetKind.BUS for target in route.targets) and route.role is None:
        raise InvalidInput(
            "Another bus is only reached with a role that may put events on it; name its ARN.", field="role"
        )
    condition = parse(route.when)
    check(condition, config.known_ids())
    rule_pattern(route.id, condition)
    return route


# Rules


def rule_pattern(id: str, condition: Condition) -> dict[str, Any]:
    """The pattern of a route's rule: its condition, and the tests that are meant for it."""
    test = {"source": [TEST_SOURCE], "detail-type": [TEST_EVENT], "detail": {"route": [id]}}
    pattern = {"$or": [condition.pattern(), test]}
    size = len(pattern_text(pattern))
    if size > MAX_LENGTH:
        raise ConditionError(
            f"EventBridge takes patterns of at most {MAX_LENGTH:,} characters, and this route's has {size:,}: "
            "shorten it, or make two routes.",
            condition.text,
            1,
        )
    return pattern


def rule_targets(
    id: str, route: Route, *, deliveries: str, refused: str, roles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The targets of a route's rule, as PutTargets and CloudFormation alike want them.

    `deliveries` and `refused` are the ARNs of the queues for notify and for what a target refuses; `roles` has, per
    address of another bus, the role that may put events on it.
    """
    common = {
        "RetryPolicy": {"MaximumEventAgeInSeconds": RETRY_SECONDS, "MaximumRetryAttempts": RETRIES},
        "DeadLetterConfig": {"Arn": refused},
    }
    targets: list[dict[str, Any]] = []
    for target in route.targets:
        each: dict[str, Any] = {"Id": f"{target.kind}-{target.id}", "Arn": target.address} | common
        if not target.kind.is_aws:  # notify reads the route, the target and the event; each target fails apart
            names = json.dumps({"route": id, "target": target.id})
            template = f'{names[:-1]}, "event": <aws.events.event.json>}}'
            each |= {"Arn": deliveries, "InputTransformer": {"InputTemplate": template}}
        if target.address.endswith(".fifo"):  # a FIFO queue wants a group; one per route keeps the route's order
            each["SqsParameters"] = {"MessageGroupId": id}
        if target.kind is TargetKind.BUS:
            each["RoleArn"] = roles[target.address]
        targets.append(each)
    return targets


def trial(config: Config, id: str, route: Route, test_id: str, by: str, now: datetime) -> Feedback:
    """The feedback of a test, which nobody gave, and whose words say so."""
    touchpoint, asked = next(iter(config.touchpoints.items()))
    rating = asked.scale.ratings[0]
    return Feedback(
        id=test_id,
        touchpoint=touchpoint,
        place=None,
        team=route.team,
        channel=Channel.WEB,
        rating=rating,
        scale=asked.scale,
        mood=asked.scale.mood(rating),
        reasons=(),
        comment=texts(config.language)["route.test"].format(route=id, by=by[:200]),
        language=config.language,
        customer=Customer(),
        received_at=now,
    )


def trial_detail(config: Config, id: str, route: Route, by: str, now: datetime) -> dict[str, Any]:
    """The detail of a test: that of an event about a `trial`, under an id that no feedback has."""
    test_id = f"{TEST_ID}{secrets.token_hex(8)}"
    feedback = trial(config, id, route, test_id, by, now)
    event = FeedbackEvent(id=f"{test_id}-1", revision=1, occurred_at=now, feedback=feedback)
    return event.detail() | {"route": id, "asked_by": by}


class Rules:
    """The rules of run-time routes on the bus of one stage."""

    def __init__(self, client: "EventBridgeClient", *, bus: str, deliveries: str, refused: str) -> None:
        self._client = client
        self._bus = bus
        self._queues = {"deliveries": deliveries, "refused": refused}

    def apply(self, route: TeamRoute, before: TeamRoute | None = None) -> None:
        """Make the rule say what the route says, instead of what it said before; raises `RouteRefused`."""
        name = RULE_PREFIX + route.id
        targets: Any = rule_targets(
            route.id, route, **self._queues, roles=dict.fromkeys(_buses(route), route.role or "")
        )
        try:
            self._client.put_rule(
                Name=name,
                EventBusName=self._bus,
                EventPattern=pattern_text(rule_pattern(route.id, parse(route.when))),
                State="DISABLED" if route.paused else "ENABLED",
                Description=f"To {route.team}: {route.when or 'every event'}"[:512],
            )
        except self._client.exceptions.LimitExceededException:
            raise RouteRefused(
                "The bus has as many rules as it may have; raise the quota 'Rules' of EventBridge, or remove a route."
            ) from None
        stale = (_target_ids(before) if before else set()) - _target_ids(route)
        if stale:  # first, since a rule has room for five
            self._client.remove_targets(Rule=name, EventBusName=self._bus, Ids=sorted(stale))
        answer = self._client.put_targets(Rule=name, EventBusName=self._bus, Targets=targets)
        if answer["FailedEntryCount"]:
            refusal = answer["FailedEntries"][0]
            raise RouteRefused(f"EventBridge refused the target {refusal['TargetId']}: {refusal['ErrorMessage']}")

    def remove(self, route: TeamRoute) -> None:
        """Remove the route's rule, if it is there."""
        name = RULE_PREFIX + route.id
        try:
            self._client.remove_targets(Rule=name, EventBusName=self._bus, Ids=sorted(_target_ids(route)))
            self._client.delete_rule(Name=name, EventBusName=self._bus)
        except self._client.exceptions.ResourceNotFoundException:
            return

    def test(self, detail: Mapping[str, Any]) -> None:
        """Put a `trial_detail` on the bus: only the rule of the route that it names matches."""
        answer = self._client.put_events(
            Entries=[
                {
                    "EventBusName": self._bus,
                    "Source": TEST_SOURCE,
                    "DetailType": TEST_EVENT,
                    "Detail": json.dumps(detail),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise RouteRefused(f"The bus refused the test: {answer['Entries'][0].get('ErrorMessage')}")


def _buses(route: Route) -> list[str]:
    return [target.address for target in route.targets if target.kind is TargetKind.BUS]


def _target_ids(route: Route) -> set[str]:
    return {f"{target.kind}-{target.id}" for target in route.targets}


# Routes


class RouteTable:
    """The run-time routes in the main table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, id: str) -> TeamRoute | None:
        """The route as it is stored, or None."""
        item = self._client.sync_get_item(self._table, {"pk": _ROUTES, "sk": id}, consistent_read=True)
        return TeamRoute.model_validate(_fields(item)) if item else None

    def all(self) -> Iterator[TeamRoute]:
        """Every run-time route, by id."""
        items = self._client.sync_query(
            self._table,
            key_condition_expression="pk = :pk",
            expression_attribute_values={":pk": _ROUTES},
            consistent_read=True,
        )
        for item in items:
            yield TeamRoute.model_validate(_fields(item))

    def save(self, route: TeamRoute) -> TeamRoute:
        """Write it over the version it was read as; raises `RouteConflict` when someone else was first."""
        saved = route.model_copy(update={"version": route.version + 1})
        item = saved.model_dump(mode="json", exclude_none=True) | {"pk": _ROUTES, "sk": route.id, "kind": "route"}
        new = route.version == 0
        try:
            self._client.sync_put_item(
                self._table,
                item,
                condition_expression="attribute_not_exists(pk)" if new else "#version = :version",
                expression_attribute_names=None if new else {"#version": "version"},
                expression_attribute_values=None if new else {":version": route.version},
            )
        except ConditionalCheckFailedException:
            raise RouteConflict(
                f"There is a route {route.id!r} already; choose another id."
                if new
                else f"Someone changed the route {route.id!r} meanwhile; look at it again."
            ) from None
        return saved

    def delete(self, id: str) -> None:
        """Remove it, if it is there."""
        self._client.sync_delete_item(self._table, {"pk": _ROUTES, "sk": id})


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in TeamRoute.model_fields if name in item}


def find(config: Config, table: RouteTable, id: str) -> Route | None:
    """The route of that id, declared or made at run time."""
    return config.declared_routes().get(id) or table.get(id)


class Routes:
    """All routes of one stage, and what may be done with them.

    `team` is who asks: a team may touch its own routes only, and None is the admin, who may touch every one that was
    made at run time. What `earshot.toml` declares is changed there.
    """

    def __init__(self, config: Config, table: RouteTable, rules: Rules) -> None:
        self._config = config
        self._table = table
        self._rules = rules

    def all(self) -> dict[str, Route]:
        """Every route by id: those of the file, then those made at run time."""
        return self._config.declared_routes() | {route.id: route for route in self._table.all()}

    def get(self, id: str) -> Route:
        """The route, declared or made at run time; raises `RouteUnknown`."""
        route = find(self._config, self._table, id)
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
        """Save a new route and make its rule; raises `RouteConflict` for an id that is taken."""
        if route.id in self._config.declared_routes():
            raise RouteConflict(f"There is a route {route.id!r} in earshot.toml already; choose another id.")
        return self._save(None, route)

    def change(self, route: TeamRoute, team: str | None) -> TeamRoute:
        """Replace a route's condition and targets by those of `route`."""
        before = self.own(route.id, team)
        kept = {"team": before.team, "created_by": before.created_by, "version": before.version}
        return self._save(before, route.model_copy(update=kept))

    def pause(self, id: str, team: str | None, *, paused: bool, now: datetime) -> TeamRoute:
        """Stop or resume a route. What happens while it is paused is not delivered later."""
        before = self.own(id, team)
        return self._save(before, before.model_copy(update={"paused": paused, "changed_at": now}))

    def remove(self, id: str, team: str | None) -> None:
        """Remove a route and its rule."""
        self._rules.remove(self.own(id, team))
        self._table.delete(id)

    def test(self, id: str, by: str, now: datetime) -> str:
        """Send an event through the route's own rule; returns the id of the feedback that it pretends to be about."""
        detail = trial_detail(self._config, id, self.get(id), by, now)
        self._rules.test(detail)
        return str(detail["feedback"]["id"])

    def _save(self, before: TeamRoute | None, route: TeamRoute) -> TeamRoute:
        saved = self._table.save(route)
        try:
            self._rules.apply(saved, before)
        except Exception:  # whatever it is, the route is as it was
            if before is None:
                self._rules.remove(saved)
                self._table.delete(saved.id)
            else:
                restored = self._table.save(before.model_copy(update={"version": saved.version}))
                self._rules.apply(restored, saved)
            raise
        return saved
