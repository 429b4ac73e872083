"""The links in texts: a stored id of 12 characters, which opens the same page as a signed link."""

import importlib
import json
import sys
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from pydynox import DynamoDBClient

from shared.customers.invitations import Invitations
from shared.feedback.store import Store
from shared.keys.links import Link
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Invitation, InvitationStatus
from shared.values import utc_now
from tests.kit.factories import a_context
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE

MODULE = "functions.capture_web.handler"
LAYLA = Customer(ref="order-1187", name="Layla", phone="+447400123456")


@pytest.fixture
def function(client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("EARSHOT_TABLE", MAIN_TABLE["TableName"])
    monkeypatch.setenv("EARSHOT_KEYS_TABLE", KEYS_TABLE["TableName"])
    sys.modules.pop(MODULE, None)
    return importlib.import_module(MODULE)


@pytest.fixture
def asked(store: Store) -> Invitation:
    now = utc_now()
    invitation = Invitation(
        id="7qk3b1d9x0m5w2r8n6t4y1c0hz",
        status=InvitationStatus.SENDING,
        reason=None,
        touchpoint="delivery",
        place=None,
        channel=Channel.SMS,
        language="en",
        customer=LAYLA,
        requested_at=now,
        expires_at=now.replace(microsecond=0) + timedelta(days=30),
    )
    store.transact(Invitations(store.client, store.table).saving(invitation, "k3v9x0m5w2r8"))
    return invitation


def request(method: str, link: str, body: str | None = None) -> dict[str, Any]:
    path = f"/f/{link}"
    return {
        "version": "2.0",
        "routeKey": f"{method} /f/{{link+}}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "accept-language": "en"},
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "pathParameters": {"link": link},
        "body": body,
        "isBase64Encoded": False,
    }


def test_a_short_link_opens_the_page(function: ModuleType, asked: Invitation) -> None:
    answer = function.handler(request("GET", "k3v9x0m5w2r8"), a_context())
    assert answer["statusCode"] == 200
    assert "How did your delivery go?" in answer["body"]


def test_an_answer_by_a_short_link_is_the_one_that_a_text_would_amend(
    function: ModuleType, asked: Invitation, store: Store
) -> None:
    answer = function.handler(request("POST", "k3v9x0m5w2r8", json.dumps({"rating": 2})), a_context())
    id = json.loads(answer["body"])["id"]
    link = Invitations(store.client, store.table).follow("k3v9x0m5w2r8", utc_now()).link
    assert id == link.answer_id(None)
    revision = store.get(id)
    assert revision is not None
    assert (revision.feedback.touchpoint, revision.feedback.customer) == ("delivery", LAYLA)


def test_whom_a_short_link_was_sent_to_is_not_taken_for_the_next_customer(
    function: ModuleType, asked: Invitation, store: Store
) -> None:
    function.handler(request("POST", "k3v9x0m5w2r8", json.dumps({"rating": 2})), a_context())
    token = Link("checkout", None, None, utc_now() + timedelta(days=1)).token(function.keys)
    answer = function.handler(request("POST", token, json.dumps({"rating": 5})), a_context())
    revision = store.get(json.loads(answer["body"])["id"])
    assert revision is not None
    assert revision.feedback.customer == Customer()


@pytest.mark.parametrize("link", ["000000000000", "k3v9x0m5w2r"])
def test_an_id_of_no_link_is_not_found(function: ModuleType, asked: Invitation, link: str) -> None:
    assert function.handler(request("GET", link), a_context())["statusCode"] == 404
