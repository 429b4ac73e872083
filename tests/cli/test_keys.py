import io
import json
import sys

import click
import itsdangerous
import pytest
from pydynox import DynamoDBClient

from cli import unseen
from shared.keys.signing import Keys
from shared.table.items import KeyItem
from tests.cli.conftest import Earshot
from tests.kit.tables import KEYS_TABLE


def test_a_rotation_says_from_when_the_new_key_signs(earshot: Earshot, stage: str, keys: Keys) -> None:
    token = keys.dumps("link", ["x"])
    ran = earshot("keys", "rotate")
    assert ran.out.startswith("2 live keys; new links are signed with the newest from 20")
    assert keys.loads("link", token) == ["x"]


def test_a_rotation_without_overlap_leaves_one_key(earshot: Earshot, stage: str, keys: Keys) -> None:
    keys.dumps("link", ["x"])
    live = json.loads(earshot("keys", "rotate", "--overlap", "0s", "--json").out)["keys"]
    assert [key["retires_at"] for key in live] == [None]


def test_an_auth_token_is_piped_in_and_is_no_argument_that_others_on_the_machine_see(
    earshot: Earshot, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = "AC00000000000000000000000000000000"
    monkeypatch.setattr(sys, "stdin", io.StringIO("12345\n"))
    assert earshot("keys", "twilio", account).out.startswith("Kept.")
    refused = earshot("keys", "twilio", account, "--token", "12345")
    assert (refused.status, "No such option" in refused.err) == (2, True)
    empty = earshot("keys", "twilio", account)
    assert (empty.status, "pipe it in" in empty.err) == (2, True)


def test_an_auth_token_is_typed_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", terminal)
    asked: dict[str, bool] = {}

    def prompt(what: str, *, hide_input: bool) -> str:
        asked[what] = hide_input
        return " 12345 "

    monkeypatch.setattr(click, "prompt", prompt)
    assert unseen.ask_unseen("Auth token") == "12345"
    assert asked == {"Auth token": True}


def test_a_rotation_without_overlap_ends_the_sessions_of_teams_too(
    earshot: Earshot, stage: str, client: DynamoDBClient
) -> None:
    def of_sessions() -> Keys:
        return Keys(client, KEYS_TABLE["TableName"], KeyItem.SESSIONS)

    leaked = of_sessions().dumps("session", ["priya@fernleaf.example", "x"])
    earshot("keys", "rotate")
    assert of_sessions().loads("session", leaked)
    earshot("keys", "rotate", "--overlap", "0s")
    with pytest.raises(itsdangerous.BadSignature):
        of_sessions().loads("session", leaked)
