"""The deployed function: events of other systems, and the lists of `earshot invite`."""

import copy
import importlib
import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from pydynox import DynamoDBClient
from pydynox.pydynox_core import PydynoxException

from shared.customers.invitations import Invitations
from shared.ids import answer_id
from tests.kit.factories import a_context
from tests.kit.samples import load_event
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE

MODULE = "functions.invite.handler"
REQUESTED = load_event("golden/InvitationRequested.v1.json")


@pytest.fixture
def function(client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("EARSHOT_TABLE", MAIN_TABLE["TableName"])
    monkeypatch.setenv("EARSHOT_KEYS_TABLE", KEYS_TABLE["TableName"])
    monkeypatch.setenv("EARSHOT_PUBLIC_URL", "https://feedback.fernleaf.example")
    sys.modules.pop(MODULE, None)
    module = importlib.import_module(MODULE)
    monkeypatch.setattr(module, "utc_now", lambda: datetime(2026, 3, 14, 18, tzinfo=UTC))
    return module


def test_an_event_of_another_system_becomes_a_question_once(function: ModuleType, client: DynamoDBClient) -> None:
    first = function.handler(REQUESTED, a_context())["outcomes"][0]
    assert (first["status"], first["to"]) == ("sending", "+447400123456")
    again = function.handler(REQUESTED, a_context())["outcomes"][0]
    assert again["id"] == first["id"] == answer_id("invitation", REQUESTED["id"])
    messages = [item for item in client.sync_scan(MAIN_TABLE["TableName"]) if item["kind"] == "message"]
    assert len(messages) == 1


@pytest.mark.parametrize(
    ("detail", "field"),
    [
        ({}, "touchpoint"),
        ({"touchpoint": 5, "customer": {}}, "touchpoint"),
        ({"touchpoint": "delivery", "customer": "Layla"}, "customer"),
        ({"touchpoint": "delivery", "customer": {"phone": "+447400123456", "name": "x" * 101}}, "customer.name"),
        (
            {"touchpoint": "delivery", "customer": {"phone": "+447400123456", "name": "Layla\r\nBcc: all"}},
            "customer.name",
        ),
        ({"touchpoint": "delivery", "customer": {"phone": "+447400123456", "ref": "\ud800"}}, "customer.ref"),
        ({"touchpoint": "delivery", "customer": {}, "place": "leeds\x00"}, "place"),
        ({"touchpoint": "delivery", "customer": {}, "expires_at": "2026-03-14T10:00:00"}, "expires_at"),
    ],
)
def test_a_request_that_cannot_be_read_is_an_outcome_too_and_names_the_field(
    function: ModuleType, client: DynamoDBClient, detail: dict[str, Any], field: str
) -> None:
    event = copy.deepcopy(REQUESTED) | {"detail": detail}
    [outcome] = function.handler(event, a_context())["outcomes"]
    assert (outcome["status"], outcome["reason"]) == ("suppressed", f"request-unreadable: {field}")
    kept = Invitations(client, MAIN_TABLE["TableName"]).get(outcome["id"])
    assert kept is not None
    assert kept.invitation.reason == outcome["reason"]


def test_a_list_is_asked_in_its_order(function: ModuleType) -> None:
    requests = [
        {"touchpoint": "delivery", "customer": {"phone": "+447400123456"}},
        {"touchpoint": "delivery", "customer": {"phone": "+447400123456"}},
        {"touchpoint": "delivery", "customer": {"email": "tom@example.com"}},
    ]
    outcomes = function.handler({"ids": ["one", "two", "three"], "requests": requests}, a_context())["outcomes"]
    assert [outcome["reason"] for outcome in outcomes] == [None, "asked-recently", None]
    assert [outcome["channel"] for outcome in outcomes] == ["sms", "sms", "email"]
    assert (outcomes[0]["segments"], outcomes[2]["segments"]) == (1, None)


def test_one_of_a_list_that_cannot_be_read_holds_up_no_other(function: ModuleType, client: DynamoDBClient) -> None:
    requests = [
        {"touchpoint": "delivery", "place": "leeds\nhull", "customer": {"phone": "+447400123456"}},
        {"touchpoint": "delivery", "customer": {"email": "tom@example.com"}},
    ]
    for dry_run, stored in ((True, False), (False, True)):
        event = {"ids": ["one", "two"], "requests": requests, "dry_run": dry_run}
        outcomes = function.handler(event, a_context())["outcomes"]
        assert [outcome["reason"] for outcome in outcomes] == ["request-unreadable: place", None]
        kept = Invitations(client, MAIN_TABLE["TableName"]).get(outcomes[0]["id"])
        assert (kept is not None) is stored


def test_one_of_a_list_that_the_table_does_not_take_holds_up_no_other_and_asks_once_when_it_comes_again(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = function.asker.ask

    def failing(id: str, *arguments: Any, **options: Any) -> Any:
        if id == "one":
            raise PydynoxException("Connection timed out")
        return ask(id, *arguments, **options)

    requests = [{"touchpoint": "delivery", "customer": {"email": f"{name}@example.com"}} for name in ("ana", "tom")]
    event = {"ids": ["one", "two"], "requests": requests}
    with monkeypatch.context() as patch:
        patch.setattr(function.asker, "ask", failing)
        outcomes = function.handler(event, a_context())["outcomes"]
        assert [outcome["reason"] for outcome in outcomes] == ["not-asked: PydynoxException", None]
    again = function.handler(event, a_context())["outcomes"]
    assert [outcome["status"] for outcome in again] == ["sending", "sending"]


def test_an_event_that_the_table_does_not_take_comes_again(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: Any, **options: Any) -> Any:
        raise PydynoxException("Connection timed out")

    monkeypatch.setattr(function.asker, "ask", failing)
    with pytest.raises(PydynoxException):
        function.handler(REQUESTED, a_context())
