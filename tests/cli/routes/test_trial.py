"""`earshot routes test`: seeing a test arrive, on the rules, queues and topics of moto."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from cli.routes import trial as arrivals
from cli.routes import views as watches
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery
from shared.feedback.store import Store
from shared.routes.routes import Routes
from shared.values import utc_now
from tests.cli.conftest import ACCOUNT, Earshot
from tests.kit.tables import MAIN_TABLE

BUS = "earshot-local"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:finance"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:theirs"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:theirs"
OTHER_BUS = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/theirs"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/to-theirs"
MAIL = "email:care@fernleaf.example"
WHEN = "mood = unhappy and reason in (queue, price)"


@pytest.fixture(autouse=True)
def bus(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bus on which routes are rules; a test is looked for once more, but not for half a minute."""
    boto3.client("events").create_event_bus(Name=BUS)
    monkeypatch.setattr(arrivals, "ARRIVAL_SECONDS", 1)


@pytest.fixture
def finance(stage: str) -> str:
    """A team's own queue."""
    return str(boto3.client("sqs").create_queue(QueueName="finance")["QueueUrl"])


def url_of(name: str) -> str:
    return str(boto3.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def verdict(earshot: Earshot, target: str) -> dict[str, Any]:
    ran = earshot("routes", "test", "theirs", "--json")
    assert ran.err == ""
    told = json.loads(ran.out)
    assert ran.status == (1 if told["arrived"] is False else 0)
    assert told["targets"][target]["arrived"] is told["arrived"]
    return dict(told["targets"][target])


@contextmanager
def playing_eventbridge(monkeypatch: pytest.MonkeyPatch, play: Callable[[str], object]) -> Iterator[None]:
    """What EventBridge does with a test, where moto's rules lead nowhere; `play` is given the test as a message."""

    def test(self: Routes, id: str, by: str, now: object) -> str:
        detail = {"route": id, "feedback": {"id": "test-1"}}
        play(json.dumps({"source": "earshot.test", "detail-type": "RouteTested", "detail": detail}))
        return "test-1"

    with monkeypatch.context() as patched:
        patched.setattr(Routes, "test", test)
        yield


def nothing(test: str) -> None:
    """It never gets there, or nobody hears of it."""


def refuse(test: str) -> None:
    """EventBridge gives an event up at once when a topic's policy does not let it in."""
    attributes = {"TARGET_ARN": TOPIC, "ERROR_MESSAGE": "not authorized to perform: SNS:Publish"}
    boto3.client("sqs").send_message(
        QueueUrl=url_of("rules-dead"),
        MessageBody=test,
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )


def left_behind() -> list[str]:
    """Queues, subscriptions and rules that were made for a test."""
    queues = boto3.client("sqs").list_queues(QueueNamePrefix="earshot-test").get("QueueUrls", [])
    subscriptions = boto3.client("sns").list_subscriptions()["Subscriptions"]
    buses = [bus["Name"] for bus in boto3.client("events").list_event_buses()["EventBuses"]]
    rules = [
        rule["Name"]
        for bus in buses
        for rule in boto3.client("events").list_rules(EventBusName=bus, NamePrefix="earshot-test")["Rules"]
    ]
    return [*queues, *(each["SubscriptionArn"] for each in subscriptions), *rules]


# Rules that bring nothing


def without_target() -> None:
    events = boto3.client("events")
    [target] = events.list_targets_by_rule(Rule="earshot-route-theirs", EventBusName=BUS)["Targets"]
    events.remove_targets(Rule="earshot-route-theirs", EventBusName=BUS, Ids=[target["Id"]])


def without_rule() -> None:
    without_target()
    boto3.client("events").delete_rule(Name="earshot-route-theirs", EventBusName=BUS)


def switched_off() -> None:
    boto3.client("events").disable_rule(Name="earshot-route-theirs", EventBusName=BUS)


def leading_elsewhere() -> None:
    events = boto3.client("events")
    [target] = events.list_targets_by_rule(Rule="earshot-route-theirs", EventBusName=BUS)["Targets"]
    events.put_targets(Rule="earshot-route-theirs", EventBusName=BUS, Targets=[target | {"Arn": QUEUE}])


@pytest.mark.parametrize(
    ("target", "part", "why"),
    [
        (MAIL, without_rule, "its rule is missing"),
        (f"lambda:{FUNCTION}", switched_off, "its rule is off"),
        (f"sns:{TOPIC}", without_target, "its rule does not lead there"),
        (MAIL, leading_elsewhere, "its rule does not lead there"),
    ],
)
def test_a_rule_that_does_not_lead_to_its_target_is_no_arrival(
    earshot: Earshot,
    finance: str,
    target: str,
    part: Callable[[], None],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    earshot("routes", "add", "theirs", "--to", target)
    part()
    said = f"not sent: {why}; run `earshot routes resume theirs`"
    with playing_eventbridge(monkeypatch, nothing):
        assert verdict(earshot, target) == {"arrived": False, "said": said}
    assert left_behind() == []


# Queues


def test_a_test_is_seen_in_the_teams_own_queue_and_leaves_the_rest_there(earshot: Earshot, finance: str) -> None:
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=finance, MessageBody="something of their own")
    earshot("routes", "add", "finance", "--when", WHEN, "--to", f"sqs:{QUEUE}")
    ran = earshot("routes", "test", "finance")

    assert (ran.out, ran.status) == (f"sqs:{QUEUE}: arrived\n", 0)
    left = sqs.receive_message(QueueUrl=finance, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in left] == ["something of their own"]


def test_a_teams_message_is_received_once_at_most_and_free_again_after(
    earshot: Earshot, finance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = boto3.client("sqs")
    dead = sqs.create_queue(QueueName="finance-dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": f"{QUEUE}-dead", "maxReceiveCount": 2}
    sqs.set_queue_attributes(QueueUrl=finance, Attributes={"RedrivePolicy": json.dumps(policy)})
    sqs.send_message(QueueUrl=finance, MessageBody="something of their own")
    earshot("routes", "add", "theirs", "--to", f"sqs:{QUEUE}")
    monkeypatch.setattr(arrivals, "ARRIVAL_SECONDS", 4)
    with playing_eventbridge(monkeypatch, nothing):
        assert verdict(earshot, f"sqs:{QUEUE}")["said"].startswith("not seen in the queue;")
    [left] = sqs.receive_message(QueueUrl=finance, AttributeNames=["All"])["Messages"]
    assert (left["Body"], left["Attributes"]["ApproximateReceiveCount"]) == ("something of their own", "2")
    assert "Messages" not in sqs.receive_message(QueueUrl=dead)


def test_a_queue_that_gives_up_after_one_receive_is_not_looked_into(
    earshot: Earshot, finance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = boto3.client("sqs")
    sqs.create_queue(QueueName="finance-dead")
    policy = {"deadLetterTargetArn": f"{QUEUE}-dead", "maxReceiveCount": 1}
    sqs.set_queue_attributes(QueueUrl=finance, Attributes={"RedrivePolicy": json.dumps(policy)})
    earshot("routes", "add", "theirs", "--to", f"sqs:{QUEUE}")
    sqs.send_message(QueueUrl=finance, MessageBody="something of their own")
    with playing_eventbridge(monkeypatch, nothing):
        assert verdict(earshot, f"sqs:{QUEUE}")["arrived"] is None
    [left] = sqs.receive_message(QueueUrl=finance, AttributeNames=["All"])["Messages"]
    assert left["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_long_backlog_of_a_team_is_not_gone_through(
    earshot: Earshot, finance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = boto3.client("sqs")
    for _ in range(5):
        sqs.send_message(QueueUrl=finance, MessageBody="something of their own")
    monkeypatch.setattr(watches, "THEIRS", 3)
    earshot("routes", "add", "theirs", "--to", f"sqs:{QUEUE}")
    with playing_eventbridge(monkeypatch, nothing):
        told = verdict(earshot, f"sqs:{QUEUE}")
    assert told["said"] == "sent; not refused; cannot be seen from here: it holds 3 other messages and more"
    assert len(sqs.receive_message(QueueUrl=finance, MaxNumberOfMessages=10)["Messages"]) == 5


def test_a_refusal_is_found_behind_older_ones_which_stay_for_redrive(
    earshot: Earshot, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    earshot("routes", "add", "theirs", "--to", f"sns:{TOPIC}")
    for number in range(12):
        refuse(json.dumps({"source": "earshot", "detail": {"feedback": {"id": f"f{number}"}}}))
    with playing_eventbridge(monkeypatch, refuse):
        told = verdict(earshot, f"sns:{TOPIC}")
    assert told == {"arrived": False, "said": "not delivered: not authorized to perform: SNS:Publish"}
    sqs, kept = boto3.client("sqs"), []
    while received := sqs.receive_message(QueueUrl=url_of("rules-dead"), MaxNumberOfMessages=10).get("Messages"):
        kept += received
    assert len(kept) == 12


# Topics, buses and functions


def test_a_test_is_seen_on_a_topic_and_nothing_is_left_of_the_watch(
    earshot: Earshot, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sns = boto3.client("sns")
    sns.create_topic(Name="theirs")
    earshot("routes", "add", "theirs", "--to", f"sns:{TOPIC}")

    def publish(test: str) -> None:
        sns.publish(TopicArn=TOPIC, Message=json.dumps({"source": "earshot", "detail": {"route": "theirs"}}))
        [watch] = boto3.client("sqs").list_queues(QueueNamePrefix="earshot-test")["QueueUrls"]
        attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=watch, AttributeNames=["All"])["Attributes"]
        assert attributes["ApproximateNumberOfMessages"] == "0"  # what customers said is not copied
        sns.publish(TopicArn=TOPIC, Message=test)

    with playing_eventbridge(monkeypatch, publish):
        assert verdict(earshot, f"sns:{TOPIC}") == {"arrived": True, "said": "arrived"}
    assert left_behind() == []


def test_a_topic_that_a_test_does_not_reach_is_no_arrival(
    earshot: Earshot, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("sns").create_topic(Name="theirs")
    earshot("routes", "add", "theirs", "--to", f"sns:{TOPIC}")
    with playing_eventbridge(monkeypatch, nothing):
        said = "not seen there, though not refused; test it again, then ask its owner"
        assert verdict(earshot, f"sns:{TOPIC}") == {"arrived": False, "said": said}
    assert left_behind() == []


def test_a_topic_that_cannot_be_watched_is_not_called_an_arrival(
    earshot: Earshot, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    earshot("routes", "add", "theirs", "--to", f"sns:{TOPIC}")  # which does not exist
    with playing_eventbridge(monkeypatch, nothing):
        told = verdict(earshot, f"sns:{TOPIC}")
    assert told == {
        "arrived": None,
        "said": "sent; not refused; cannot be seen from here: Subscribe answers NotFound",
    }
    assert left_behind() == []


def test_a_test_that_the_target_refuses_says_why(earshot: Earshot, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    earshot("routes", "add", "theirs", "--to", f"sns:{TOPIC}")
    with playing_eventbridge(monkeypatch, refuse):
        assert verdict(earshot, f"sns:{TOPIC}") == {
            "arrived": False,
            "said": "not delivered: not authorized to perform: SNS:Publish",
        }


def test_a_test_is_seen_on_another_bus(earshot: Earshot, stage: str) -> None:
    boto3.client("events").create_event_bus(Name="theirs")
    earshot("routes", "add", "theirs", "--to", f"bus:{OTHER_BUS}", "--role", ROLE)
    assert verdict(earshot, f"bus:{OTHER_BUS}") == {"arrived": True, "said": "arrived"}
    assert left_behind() == []


def test_a_bus_of_another_account_is_not_called_an_arrival(
    earshot: Earshot, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = OTHER_BUS.replace(ACCOUNT, "210987654321")
    earshot("routes", "add", "theirs", "--to", f"bus:{bus}", "--role", ROLE)
    with playing_eventbridge(monkeypatch, nothing):
        assert verdict(earshot, f"bus:{bus}") == {
            "arrived": None,
            "said": "sent; not refused; cannot be seen from here: it belongs to the account 210987654321",
        }


@pytest.fixture
def function(stage: str) -> str:
    """A team's own function; returns the name of its log."""
    role = boto3.client("iam").create_role(RoleName="theirs", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    boto3.client("lambda").create_function(
        FunctionName="theirs", Runtime="python3.13", Role=role, Handler="a.b", Code={"ZipFile": b"code"}
    )
    boto3.client("logs").create_log_group(logGroupName="/aws/lambda/theirs")
    boto3.client("logs").create_log_stream(logGroupName="/aws/lambda/theirs", logStreamName="1")
    return "/aws/lambda/theirs"


def test_a_function_that_logs_what_it_gets_shows_the_test(
    earshot: Earshot, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    earshot("routes", "add", "theirs", "--to", f"lambda:{FUNCTION}")

    def log(test: str) -> None:
        entry: Any = {"timestamp": int(utc_now().timestamp() * 1000), "message": f"START\n{test}"}
        boto3.client("logs").put_log_events(logGroupName=function, logStreamName="1", logEvents=[entry])

    with playing_eventbridge(monkeypatch, log):
        assert verdict(earshot, f"lambda:{FUNCTION}") == {"arrived": True, "said": "arrived"}


def test_a_function_that_logs_nothing_is_not_called_an_arrival(
    earshot: Earshot, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    earshot("routes", "add", "theirs", "--to", f"lambda:{FUNCTION}")
    with playing_eventbridge(monkeypatch, nothing):
        assert verdict(earshot, f"lambda:{FUNCTION}") == {
            "arrived": None,
            "said": f"sent; not refused; cannot be seen from here: {function} shows only what the function logs",
        }


# Cards


def play_notify(monkeypatch: pytest.MonkeyPatch, store: Store, error: str | None) -> None:
    """While the command waits, notify takes the test from the queue, and it arrives or fails."""

    def work(seconds: float) -> None:
        sqs = boto3.client("sqs")
        url = sqs.get_queue_url(QueueName="deliveries")["QueueUrl"]
        for message in sqs.receive_message(QueueUrl=url).get("Messages", []):
            body = json.loads(message["Body"])
            deliveries, now = Deliveries(store.client, MAIN_TABLE["TableName"]), utc_now()
            blank = Delivery(
                feedback_id=body["event"]["detail"]["feedback"]["id"],
                route=body["route"],
                target=body["target"],
                subject="card",
                to=MAIL,
                created_at=now,
                changed_at=now,
            )
            deliveries.save(blank.delivered(now, None) if error is None else blank.retry(now, now, error))

    monkeypatch.setattr("time.sleep", work)


@pytest.mark.parametrize(
    ("error", "out", "status"),
    [(None, "arrived", 0), ("It answered 500.", "not delivered yet: It answered 500.", 1)],
)
def test_a_test_of_a_card_is_followed_until_notify_has_delivered_it(
    earshot: Earshot,
    stage: str,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    error: str | None,
    out: str,
    status: int,
) -> None:
    earshot("routes", "add", "refunds", "--when", WHEN, "--to", MAIL)
    play_notify(monkeypatch, store, error)
    monkeypatch.setattr(arrivals, "ARRIVAL_SECONDS", 30)
    ran = earshot("routes", "test", "refunds")
    assert (ran.out, ran.status) == (f"{MAIL}: {out}\n", status)
