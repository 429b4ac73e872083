import io
import json
import sys
from datetime import timedelta
from typing import Any

import boto3
import pytest

from shared.config.model import Config
from shared.feedback.store import Store
from shared.keys.webhook_secrets import PREFIX
from shared.values import utc_now
from tests.cli.conftest import ACCOUNT, Earshot
from tests.kit.factories import an_answer

QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:finance"
MAIL = "email:care@fernleaf.example"
WHEN = "mood = unhappy and reason in (queue, price)"


@pytest.fixture(autouse=True)
def bus(stage: str) -> None:
    """The bus on which routes are rules."""
    boto3.client("events").create_event_bus(Name="earshot-local")


@pytest.fixture
def finance(stage: str) -> str:
    """A team's own queue."""
    return str(boto3.client("sqs").create_queue(QueueName="finance")["QueueUrl"])


def rules() -> list[str]:
    answer = boto3.client("events").list_rules(EventBusName="earshot-local")
    return [f"{rule['Name']} {rule['State']}" for rule in answer["Rules"]]


def as_json(text: str) -> Any:
    return json.loads(text)


def test_an_added_route_is_a_rule_and_is_listed(earshot: Earshot, stage: str) -> None:
    ran = earshot("routes", "add", "refunds", "--when", WHEN, "--to", MAIL, "--settling", "10s")

    assert ran.status == 0
    assert "Saved refunds of care. Try it with `earshot routes test refunds`." in ran.out
    assert rules() == ["earshot-route-refunds ENABLED"]
    listed = as_json(earshot("routes", "list", "--team", "care", "--json").out)
    assert listed[-1] == {
        "id": "refunds",
        "team": "care",
        "when": WHEN,
        "to": [MAIL],
        "settling": 10,
        "declared": False,
        "paused": False,
        "created_by": f"arn:aws:sts::{ACCOUNT}:user/moto",
    }
    assert [route["id"] for route in listed[:2]] == ["team-care", "care-hears-every-refund"]
    assert f"refunds (care, made at run time): {WHEN}\n  to {MAIL}\n" in earshot("routes", "list").out


