import json
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from pydynox import DynamoDBClient

from shared.addresses import dns
from shared.addresses.targets import Target
from shared.conditions.language import ConditionError
from shared.conditions.pattern import rule_pattern
from shared.conditions.reader import parse
from shared.config.model import Config, Route
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.health import Health
from shared.errors import EarshotError, InvalidInput
from shared.keys.webhook_secrets import WebhookSecrets
from shared.model.events import read_event
from shared.routes.drafts import draft
from shared.routes.route_table import RouteConflict, RouteNotYours, RouteTable, RouteUnknown, TeamRoute, find
from shared.routes.routes import Routes
from shared.routes.rules import RouteRefused, Rules
from tests.kit.factories import a_feedback
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE
from tests.shared.routes.conftest import Drafted

ACCOUNT = "arn:aws:sqs:eu-west-1:123456789012"
BUS = "earshot-test"


NAMES = {
    "example.com": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "intranet.example": ["10.0.0.7"],
    "metadata.example": ["169.254.169.254"],
    "partly.example": ["93.184.215.14", "192.168.0.1"],
    "translated.example": ["64:ff9b::a00:7"],
    "sixtofour.example": ["2002:a00:7::1"],
    "multicast.example": ["224.0.0.1"],
    "loopback.example": ["::1"],
}


def resolve(host: str) -> list[str]:
    return NAMES.get(host, [])


@pytest.fixture
def table(client: DynamoDBClient) -> RouteTable:
    return RouteTable(client, MAIN_TABLE["TableName"])


@pytest.fixture
def deliveries(client: DynamoDBClient) -> Deliveries:
    return Deliveries(client, MAIN_TABLE["TableName"])


@pytest.fixture
def webhook_secrets(client: DynamoDBClient) -> WebhookSecrets:
    kms = boto3.client("kms")
    return WebhookSecrets(client, KEYS_TABLE["TableName"], kms, kms.create_key()["KeyMetadata"]["KeyId"])


@pytest.fixture
def routes(config: Config, table: RouteTable, deliveries: Deliveries, webhook_secrets: WebhookSecrets) -> Routes:
    events = boto3.client("events")
    events.create_event_bus(Name=BUS)
    for name in ("deliveries", "refused", "finance"):
        boto3.client("sqs").create_queue(QueueName=name)
    rules = Rules(events, bus=BUS, deliveries=f"{ACCOUNT}:deliveries", refused=f"{ACCOUNT}:refused")
    return Routes(config, table, rules, deliveries, webhook_secrets, resolver=resolve)


def rule(id: str) -> dict[str, Any]:
    return dict(boto3.client("events").describe_rule(Name=f"earshot-route-{id}", EventBusName=BUS))


def targets(id: str) -> list[dict[str, Any]]:
    answer = boto3.client("events").list_targets_by_rule(Rule=f"earshot-route-{id}", EventBusName=BUS)
    return [dict(target) for target in answer["Targets"]]


def put(source: str, feedback: dict[str, Any]) -> None:
    detail = json.dumps({"feedback": feedback})
    entry = {"EventBusName": BUS, "Source": source, "DetailType": "FeedbackCaptured", "Detail": detail}
    boto3.client("events").put_events(Entries=[entry])  # type: ignore[list-item]


def received(queue: str) -> list[dict[str, Any]]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_a_new_route_catches_what_it_says_from_then_on(routes: Routes, drafted: Drafted) -> None:
    routes.add(drafted(to=[f"sqs:{ACCOUNT}:finance", "webhook:https://example.com/hook"]))
    caught = a_feedback(reasons=("refund",)).model_dump(mode="json")
    put("earshot", caught)
    put("earshot", caught | {"mood": "happy"})
    put("elsewhere", caught)

    [message] = received("finance")
    assert message["detail"]["feedback"] == caught
    [delivery] = received("deliveries")
    assert (delivery["route"], delivery["target"]) == ("refunds", routes.get("refunds").targets[1].id)
    assert delivery["event"]["detail"]["feedback"] == caught


