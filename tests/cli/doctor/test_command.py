import json
from datetime import datetime
from pathlib import Path

import boto3
import pytest

from cli.doctor import routes as route_checks
from shared.addresses.targets import Target
from shared.conditions.pattern import pattern_text, rule_pattern
from shared.conditions.reader import parse
from shared.config import load as config_file
from shared.config.model import Config
from shared.feedback.store import Store
from shared.routes.route_table import RouteTable, TeamRoute
from shared.values import utc_now
from tests.cli.conftest import ACCOUNT, Earshot
from tests.kit.factories import an_answer
from tests.kit.samples import load_bytes
from tests.kit.tables import MAIN_TABLE

QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:finance"


@pytest.fixture
def stage(stage: str, config: Config) -> str:
    """A running stage, with the rules that a deployment makes."""
    events = boto3.client("events")
    events.create_event_bus(Name="earshot-local")
    routes = config.declared_routes() | {"refunds": config.routes["care-hears-every-refund"]}
    patterns = {id: pattern_text(rule_pattern(id, parse(route.when))) for id, route in routes.items()}
    for id, pattern in patterns.items():
        events.put_rule(Name=f"earshot-route-{id}", EventBusName="earshot-local", EventPattern=pattern)
    return stage


@pytest.fixture
def with_a_queue(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped configuration, with a route to a team's own queue."""
    refunds = config.routes["care-hears-every-refund"].model_copy(update={"to": (f"sqs:{QUEUE}",)})
    changed = config.model_copy(update={"routes": {"refunds": refunds}})
    monkeypatch.setattr(config_file, "load", lambda: changed)


def findings_of(earshot: Earshot) -> list[dict[str, str]]:
    findings: list[dict[str, str]] = json.loads(earshot("doctor", "--json").out)["findings"]
    return findings


def test_a_healthy_stage_has_nothing_to_mend(earshot: Earshot, stage: str) -> None:
    ran = earshot("doctor")
    rules = "7 of the 300 that one bus may have by default"
    assert (ran.out, ran.status) == (f"Rules: {rules}.\nNothing to mend in stage local.\n", 0)


def test_mistakes_in_the_file_are_lines_that_name_the_key(
    earshot: Earshot, stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "earshot.toml"
    broken.write_text(config_file.config_path().read_text().replace("smile5", "smile7"))
    load = config_file.load
    monkeypatch.setattr(config_file, "load", lambda: load(broken))
    ran = earshot("doctor")
    assert ran.status == 1
    assert ran.out.startswith("earshot.toml: touchpoints.checkout.scale: 'smile7' is not known; use one of")


def test_what_is_kept_to_be_sent_again_is_counted(earshot: Earshot, stage: str) -> None:
    sqs = boto3.client("sqs")
    for _ in range(3):
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="rules-dead")["QueueUrl"], MessageBody="{}")
    boto3.client("s3").put_object(Bucket="unpublished", Key="batch", Body=load_bytes("samples/stream_failure.json"))
    findings = findings_of(earshot)
    assert [finding["message"].split()[0] for finding in findings] == ["2", "3"]
    assert all("earshot redrive" in finding["message"] for finding in findings)


def test_what_lambda_did_not_put_among_the_failures_is_named(earshot: Earshot, stage: str) -> None:
    boto3.client("s3").put_object(Bucket="unpublished", Key="a note", Body=b"")
    [finding] = findings_of(earshot)
    assert finding["subject"] == "unpublished"
    assert finding["message"].startswith("s3://unpublished/a note is no invocation that Lambda kept")


def test_a_queue_that_refuses_its_route_is_named_with_the_policy_to_paste(
    earshot: Earshot, stage: str, with_a_queue: None
) -> None:
    url = boto3.client("sqs").create_queue(QueueName="finance")["QueueUrl"]
    [finding] = findings_of(earshot)
    assert finding["subject"] == "routes.refunds"
    boto3.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": finding["paste"]})
    assert earshot("doctor").status == 0


def test_a_queue_that_does_not_exist_is_said(earshot: Earshot, stage: str, with_a_queue: None) -> None:
    assert f"cannot look at {QUEUE}" in earshot("doctor").out