def test_an_address_that_is_a_credential_is_piped_in(
    earshot: Earshot, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{MAIL}\nemail:more@fernleaf.example\n"))
    assert as_json(earshot("routes", "add", "x", "--to", "-", "--json").out)["to"] == [
        MAIL,
        "email:more@fernleaf.example",
    ]
    nothing = earshot("routes", "change", "x", "--to", "-")
    assert (nothing.status, "nothing came in" in nothing.err) == (2, True)


@pytest.mark.parametrize(("id", "options", "team"), [("tills", (), "tills"), ("x", ("--team", "web"), "web")])
def test_a_route_belongs_to_the_team_that_is_named(
    earshot: Earshot, stage: str, id: str, options: tuple[str, ...], team: str
) -> None:
    assert as_json(earshot("routes", "add", id, "--to", MAIL, "--json", *options).out)["team"] == team


def test_before_it_is_saved_a_route_shows_what_it_would_have_caught(
    earshot: Earshot, stage: str, store: Store, config: Config
) -> None:
    yesterday = utc_now() - timedelta(days=1)
    store.capture(an_answer("a", reasons=("queue",), comment="Twenty minutes,\none till open."), config, yesterday)
    store.capture(an_answer("b", rating=5), config, yesterday)

    out = earshot("routes", "rehearse", "--when", WHEN).out
    assert out.splitlines()[0] == "In the last 90 days it would have caught 1 of 2 feedback."
    assert out.splitlines()[1].startswith("  Twenty minutes, one till open. · 2 of 5 · checkout at leeds-3 · ")
    assert out.splitlines()[2] == "The route team-tills catches 1 of these too."
    assert rules() == []
    assert earshot("routes", "add", "refunds", "--when", WHEN, "--to", MAIL).out.startswith(out)
    found = as_json(earshot("routes", "rehearse", "refunds", "--json").out)
    assert (found["caught"], found["overlaps"]) == (1, {"team-tills": 1})
    assert found["latest"][0]["comment"] == "Twenty minutes,\none till open."


def test_a_rehearsal_that_stops_somewhere_says_so_in_whole_numbers(
    earshot: Earshot, stage: str, store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.routes.rehearsal.LOOK_AT", 2)
    for name in "abc":
        store.capture(an_answer(name, reasons=("queue",)), config, utc_now() - timedelta(days=1))
    out = earshot("routes", "rehearse", "--when", WHEN).out
    assert out.startswith("It would have caught 2 of the latest 2 feedback.\n")


def test_a_change_keeps_what_is_not_given(earshot: Earshot, stage: str) -> None:
    earshot("routes", "add", "refunds", "--when", WHEN, "--to", MAIL, "--settling", "10s")
    earshot("routes", "pause", "refunds")
    changed = as_json(earshot("routes", "change", "refunds", "--when", "mood = happy", "--json").out)

    assert (changed["when"], changed["to"], changed["settling"], changed["paused"]) == (
        "mood = happy",
        [MAIL],
        10,
        True,
    )
    assert rules() == ["earshot-route-refunds DISABLED"]


def test_a_route_is_paused_resumed_and_removed(earshot: Earshot, stage: str) -> None:
    earshot("routes", "add", "refunds", "--to", MAIL)
    assert earshot("routes", "pause", "refunds").out == "Paused refunds.\n"
    assert rules() == ["earshot-route-refunds DISABLED"]
    assert "refunds (care, paused)" in earshot("routes", "list").out
    assert earshot("routes", "resume", "refunds").out == "Resumed refunds.\n"
    assert rules() == ["earshot-route-refunds ENABLED"]
    assert earshot("routes", "rm", "refunds").out == "Removed refunds.\n"
    assert rules() == []
    ran = earshot("routes", "rm", "refunds")
    assert (ran.err, ran.status) == ("earshot: There is no route 'refunds'.\n", 1)


def test_what_the_file_declares_is_not_changed_here(earshot: Earshot, stage: str) -> None:
    ran = earshot("routes", "rm", "order-system")
    assert (ran.err, ran.status) == (
        "earshot: The route 'order-system' is declared in earshot.toml; change it there and deploy.\n",
        1,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", "--when", "moood = happy", "--to", MAIL), "'moood' is not a field; did you mean 'mood'? (column 1)"),
        (("x", "--when", "team = till", "--to", MAIL), "did you mean 'tills'?"),
        (("x", "--when", "reason != queue", "--to", MAIL), "cannot say that a reason was not picked"),
        (("x", "--to", "fax:123"), "must start with one of email:"),
        (("X", "--to", MAIL), "use 1 to 40 of a-z"),
        (("x",), "Missing option '--to'"),
    ],
)
def test_a_mistake_is_bad_usage_and_changes_nothing(
    earshot: Earshot, stage: str, arguments: tuple[str, ...], message: str
) -> None:
    ran = earshot("routes", "add", *arguments)
    assert message in ran.err
    assert ran.status == 2
    assert rules() == []


def test_a_rehearsal_wants_an_id_or_a_condition(earshot: Earshot, stage: str) -> None:
    assert earshot("routes", "rehearse").status == 2
    assert earshot("routes", "rehearse", "order-system", "--when", "mood = happy").status == 2
    ran = earshot("routes", "rehearse", "--when", "mood = hapy")
    assert (ran.status, "did you mean 'happy'?" in ran.err) == (2, True)


def test_a_webhooks_secret_is_shown_once(earshot: Earshot, stage: str) -> None:
    hook = "webhook:https://orders.fernleaf.example/hook"
    added = as_json(earshot("routes", "add", "orders", "--to", hook, "--json").out)
    assert added["secrets"][hook].startswith(PREFIX)
    assert as_json(earshot("routes", "change", "orders", "--when", "mood = happy", "--json").out)["secrets"] == {}


def test_the_policy_that_an_aws_target_needs_is_printed(earshot: Earshot, stage: str, finance: str) -> None:
    added = as_json(earshot("routes", "add", "finance", "--to", f"sqs:{QUEUE}", "--json").out)
    policy = added["policies"][f"sqs:{QUEUE}"]
    boto3.client("sqs").set_queue_attributes(QueueUrl=finance, Attributes={"Policy": json.dumps(policy)})
    rule = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/earshot-local/earshot-route-finance"
    assert policy["Statement"][0]["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}


RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/earshot-local/earshot-route-far"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/to-their-bus"


def bus_of(account: str) -> str:
    return f"arn:aws:events:eu-west-1:{account}:event-bus/theirs"


def role_for(bus: str) -> dict[str, Any]:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "events.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": RULE}},
    }
    put = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}
    return {
        name: {"Version": "2012-10-17", "Statement": [statement]}
        for name, statement in (("trust", trust), ("permissions", put))
    }


