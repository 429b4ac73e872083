import math
import string
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import itsdangerous
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydynox import DynamoDBClient

from shared.errors import Contended, LinkExpired, LinkInvalid
from shared.keys import links
from shared.keys.links import Link
from shared.keys.signing import Keys
from shared.table.items import KeyItem
from tests.kit.tables import KEYS_TABLE

EXPIRES = datetime(2027, 1, 1, tzinfo=UTC)
OPEN = Link("checkout", "leeds-3", None, EXPIRES)
CUSTOMERS = Link("checkout", "leeds-3", "order-1234", EXPIRES)


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_link_reads_back_as_it_was_made(keys: Keys, now: datetime) -> None:
    assert links.read(CUSTOMERS.token(keys), keys, now) == CUSTOMERS
    assert links.read(OPEN.token(keys), keys, now) == OPEN


def test_an_expired_link_says_so(keys: Keys) -> None:
    with pytest.raises(LinkExpired):
        links.read(OPEN.token(keys), keys, EXPIRES)


def test_a_tampered_link_is_refused(keys: Keys, now: datetime) -> None:
    token = CUSTOMERS.token(keys)
    for position in range(len(token)):
        changed = "A" if token[position] != "A" else "B"
        with pytest.raises(LinkInvalid):
            links.read(token[:position] + changed + token[position + 1 :], keys, now)


def test_a_signature_that_only_decodes_alike_is_refused(keys: Keys, now: datetime) -> None:
    token = CUSTOMERS.token(keys)
    payload, signature = token.rsplit(".", 1)
    spare_bits = {signature[:-1] + last for last in string.ascii_letters + string.digits + "-_"} - {signature}
    padded = {signature + "=", signature + "!", "é" + signature, signature[:9] + "~" + signature[9:], signature + "\n"}
    for other in spare_bits | padded:
        with pytest.raises(LinkInvalid):
            links.read(f"{payload}.{other}", keys, now)


def test_a_token_signed_for_another_purpose_is_no_link(keys: Keys, now: datetime) -> None:
    with pytest.raises(LinkInvalid):
        links.read(keys.dumps("session", ["checkout", "", "", 4_000_000_000]), keys, now)


NO_MOMENTS: tuple[object, ...] = (1e18, 10**18, -1e18, 10**400, math.inf, -math.inf, math.nan, [], {})


@pytest.mark.parametrize(
    "payload",
    [
        *([], ["a"], {"touchpoint": 1}, "text", None, 7, True, ["checkout", "", "", "soon"], [1, 2, 3, 4]),
        *(["checkout", "", "", each] for each in NO_MOMENTS),
        *([["checkout"], "", "", 4e9], ["checkout", {}, "", 4e9], ["checkout", "", 7, 4e9], [None, "", "", 4e9]),
    ],
)
def test_a_payload_of_another_shape_is_no_link(keys: Keys, now: datetime, payload: object) -> None:
    with pytest.raises(LinkInvalid):
        links.read(keys.dumps("link", payload), keys, now)


@settings(max_examples=200)
@given(token=st.text(max_size=200))
def test_no_text_opens_a_link_or_breaks_the_reader(token: str) -> None:
    keys = Keys.__new__(Keys)
    keys._clock = lambda: 0.0
    keys._keys = [{"secret": "known", "active_at": 0, "retires_at": None}]
    keys._loaded_at = 0.0
    with pytest.raises(LinkInvalid):
        links.read(token, keys, EXPIRES)


def test_a_customers_link_is_one_answer_and_an_open_link_one_per_submission() -> None:
    assert CUSTOMERS.answer_id("a") == CUSTOMERS.answer_id("b") == CUSTOMERS.answer_id(None)
    assert OPEN.answer_id("a") == OPEN.answer_id("a")
    assert OPEN.answer_id("a") != OPEN.answer_id("b")
    assert OPEN.answer_id(None) != OPEN.answer_id(None)


@settings(max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    )
    | st.tuples(st.text(max_size=3), st.text(max_size=3), st.text(max_size=3), st.floats() | st.integers())
)
def test_whatever_was_signed_is_a_link_or_none(payload: object) -> None:
    keys = Keys.__new__(Keys)
    keys._clock = lambda: 0.0
    keys._keys = [{"secret": "known", "active_at": 0, "retires_at": None}]
    keys._loaded_at = 0.0
    with suppress(LinkInvalid, LinkExpired):
        links.read(keys.dumps("link", payload), keys, EXPIRES)


def test_who_signs_links_can_sign_nothing_of_sessions(client: DynamoDBClient) -> None:
    ours, theirs = (Keys(client, KEYS_TABLE["TableName"], item) for item in (KeyItem.SIGNING, KeyItem.SESSIONS))
    with pytest.raises(itsdangerous.BadSignature):
        theirs.loads("session", ours.dumps("session", ["priya@fernleaf.example", "x"]))


def test_the_first_use_makes_the_key_and_all_functions_agree_on_it(client: DynamoDBClient) -> None:
    one, other = Keys(client, KEYS_TABLE["TableName"]), Keys(client, KEYS_TABLE["TableName"])
    assert other.loads("link", one.dumps("link", ["x"])) == ["x"]


def test_a_rotation_keeps_old_links_until_the_overlap_ends(client: DynamoDBClient) -> None:
    clock = Clock()
    keys = Keys(client, KEYS_TABLE["TableName"], clock=clock)
    token = keys.dumps("link", ["x"])
    keys.rotate(timedelta(days=30))
    clock.now += 29 * 86400
    assert keys.loads("link", token) == ["x"]
    clock.now += 2 * 86400
    with pytest.raises(itsdangerous.BadSignature):
        keys.loads("link", token)


def test_a_function_that_has_not_seen_the_new_key_learns_it_before_it_signs(client: DynamoDBClient) -> None:
    clock = Clock()
    rotating, warm = (Keys(client, KEYS_TABLE["TableName"], clock=clock) for _ in range(2))
    warm.loads("link", warm.dumps("link", ["x"]))
    rotating.rotate(timedelta(days=30))
    clock.now += 61
    token = rotating.dumps("link", ["new"])
    assert warm.loads("link", token) == ["new"]


def test_a_rotation_without_overlap_ends_old_links_within_five_minutes(client: DynamoDBClient) -> None:
    clock = Clock()
    rotating, warm = (Keys(client, KEYS_TABLE["TableName"], clock=clock) for _ in range(2))
    token = warm.dumps("link", ["x"])
    rotating.rotate(timedelta(0))
    assert rotating.loads("link", rotating.dumps("link", ["y"])) == ["y"]
    clock.now += 301
    with pytest.raises(itsdangerous.BadSignature):
        warm.loads("link", token)


def test_of_two_rotations_at_once_one_is_refused_and_no_fresh_key_is_lost(
    client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    keys, other = (Keys(client, KEYS_TABLE["TableName"], clock=clock) for _ in range(2))
    keys.rotate(timedelta(seconds=1))
    clock.now += 2  # the first key has retired, so a rotation leaves as many keys as it found
    load = keys._load

    def loads_and_is_overtaken() -> list[dict[str, Any]]:
        loaded = load()
        monkeypatch.setattr(keys, "_load", load)
        other.rotate(timedelta(days=30))
        return loaded

    monkeypatch.setattr(keys, "_load", loads_and_is_overtaken)
    with pytest.raises(Contended):
        keys.rotate(timedelta(days=30))
    token = other.dumps("link", ["fresh"])
    assert Keys(client, KEYS_TABLE["TableName"], clock=clock).loads("link", token) == ["fresh"]
