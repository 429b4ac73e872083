import json
from datetime import timedelta

import pytest

from shared.keys import links
from shared.keys.signing import Keys
from shared.values import utc_now
from tests.cli.conftest import Earshot

PREFIX = "http://127.0.0.1:4000/f/"


def test_a_printed_link_opens(earshot: Earshot, stage: str, keys: Keys) -> None:
    ran = earshot("link", "checkout", "--place", "leeds-3", "--ref", "order-1234", "--expires", "30d")
    assert ran.out.startswith(PREFIX)
    link = links.read(ran.out.strip().removeprefix(PREFIX), keys, utc_now())
    assert (link.touchpoint, link.place, link.ref) == ("checkout", "leeds-3", "order-1234")
    assert timedelta(days=29) < link.expires_at - utc_now() <= timedelta(days=30)


def test_a_link_without_a_reference_is_open_and_lasts_a_year(earshot: Earshot, stage: str, keys: Keys) -> None:
    ran = earshot("link", "checkout", "--json")
    link = links.read(json.loads(ran.out)["url"].removeprefix(PREFIX), keys, utc_now())
    assert link.ref is None
    assert link.expires_at - utc_now() > timedelta(days=364)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--place", "a\nb"), ("--ref", ""), ("--ref", "x" * 65)),
        *(("--expires", "401d"), ("--expires", "0d"), ("--expires", "0s"), ("--expires", "soon")),
    ],
)
def test_what_a_link_cannot_carry_is_bad_usage(earshot: Earshot, stage: str, option: str, value: str) -> None:
    ran = earshot("link", "checkout", option, value)
    assert (ran.out, ran.status) == ("", 2)
    assert option in ran.err