def test_a_route_is_found_again_as_it_was_saved(
    routes: Routes, table: RouteTable, config: Config, drafted: Drafted
) -> None:
    saved = routes.add(drafted(settling=10))

    assert saved.version == 1
    assert routes.get("refunds") == table.get("refunds") == find(config, table, "refunds") == saved
    assert list(routes.all()) == [*config.declared_routes(), "refunds"]
    assert find(config, table, "team-care") == config.declared_routes()["team-care"]
    with pytest.raises(RouteUnknown):
        routes.get("nonesuch")


def test_a_route_of_a_team_that_is_gone_can_be_removed_and_is_found_by_nobody_else(
    routes: Routes, table: RouteTable, config: Config, drafted: Drafted
) -> None:
    saved = routes.add(drafted(team="tills"))
    left = config.model_copy(update={"teams": {id: team for id, team in config.teams.items() if id != "tills"}})
    assert find(left, table, "refunds") is None

    without = Routes(left, table, routes._rules, routes._deliveries, routes._webhook_secrets, resolver=resolve)
    assert without.get("refunds") == saved
    without.remove("refunds", None)
    assert "refunds" not in without.all()


def test_a_change_replaces_condition_and_targets_and_keeps_who_made_it(
    routes: Routes, drafted: Drafted, now: datetime
) -> None:
    routes.add(drafted(to=[f"sqs:{ACCOUNT}:finance", "email:care@fernleaf.example"]))
    later = now + timedelta(days=1)
    changed = drafted(
        when="reason = price", to=["webhook:https://example.com"], created_by="mallory@example.com", changed_at=later
    )
    saved = routes.change(changed, "care")

    assert (saved.version, saved.when, saved.created_by, saved.changed_at) == (
        2,
        "reason = price",
        "amal@fernleaf.example",
        later,
    )
    assert json.loads(rule("refunds")["EventPattern"]) == rule_pattern("refunds", parse("reason = price"))
    [target] = targets("refunds")
    assert target["Id"].startswith("webhook-")


def test_a_change_keeps_what_it_does_not_say(routes: Routes, drafted: Drafted, now: datetime) -> None:
    bus = "bus:arn:aws:events:eu-west-1:123456789012:event-bus/theirs"
    role = "arn:aws:iam::123456789012:role/theirs"
    routes.add(drafted(to=[bus], settling=10, role=role))
    routes.pause("refunds", "care", paused=True, now=now)
    saved = routes.change(drafted(when="mood = happy"), "care")
    assert (saved.when, saved.paused, saved.settling, saved.role) == ("mood = happy", True, 10, role)
    assert rule("refunds")["State"] == "DISABLED"
    saved = routes.change(drafted(settling=None, paused=False), "care")
    assert (saved.paused, saved.settling, saved.role) == (False, None, role)


def test_all_five_targets_of_a_route_can_be_replaced(routes: Routes, drafted: Drafted) -> None:
    routes.add(drafted(to=[f"email:old-{n}@fernleaf.example" for n in range(5)]))
    saved = routes.change(drafted(to=[f"email:new-{n}@fernleaf.example" for n in range(5)]), "care")
    assert {each["Id"] for each in targets("refunds")} == {f"email-{target.id}" for target in saved.targets}


def test_a_paused_route_catches_nothing_until_it_is_resumed(routes: Routes, drafted: Drafted, now: datetime) -> None:
    routes.add(drafted())
    assert routes.pause("refunds", "care", paused=True, now=now).paused
    assert rule("refunds")["State"] == "DISABLED"
    routes.pause("refunds", "care", paused=False, now=now)
    assert rule("refunds")["State"] == "ENABLED"


def test_a_removed_route_leaves_no_rule(routes: Routes, drafted: Drafted) -> None:
    routes.add(drafted())
    routes.remove("refunds", "care")

    assert boto3.client("events").list_rules(EventBusName=BUS)["Rules"] == []
    with pytest.raises(RouteUnknown):
        routes.remove("refunds", "care")


HOOK = "webhook:https://example.com/hook"


def disable(deliveries: Deliveries, webhook_secrets: WebhookSecrets, now: datetime) -> str:
    """Let the hook of the route be off, as after a 410, and its secret shown; returns the target's id."""
    target = Target.parse(HOOK).id
    deliveries.save_health(Health(route="refunds", target=target, disabled_at=now, disabled_why="It answered 410."))
    assert webhook_secrets.reveal("refunds", target)
    assert webhook_secrets.reveal("refunds", target) is None
    return target


