import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import clear_rules

BUS = "earshot-test"


class Context(LambdaContext):
    """What the logger wants to know."""

    _function_name = "clear_rules"
    _memory_limit_in_mb = 256
    _invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:clear_rules"
    _aws_request_id = "1"


@pytest.fixture
def answers() -> Any:
    """CloudFormation's side: what is put to the response URL."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", received
        server.shutdown()
        thread.join()


@pytest.fixture
def rules(aws: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bus with 120 rules and targets, and another with one; lists the rules of a bus."""
    monkeypatch.setenv("EARSHOT_BUS", BUS)
    events = boto3.client("events")
    for bus, number in ((BUS, 120), ("another", 1)):
        events.create_event_bus(Name=bus)
        for each in range(number):
            name = f"earshot-route-{each}"
            events.put_rule(Name=name, EventBusName=bus, EventPattern='{"source": ["earshot"]}')
            target = {"Id": "a", "Arn": "arn:aws:sqs:eu-west-1:123456789012:q"}
            events.put_targets(Rule=name, EventBusName=bus, Targets=[target])  # type: ignore[list-item]
    return lambda bus=BUS: events.list_rules(EventBusName=bus)["Rules"]


def request(kind: str, url: str) -> dict[str, Any]:
    return {"RequestType": kind, "ResponseURL": url, "StackId": "s", "RequestId": "r", "LogicalResourceId": "l"}


def test_all_rules_of_the_bus_go_when_the_stack_goes_and_those_of_others_stay(rules: Any, answers: Any) -> None:
    url, received = answers
    clear_rules.handler(request("Delete", url), Context())

    assert rules() == []
    assert len(rules("another")) == 1
    [answer] = received
    assert (answer["Status"], answer["RequestId"]) == ("SUCCESS", "r")


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_nothing_is_removed_before_the_stack_goes(rules: Any, answers: Any, kind: str) -> None:
    url, received = answers
    clear_rules.handler(request(kind, url), Context())
    assert len(rules()) > 0
    assert received[0]["Status"] == "SUCCESS"


def test_a_failure_is_answered_too(answers: Any, aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url, received = answers
    monkeypatch.setenv("EARSHOT_BUS", "there-is-none")
    clear_rules.handler(request("Delete", url), Context())
    assert received[0]["Status"] == "FAILED"
    assert "there-is-none" in received[0]["Reason"]
