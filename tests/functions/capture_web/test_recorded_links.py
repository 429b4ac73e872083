"""Links as they arrive when people copy, type, wrap and quote them."""

import re
from datetime import timedelta
from types import ModuleType
from typing import Any
from urllib.parse import quote, unquote

import pytest

from functions.capture_web.language import choose
from shared.customers.invitations import Invitations
from shared.feedback.store import Store
from shared.keys.links import Link
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Invitation, InvitationStatus
from shared.values import utc_now
from tests.kit.samples import load_rows
from tests.kit.web_customer import Customer as Somebody

SHORT = "k3v9x0m5w2r8"
LINKS = [each for each in load_rows("samples/edges/links.jsonl") if each.values[0]["path"].lower().startswith("/f/")]

LANGUAGES = [each for each in load_rows("samples/edges/languages.jsonl") if each.values[0]["via"] != "csv"]


@pytest.fixture
def asked(store: Store) -> None:
    """Somebody with a short link."""
    now = utc_now()
    invitation = Invitation(
        id="7qk3b1d9x0m5w2r8n6t4y1c0hz",
        status=InvitationStatus.SENDING,
        reason=None,
        touchpoint="checkout",
        place=None,
        channel=Channel.SMS,
        language="en",
        customer=Customer(ref="order-1187"),
        requested_at=now,
        expires_at=now.replace(microsecond=0) + timedelta(days=30),
    )
    store.transact(Invitations(store.client, store.table).saving(invitation, SHORT))


def filled(path: str, token: str, expired: str) -> str:
    """The path of a row, with links for its placeholders."""
    middle = len(token) // 2
    places = {
        "LINK-WITH-ONE-LETTER-PERCENT-ENCODED": f"%{ord(token[0]):02X}{token[1:]}",
        "LINK-ALL-PERCENT-ENCODED": "".join(f"%{ord(sign):02X}" for sign in token),
        "LINK-WITH-U+00AD-IN-THE-MIDDLE": f"{token[:middle]}%C2%AD{token[middle:]}",
        "LINK-WITH-LAST-LETTER-MISSING": token[:-1],
        "LINK-WITH-ONE-LETTER-CHANGED": f"{token[:3]}{'x' if token[3] != 'x' else 'y'}{token[4:]}",
        "LINK-IN-CAPITALS": token.upper(),
        "LINK-EXPIRED": expired,
        "SHORT-WITH-U+200B-IN-THE-MIDDLE": f"{SHORT[:6]}%E2%80%8B{SHORT[6:]}",
        "SHORT-WITH-%0A-IN-THE-MIDDLE": f"{SHORT[:6]}%0A{SHORT[6:]}",
        "SHORT-FULL-WIDTH": quote("".join(chr(ord(sign) + 0xFEE0) for sign in SHORT)),
        "SHORT-WITH-ONE-LETTER-CHANGED": f"{SHORT[:-1]}9",
        "SHORT-IN-CAPITALS": SHORT.upper(),
        "SHORT-In-Mixed-Case": SHORT.capitalize(),
        "SHORT": SHORT,
        "LINK": token,
    }
    for place, link in places.items():
        path = path.replace(place, link)
    return path


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("row", LINKS)
def test_a_link_opens_whatever_was_written_around_it(
    row: dict[str, Any], customer: Somebody, capture_web: ModuleType
) -> None:
    def token(days: int) -> str:
        return Link("checkout", "leeds-3", None, utc_now() + timedelta(days=days)).token(capture_web.keys)

    path = filled(row["path"], token(30), token(-1))
    if row["method"] == "POST":
        fields = {"rating": "2", "submission": "8c1f0e5ab3d94762"}
        for customer.link in (path, path.rstrip(".")):
            assert customer.submits(fields).status == 200
        assert len({item["pk"]["S"] for item in customer.all_stored() if item["pk"]["S"].startswith("F#")}) == 1
        return
    reply = customer.send(row["method"], path, {"accept-language": "en"})
    assert reply.status in row.get("status_ok", [row["status"]])
    if row["opens"] and row["method"] == "GET":
        chosen = re.findall(r'value="(\d)" required checked', reply.text)
        assert chosen == ([str(row["rating"])] if row["rating"] else [])
        assert f'<html lang="{row["language"] or "en"}"' in reply.text


@pytest.mark.parametrize("row", LANGUAGES)
def test_the_language_that_was_asked_for_is_spoken(row: dict[str, Any]) -> None:
    if row["via"] == "accept":
        assert choose(row["offered"], None, row["value"]) == row["language"]
    elif row["via"] == "query":
        for accept in ("en", "ar"):
            assert choose(row["offered"], unquote(row["value"]), accept) == (row["language"] or accept)