def is_fresh(deliveries: Deliveries, webhook_secrets: WebhookSecrets, target: str) -> bool:
    known = deliveries.health("refunds", target)
    return known.version == 0 and webhook_secrets.reveal("refunds", target) is not None


def test_what_is_known_of_a_target_goes_with_the_route(
    routes: Routes, deliveries: Deliveries, webhook_secrets: WebhookSecrets, drafted: Drafted, now: datetime
) -> None:
    routes.add(drafted(to=[HOOK]))
    target = disable(deliveries, webhook_secrets, now)
    routes.remove("refunds", "care")
    assert deliveries.health("refunds", target).version == 0
    assert webhook_secrets._load("refunds", target) is None


def test_what_is_known_of_a_target_goes_with_the_change_that_drops_it(
    routes: Routes, deliveries: Deliveries, webhook_secrets: WebhookSecrets, drafted: Drafted, now: datetime
) -> None:
    routes.add(drafted(to=[HOOK]))
    target = disable(deliveries, webhook_secrets, now)
    routes.change(drafted(to=[HOOK, "email:care@fernleaf.example"]), "care")
    assert not is_fresh(deliveries, webhook_secrets, target)
    routes.change(drafted(to=["email:care@fernleaf.example"]), "care")
    assert webhook_secrets._load("refunds", target) is None
    assert is_fresh(deliveries, webhook_secrets, target)


def test_a_target_that_is_added_starts_afresh_whatever_was_left_behind(
    routes: Routes, deliveries: Deliveries, webhook_secrets: WebhookSecrets, drafted: Drafted, now: datetime
) -> None:
    target = disable(deliveries, webhook_secrets, now)
    routes.add(drafted(to=[HOOK], team="tills"))
    assert is_fresh(deliveries, webhook_secrets, target)


def test_an_id_that_is_taken_loses_nothing_to_whoever_asks_for_it(
    routes: Routes, deliveries: Deliveries, webhook_secrets: WebhookSecrets, drafted: Drafted, now: datetime
) -> None:
    routes.add(drafted(to=[HOOK]))
    target = disable(deliveries, webhook_secrets, now)
    with pytest.raises(RouteConflict):
        routes.add(drafted(to=[HOOK], team="tills"))
    assert not is_fresh(deliveries, webhook_secrets, target)


def test_a_team_cannot_touch_the_route_of_another_and_nothing_changes(
    routes: Routes, drafted: Drafted, now: datetime
) -> None:
    before = routes.add(drafted())
    attempts: list[Callable[[], Any]] = [
        lambda: routes.change(drafted(team="tills", when=""), "tills"),
        lambda: routes.change(drafted(when=""), "tills"),
        lambda: routes.pause("refunds", "tills", paused=True, now=now),
        lambda: routes.remove("refunds", "tills"),
    ]
    for attempt in attempts:
        with pytest.raises(RouteNotYours):
            attempt()
    assert routes.get("refunds") == before
    assert rule("refunds")["State"] == "ENABLED"


def test_a_change_cannot_hand_a_route_to_another_team(routes: Routes, drafted: Drafted) -> None:
    routes.add(drafted())
    assert routes.change(drafted(team="tills"), "care").team == "care"


def test_what_the_file_declares_is_changed_in_the_file(routes: Routes, drafted: Drafted, now: datetime) -> None:
    with pytest.raises(RouteNotYours, match=r"declared in earshot\.toml"):
        routes.remove("order-system", None)
    with pytest.raises(RouteConflict, match=r"in earshot\.toml already"):
        routes.add(drafted(id="order-system"))


def declaring(routes: Routes, **declared: Route) -> Routes:
    """The same routes, after the file came to declare these."""
    config = routes._config.model_copy(update={"routes": routes._config.routes | declared})
    return Routes(config, routes._table, routes._rules, routes._deliveries, routes._webhook_secrets, resolver=resolve)


DECLARED = Route(team="tills", when="mood = happy", to=(HOOK,))