def test_a_route_without_its_rule_is_named(earshot: Earshot, stage: str) -> None:
    events = boto3.client("events")
    events.delete_rule(Name="earshot-route-order-system", EventBusName="earshot-local")
    earshot("routes", "add", "late", "--to", "email:care@fernleaf.example")
    events.remove_targets(
        Rule="earshot-route-late",
        EventBusName="earshot-local",
        Ids=[f"email-{Target.parse('email:care@fernleaf.example').id}"],
    )
    events.delete_rule(Name="earshot-route-late", EventBusName="earshot-local")

    findings = {finding["subject"]: finding["message"] for finding in findings_of(earshot)}
    assert findings == {
        "routes.order-system": "its rule is missing, so nothing is caught; start `make run` again",
        "routes.late": "its rule is missing, so nothing is caught; run `earshot routes resume late`",
    }
    earshot("routes", "resume", "late")
    assert "routes.late" not in earshot("doctor").out


def test_a_rule_that_a_crash_left_behind_its_route_is_named_and_mended(earshot: Earshot, stage: str) -> None:
    earshot("routes", "add", "late", "--to", f"sqs:arn:aws:sqs:eu-west-1:{ACCOUNT}:finance")
    boto3.client("sqs").create_queue(QueueName="finance")
    route = boto3.client("dynamodb").get_item(
        TableName=MAIN_TABLE["TableName"], Key={"pk": {"S": "ROUTES"}, "sk": {"S": "late"}}
    )["Item"]
    moved = route | {"to": {"L": [{"S": "email:care@fernleaf.example"}]}}
    boto3.client("dynamodb").put_item(TableName=MAIN_TABLE["TableName"], Item=moved)

    findings = {finding["subject"]: finding["message"] for finding in findings_of(earshot)}
    assert findings == {"routes.late": "its rule says something else than the route; run `earshot routes resume late`"}
    earshot("routes", "resume", "late")
    targets = boto3.client("events").list_targets_by_rule(Rule="earshot-route-late", EventBusName="earshot-local")
    assert [target["Arn"] for target in targets["Targets"]] == [f"arn:aws:sqs:eu-west-1:{ACCOUNT}:deliveries"]
    assert earshot("doctor").status == 0


def test_a_rule_that_is_older_than_what_conditions_read_is_named_and_mended(earshot: Earshot, stage: str) -> None:
    earshot("routes", "add", "late", "--to", "email:care@fernleaf.example", "--when", "words ~ refund")
    events = boto3.client("events")
    rule = events.describe_rule(Name="earshot-route-late", EventBusName="earshot-local")
    older = rule["EventPattern"].replace('"words"', '"comment_folded"')
    assert older != rule["EventPattern"]
    events.put_rule(Name="earshot-route-late", EventBusName="earshot-local", EventPattern=older)

    findings = {finding["subject"]: finding["message"] for finding in findings_of(earshot)}
    assert findings == {"routes.late": "its rule says something else than the route; run `earshot routes resume late`"}
    earshot("routes", "resume", "late")
    rule_now = events.describe_rule(Name="earshot-route-late", EventBusName="earshot-local")
    assert rule_now["EventPattern"] == rule["EventPattern"]
    assert earshot("doctor").status == 0