def test_without_its_role_a_route_to_a_bus_says_what_to_make_it_with(earshot: Earshot, stage: str) -> None:
    bus = bus_of(ACCOUNT)
    ran = earshot("routes", "add", "far", "--to", f"bus:{bus}", "--json")
    assert (ran.status, len(ran.err.splitlines()), rules()) == (2, 1, [])
    assert as_json(ran.out) == {"roles": {f"bus:{bus}": role_for(bus)}}
    told = earshot("routes", "add", "far", "--to", f"bus:{bus}").out
    assert told.startswith(f"The role that reaches bus:{bus}: trust policy\n{{\n")
    assert f"The role that reaches bus:{bus}: permissions policy\n{{\n" in told


@pytest.mark.parametrize("role", ["not an arn", f"arn:aws:iam::{ACCOUNT}:user/ana", "arn:aws:iam::1:role/x"])
def test_a_role_is_an_arn(earshot: Earshot, stage: str, role: str) -> None:
    ran = earshot("routes", "add", "far", "--to", f"bus:{bus_of(ACCOUNT)}", "--role", role)
    assert (ran.status, len(ran.err.splitlines()), rules()) == (2, 1, [])
    assert f"{role!r} is not the ARN of a role; write arn:aws:iam::account:role/name." in ran.err


@pytest.mark.parametrize(("account", "lets_in"), [(ACCOUNT, None), ("210987654321", {"AWS": ROLE})])
def test_a_bus_of_another_account_must_let_the_role_in(
    earshot: Earshot, stage: str, account: str, lets_in: dict[str, str] | None
) -> None:
    bus = bus_of(account)
    added = as_json(earshot("routes", "add", "far", "--to", f"bus:{bus}", "--role", ROLE, "--json").out)
    assert added["roles"] == {f"bus:{bus}": role_for(bus)}
    principals = {target: policy["Statement"][0]["Principal"] for target, policy in added["policies"].items()}
    assert principals == ({} if lets_in is None else {f"bus:{bus}": lets_in})


def test_the_secret_of_a_declared_webhook_is_shown_once_and_can_be_made_anew(earshot: Earshot, stage: str) -> None:
    first = as_json(earshot("routes", "secret", "order-system", "--json").out)
    again = earshot("routes", "secret", "order-system")
    new = as_json(earshot("routes", "secret", "order-system", "--rotate", "--json").out)
    assert all(value.startswith(PREFIX) for value in first.values())
    assert (again.status, again.err) == (
        1,
        "earshot: its secrets were shown before; make new ones with --rotate\n",
    )
    assert new.keys() == first.keys()
    assert list(new.values()) != list(first.values())


def test_only_webhooks_have_secrets(earshot: Earshot, stage: str) -> None:
    assert "has no webhook" in earshot("routes", "secret", "team-care").err