def test_what_the_file_declares_is_in_force_wherever_it_is_looked_up(
    routes: Routes, table: RouteTable, drafted: Drafted, now: datetime
) -> None:
    made = routes.add(drafted())
    after = declaring(routes, refunds=DECLARED)
    assert after.all()["refunds"] == after.get("refunds") == find(after._config, table, "refunds") == DECLARED
    assert (after.shadowed(), routes.shadowed()) == ([made], [])
    with pytest.raises(RouteNotYours):
        after.pause("refunds", "care", paused=True, now=now)


@pytest.mark.parametrize("team", ["care", None])
def test_what_the_file_declares_later_keeps_its_own_when_the_other_is_removed(
    routes: Routes, deliveries: Deliveries, webhook_secrets: WebhookSecrets, drafted: Drafted, team: str | None
) -> None:
    routes.add(drafted(to=[HOOK, f"{HOOK}/2"]))
    for target in (HOOK, f"{HOOK}/2"):
        webhook_secrets.reveal("refunds", Target.parse(target).id)
    after = declaring(routes, refunds=DECLARED)
    with pytest.raises(RouteNotYours):
        after.remove("refunds", "tills")
    boto3.client("events").put_rule(  # as the deploy does
        Name="earshot-route-refunds", EventBusName=BUS, EventPattern="{}", Description="To tills: mood = happy"
    )
    after.remove("refunds", team)
    assert (after.shadowed(), rule("refunds")["State"]) == ([], "ENABLED")
    assert webhook_secrets._load("refunds", Target.parse(HOOK).id)
    assert webhook_secrets._load("refunds", Target.parse(f"{HOOK}/2").id) is None


def test_before_the_deploy_the_rule_goes_with_the_route_that_made_it(routes: Routes, drafted: Drafted) -> None:
    routes.add(drafted())
    declaring(routes, refunds=DECLARED).remove("refunds", None)
    assert boto3.client("events").list_rules(EventBusName=BUS)["Rules"] == []


def test_an_id_is_taken_once_and_of_two_changes_at_once_one_wins(
    routes: Routes, table: RouteTable, drafted: Drafted
) -> None:
    first = routes.add(drafted())
    with pytest.raises(RouteConflict, match="already"):
        routes.add(drafted(when=""))
    table.save(first)
    with pytest.raises(RouteConflict, match="meanwhile"):
        table.save(first)


