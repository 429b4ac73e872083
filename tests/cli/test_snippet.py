import re

from shared.keys import links
from shared.keys.signing import Keys
from shared.values import utc_now
from tests.cli.conftest import Earshot


def test_each_rating_is_a_link_that_opens(earshot: Earshot, stage: str, keys: Keys) -> None:
    ran = earshot("snippet", "checkout", "--ref", "order-1234", "--language", "ar")
    found = re.findall(r'href="http://127.0.0.1:4000/f/([^"?]+)\?r=(\d)"', ran.out)
    assert [rating for _, rating in found] == ["1", "2", "3", "4", "5"]
    assert {links.read(token, keys, utc_now()).ref for token, _ in found} == {"order-1234"}
    assert ran.out.startswith('<div lang="ar" dir="rtl">')
    assert "<script" not in ran.out


def test_a_language_that_is_not_spoken_is_bad_usage(earshot: Earshot, stage: str) -> None:
    assert earshot("snippet", "checkout", "--language", "fr").status == 2
