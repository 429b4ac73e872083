"""The way out of mails: one click works, and looking at the page changes nothing."""

import importlib
import sys
from datetime import timedelta
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from pydynox import DynamoDBClient

from shared.customers.invitations import Invitations
from shared.customers.people import People, Silence
from shared.feedback.store import Store
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Invitation, InvitationStatus
from shared.values import utc_now
from tests.kit.factories import a_context
from tests.kit.samples import load_rows
from tests.kit.tables import MAIN_TABLE

MODULE = "functions.unsubscribe.handler"
LINK, WAY_OUT = "k3v9x0m5w2r8", "p4t7c2h9n6d1"


@pytest.fixture
def function(client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("EARSHOT_TABLE", MAIN_TABLE["TableName"])
    sys.modules.pop(MODULE, None)
    return importlib.import_module(MODULE)


@pytest.fixture
def asked(store: Store) -> Store:
    """A customer who was asked in Arabic long ago: the link has ended, and the way out has not."""
    then = utc_now() - timedelta(days=60)
    invitation = Invitation(
        id="i-1",
        status=InvitationStatus.SENDING,
        reason=None,
        touchpoint="delivery",
        place=None,
        channel=Channel.EMAIL,
        language="ar",
        customer=Customer(email="layla@example.com"),
        requested_at=then,
        expires_at=then + timedelta(days=30),
    )
    store.transact(Invitations(store.client, store.table).saving(invitation, LINK, WAY_OUT))
    return store


def request(method: str, link: str = WAY_OUT, body: str = "") -> dict[str, Any]:
    return {
        "requestContext": {"http": {"method": method}},
        "pathParameters": {"link": link},
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "body": body,
    }


def test_opening_the_page_changes_nothing(function: ModuleType, asked: Store) -> None:
    answer = function.handler(request("GET"), a_context())
    assert answer["statusCode"] == 200
    assert '<html lang="ar" dir="rtl">' in answer["body"]
    assert "<form method=post><button>" in answer["body"]
    assert function.people.get("layla@example.com").silence is None


@pytest.mark.parametrize("body", ["List-Unsubscribe=One-Click", "", "anything"])
def test_one_click_is_enough(function: ModuleType, asked: Store, body: str) -> None:
    for _ in range(2):
        answer = function.handler(request("POST", body=body), a_context())
        assert answer["statusCode"] == 200
        assert function.people.get("layla@example.com").silence is Silence.UNSUBSCRIBED


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_feedback_link_opts_nobody_out(function: ModuleType, asked: Store, method: str) -> None:
    """A customer passes it on, or a team's card shows it; whoever has it has no say over who is asked."""
    assert function.handler(request(method, LINK), a_context())["statusCode"] == 404
    assert function.people.get("layla@example.com").silence is None


@pytest.mark.parametrize("link", ["000000000000", "..", "a b", "<script>", ""])
def test_a_link_of_nobody_is_not_found(function: ModuleType, asked: Store, link: str) -> None:
    for method in ("GET", "POST"):
        answer = function.handler(request(method, link), a_context())
        assert answer["statusCode"] == 404
        assert "<script>" not in answer["body"]


@pytest.mark.parametrize(("part", "method"), [(Invitations, "GET"), (Invitations, "POST"), (People, "POST")])
def test_a_table_that_does_not_answer_is_said_on_a_page(
    function: ModuleType,
    asked: Store,
    monkeypatch: pytest.MonkeyPatch,
    part: type[Invitations] | type[People],
    method: str,
) -> None:
    monkeypatch.setattr(function, part.__name__.lower(), part(asked.client, "no-such-table"))
    answer = function.handler(request(method), a_context())
    assert (answer["statusCode"], "Please try again in a moment." in answer["body"]) == (503, True)


@pytest.mark.parametrize("link", ["x" * 13, "x" * 5_000, "رابط"])
def test_what_can_be_no_link_is_not_asked_for(function: ModuleType, monkeypatch: pytest.MonkeyPatch, link: str) -> None:
    monkeypatch.setattr(function, "invitations", None)
    assert function.handler(request("POST", link), a_context())["statusCode"] == 404


@pytest.mark.parametrize(
    "row", [each for each in load_rows("samples/edges/links.jsonl") if each.values[0]["path"].startswith("/u/")]
)
def test_a_way_out_opens_whatever_was_written_around_it(
    function: ModuleType, asked: Store, row: dict[str, Any]
) -> None:
    path = row["path"].replace("SHORT-IN-CAPITALS", WAY_OUT.upper()).replace("SHORT", WAY_OUT)
    link = unquote(urlsplit(path).path.removeprefix("/u/"))
    for method in ("GET", "HEAD") if row["method"] == "GET" else (row["method"],):
        assert function.handler(request(method, link), a_context())["statusCode"] == row["status"]
    assert bool(function.people.get("layla@example.com").silence) is (row["method"] == "POST")