def test_of_two_changes_at_once_the_rule_says_what_the_last_one_says(
    config: Config, routes: Routes, table: RouteTable, drafted: Drafted, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes.add(drafted())
    apply = routes._rules.apply

    def is_overtaken(route: TeamRoute) -> None:
        monkeypatch.setattr(routes._rules, "apply", apply)
        routes.change(drafted(when="mood = happy", to=["email:b@fernleaf.example"]), "care")
        apply(route)

    monkeypatch.setattr(routes._rules, "apply", is_overtaken)
    routes.change(drafted(when="mood = neutral", to=["email:a@fernleaf.example"]), "care")
    latest = routes.get("refunds")
    assert latest.when == "mood = happy"
    assert json.loads(rule("refunds")["EventPattern"]) == rule_pattern("refunds", parse(latest.when))
    assert [target["Id"] for target in targets("refunds")] == [f"email-{latest.targets[0].id}"]


class FailingRules(Rules):
    """Rules that EventBridge refuses while `refusing`."""

    refusing = False

    def apply(self, route: TeamRoute) -> None:
        super().apply(route)
        if self.refusing and route.when == "":
            raise RouteRefused("no")


def test_a_refused_rule_leaves_everything_as_it_was(config: Config, routes: Routes, drafted: Drafted) -> None:
    rules = FailingRules(
        boto3.client("events"), bus=BUS, deliveries=f"{ACCOUNT}:deliveries", refused=f"{ACCOUNT}:refused"
    )
    routes = Routes(config, routes._table, rules, routes._deliveries, routes._webhook_secrets, resolver=resolve)
    before = routes.add(drafted())
    rules.refusing = True
    with pytest.raises(RouteRefused):
        routes.change(drafted(when=""), "care")
    with pytest.raises(RouteRefused):
        routes.add(drafted(id="all", when=""))

    after = routes.get("refunds")
    assert isinstance(after, TeamRoute)
    assert after.model_copy(update={"version": 1}) == before
    assert json.loads(rule("refunds")["EventPattern"]) == rule_pattern("refunds", parse(before.when))
    assert [each["Name"] for each in boto3.client("events").list_rules(EventBusName=BUS)["Rules"]] == [
        "earshot-route-refunds"
    ]
    assert "all" not in routes.all()


def unreachable(routes: Routes, operations: str = "*") -> Callable[[], None]:
    """EventBridge does not answer any more; call what is returned to reach it again."""
    emitter = routes._rules._client.meta.events

    def fail(**request: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://events.eu-west-1.amazonaws.com")

    emitter.register_first(f"before-call.events.{operations}", fail)
    return lambda: emitter.unregister(f"before-call.events.{operations}", fail)


def test_an_add_that_eventbridge_does_not_answer_leaves_nothing_and_can_be_made_again(
    routes: Routes, drafted: Drafted
) -> None:
    before = routes.all()
    reach_again = unreachable(routes)
    for _ in range(2):
        with pytest.raises(EndpointConnectionError):
            routes.add(drafted())
        assert routes.all() == before
    with pytest.raises(RouteUnknown):
        routes.get("refunds")
    reach_again()
    assert routes.add(drafted(team="tills", when="")).version == 1
    assert (routes.abandoned(), rule("refunds")["State"]) == ([], "ENABLED")


def test_a_rule_that_could_not_be_taken_back_keeps_its_route_until_it_is_removed(
    routes: Routes, table: RouteTable, config: Config, drafted: Drafted, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach_again = [unreachable(routes, name) for name in ("PutTargets", "ListTargetsByRule", "DeleteRule")]
    with pytest.raises(EndpointConnectionError):
        routes.add(drafted())
    assert rule("refunds")["State"] == "ENABLED"
    assert (routes.abandoned(), find(config, table, "refunds")) == (["refunds"], None)
    with pytest.raises(RouteUnknown):
        routes.remove("refunds", "care")

    for again in reach_again:
        again()
    routes.remove("refunds", None)
    assert (routes.abandoned(), boto3.client("events").list_rules(EventBusName=BUS)["Rules"]) == ([], [])


def test_a_change_that_eventbridge_does_not_answer_changes_nothing(routes: Routes, drafted: Drafted) -> None:
    before = routes.add(drafted())
    unreachable(routes)
    with pytest.raises(EndpointConnectionError):
        routes.change(drafted(when=""), "care")
    assert routes.get("refunds").when == before.when
    assert json.loads(rule("refunds")["EventPattern"]) == rule_pattern("refunds", parse(before.when))


def test_a_test_reaches_the_route_that_is_tested_and_no_other(routes: Routes, drafted: Drafted, now: datetime) -> None:
    routes.add(drafted(to=[f"sqs:{ACCOUNT}:finance"]))
    routes.add(drafted(id="everything", when="", to=["email:care@fernleaf.example"]))
    test_id = routes.test("refunds", "Amal", now)

    [message] = received("finance")
    assert (message["source"], message["detail-type"]) == ("earshot.test", "RouteTested")
    detail = message["detail"]
    assert (detail["route"], detail["asked_by"]) == ("refunds", "Amal")
    assert detail["feedback"]["id"] == test_id
    assert detail["feedback"]["team"] == "care"
    assert detail["feedback"]["comment"] == (
        "This is a test of the route refunds, asked for by Amal. No customer said this."
    )
    assert read_event({"detail-type": "FeedbackCaptured", "detail": detail})
    assert received("deliveries") == []


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        ({"id": "Refunds!"}, "id", "use 1 to 40 of a-z"),
        ({"id": "team-care"}, "id", "the teams' own cards"),
        ({"team": "nobody"}, "team", "use one of care, tills"),
        ({"when": "mod = happy"}, "when", "did you mean 'mood'?"),
        ({"when": "team = till"}, "when", "did you mean 'tills'?"),
        ({"when": "reason != refund"}, "when", "cannot say that a reason was not picked"),
        ({"when": f"place in ({', '.join(f'shop-{n}' for n in range(185))})"}, "when", "this route's has 2,"),
        ({"to": []}, "to", "to: "),
        ({"to": ["fax:123"]}, "to", "must start with one of email:"),
        ({"to": ["webhook:http://127.0.0.1:9000/hook"]}, "to", "only the local stage reaches"),
        ({"to": ["email:a@b.example", "email:A@b.example"]}, "to", "stands twice"),
        ({"to": ["bus:arn:aws:events:eu-west-1:123456789012:event-bus/theirs"]}, "role", "name its ARN"),
        ({"when": "event = InvitationSuppressed"}, "to", "makes no card; send it to a webhook or an AWS target"),
        ({"when": "event not in (FeedbackCaptured, FeedbackAmended)"}, "to", "makes no card"),
        ({"when": "event = InvitationSent and mood = happy"}, "when", "what becomes of an invitation has no mood"),
        ({"settling": 901}, "settling", "settling: "),
    ],
)
def test_a_mistake_in_a_draft_names_the_field_and_the_fix(
    drafted: Drafted, wrong: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(EarshotError) as refusal:
        drafted(**wrong)

    assert isinstance(refusal.value, InvalidInput | ConditionError)
    assert refusal.value.field == field
    assert message in refusal.value.message


@pytest.mark.parametrize(
    ("when", "to"),
    [
        ("event = InvitationSuppressed", ["webhook:https://example.com/hook", f"sqs:{ACCOUNT}:finance"]),
        ("", ["email:care@fernleaf.example"]),
        ("event = InvitationSent or mood = happy", ["email:care@fernleaf.example"]),
        ("event != InvitationSent", ["email:care@fernleaf.example"]),
    ],
)
def test_what_can_be_delivered_is_not_refused(drafted: Drafted, when: str, to: list[str]) -> None:
    assert drafted(when=when, to=to).when == when


@pytest.mark.parametrize("host", [host for host in NAMES if host != "example.com"])
def test_a_webhook_whose_name_leads_into_a_private_network_is_refused_and_nothing_changes(
    routes: Routes, table: RouteTable, drafted: Drafted, host: str
) -> None:
    private = drafted(to=["email:care@fernleaf.example", f"webhook:https://{host}/hook"])
    with pytest.raises(InvalidInput, match=f"{host} leads to an address that is not on the public internet") as refusal:
        routes.add(private)
    assert refusal.value.field == "to"
    assert table.get("refunds") is None
    before = routes.add(drafted())
    with pytest.raises(InvalidInput):
        routes.change(private, "care")
    assert routes.get("refunds") == before


def test_a_webhook_whose_name_has_no_address_now_is_taken_and_each_name_is_resolved_once(
    routes: Routes, drafted: Drafted
) -> None:
    asked: list[str] = []
    routes._resolver = lambda host: asked.append(host) or []  # type: ignore[func-returns-value]
    routes.add(drafted(to=["webhook:https://new.example/a", "webhook:https://new.example/b", f"sqs:{ACCOUNT}:finance"]))
    assert asked == ["new.example"]


def test_in_the_local_stage_no_name_is_resolved(routes: Routes, config: Config, drafted: Drafted) -> None:
    routes._config = config.at("http://127.0.0.1:8040")
    assert routes.add(drafted(to=["webhook:https://intranet.example/hook"]))


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *name, **more: answered.wait() and [])
    assert dns.resolve("slow.example", 0.01) == []
    answered.set()
    monkeypatch.undo()
    assert dns.resolve("127.0.0.1", 60) == ["127.0.0.1"]
    assert dns.resolve("." * 300, 60) == []


def test_a_route_to_this_machine_is_made_in_the_local_stage_only(config: Config, now: datetime) -> None:
    local = config.at("http://127.0.0.1:8040")
    said = {"id": "hook", "team": "care", "to": ["webhook:http://localhost:9000/hook"]}
    assert draft(local, **said, created_by="Amal", changed_at=now).targets[0].is_on_loopback


def test_a_change_that_is_overtaken_by_a_removal_leaves_no_rule(
    routes: Routes, drafted: Drafted, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes.add(drafted())
    apply = Rules.apply

    def overtaken(rules: Rules, route: TeamRoute) -> None:
        monkeypatch.setattr(Rules, "apply", apply)
        routes.remove(route.id, None)
        apply(rules, route)

    monkeypatch.setattr(Rules, "apply", overtaken)
    with pytest.raises(RouteConflict, match="removed the route"):
        routes.change(drafted(when="mood = happy"), "care")
    assert boto3.client("events").list_rules(EventBusName=BUS)["Rules"] == []