def test_a_route_whose_team_has_left_the_file_is_named(
    earshot: Earshot, stage: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    earshot("routes", "add", "late", "--team", "delivery", "--to", "email:fleet@fernleaf.example")
    teams = {id: team for id, team in config.teams.items() if id != "delivery"}
    monkeypatch.setattr(config_file, "load", lambda: config.model_copy(update={"teams": teams, "routes": {}}))
    findings = {finding["subject"]: finding["message"] for finding in findings_of(earshot)}
    assert findings["routes.late"] == (
        "its team 'delivery' is not in earshot.toml, so it gets no cards and no webhooks; "
        "name the team again and deploy, or run `earshot routes rm late`"
    )
    earshot("routes", "rm", "late")
    assert "routes.late" not in earshot("doctor").out


def test_two_routes_of_one_id_and_what_an_add_left_behind_are_named(
    earshot: Earshot, stage: str, config: Config, store: Store, now: datetime
) -> None:
    table = RouteTable(store.client, store.table)
    id, left = next(iter(config.routes)), "refunds"
    for route in (id, left):
        made = TeamRoute(id=route, team="care", to=("email:a@b.example",), created_by="Amal", changed_at=now)
        table.save(made.model_copy(update={"abandoned": route == left}))
    findings = {finding["subject"]: finding["message"] for finding in findings_of(earshot)}
    assert f"remove that one with `earshot routes rm {id}`" in findings[f"routes.{id}"]
    assert "its rule is left; run `earshot routes rm refunds`" in findings["routes.refunds"]
    for route in (id, left):
        assert earshot("routes", "rm", route).status == 0
    assert earshot("doctor").status == 0


def test_a_stored_route_that_nobody_can_read_hides_nothing_and_can_be_removed(
    earshot: Earshot, stage: str, store: Store
) -> None:
    fifo = "sns:arn:aws:sns:eu-west-1:123456789012:orders.fifo"
    item = {"pk": "ROUTES", "sk": "old", "id": "old", "team": "care", "to": [fifo], "created_by": "Amal"}
    store.client.sync_put_item(store.table, item | {"changed_at": "2026-03-14T09:00:00.000Z", "version": 1})
    [finding] = findings_of(earshot)
    assert "'old' is not sent anything any more, since it cannot be read (to.0: " in finding["message"]
    assert earshot("routes", "list").status == 0
    assert earshot("routes", "rm", "old").status == 0
    assert earshot("doctor").status == 0


def test_a_condition_that_would_not_be_taken_any_more_is_a_line_among_others(
    earshot: Earshot, stage: str, store: Store, now: datetime
) -> None:
    when = "event = InvitationSent and mood = unhappy"
    route = TeamRoute(id="refunds", team="care", when=when, to=("email:a@b.example",), created_by="A", changed_at=now)
    RouteTable(store.client, store.table).save(route)
    [finding] = [each for each in findings_of(earshot) if each["subject"] == "routes.refunds"]
    assert "its condition would not be taken any more" in finding["message"]


def test_a_bus_that_fills_up_is_said_in_time(earshot: Earshot, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route_checks, "RULES_PER_BUS", 8)
    [finding] = findings_of(earshot)
    assert finding["message"] == "7 of the 8 rules that one bus may have; raise the quota 'Rules' of EventBridge"
    assert finding["paste"] is None


def test_what_bounds_many_routes_is_told_as_the_account_has_it(
    earshot: Earshot, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "Rules": ("L-244521F2", 8),
        "Invocations throttle limit in transactions per second": ("L-1", 18_750),
        "PutEvents throttle limit in transactions per second": ("L-2", 10_000),
    }
    monkeypatch.setattr(
        route_checks,
        "_quotas",
        lambda stage: {name.lower(): {"QuotaCode": code, "Value": value} for name, (code, value) in answers.items()},
    )
    told = json.loads(earshot("doctor", "--json").out)
    assert told["rules"] == {
        "number": 7,
        "quota": 8,
        "quota_code": "L-244521F2",
        "invocations_per_second": 18_750,
        "put_events_per_second": 10_000,
    }
    [finding] = told["findings"]
    assert finding["paste"].endswith("--service-code events --quota-code L-244521F2 --desired-value 16")
    assert (
        "Rules: 7 of the 8 that one bus may have; "
        "an event takes one invocation per target that gets it, of 18,750 a second; "
        "PutEvents can be called 10,000 times a second.\n"
    ) in earshot("doctor").out


def test_feedback_that_nobody_claims_is_a_line(
    earshot: Earshot, stage: str, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = config.touchpoints["checkout"].model_copy(update={"team": None})
    unclaimed = config.model_copy(update={"touchpoints": config.touchpoints | {"checkout": checkout}})
    monkeypatch.setattr(config_file, "load", lambda: unclaimed)
    store.capture(an_answer(rating=5), unclaimed, utc_now())
    [finding] = findings_of(earshot)
    assert finding["message"] == (
        "1 feedback of the last 90 days went to the default team, because no team is named, and no other route caught "
        "it; name one in touchpoints.checkout.team, or add a route (the alarm FeedbackUnclaimed counts also what a "
        "route catches)"
    )
