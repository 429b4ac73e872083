import json

from shared.keys.signing import Keys
from tests.cli.conftest import Earshot


def test_a_rotation_says_from_when_the_new_key_signs(earshot: Earshot, stage: str, keys: Keys) -> None:
    token = keys.dumps("link", ["x"])
    ran = earshot("keys", "rotate")
    assert ran.out.startswith("2 live keys; new links are signed with the newest from 20")
    assert keys.loads("link", token) == ["x"]


def test_a_rotation_without_overlap_leaves_one_key(earshot: Earshot, stage: str, keys: Keys) -> None:
    keys.dumps("link", ["x"])
    live = json.loads(earshot("keys", "rotate", "--overlap", "0s", "--json").out)["keys"]
    assert [key["retires_at"] for key in live] == [None]
