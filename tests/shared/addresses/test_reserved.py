import pytest

from shared.addresses.reserved import reserved_name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("care@fernleaf.example", "fernleaf.example"),
        ("care@EXAMPLE.org", "example.org"),
        ("care@mail.example.com", "mail.example.com"),
        ("https://hooks.fernleaf.test:8443/cards", "hooks.fernleaf.test"),
        ("https://shop.invalid.", "shop.invalid"),
        ("https://my.localhost/hook", "my.localhost"),
        ("fernleaf.example/help", "fernleaf.example"),
    ],
)
def test_a_name_for_examples_is_found_in_whatever_address_it_stands(address: str, name: str) -> None:
    assert reserved_name(address).casefold() == name  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "address",
    [
        "care@example.co.uk",
        "example@fernleaf.zz",
        "https://example.fernleaf.zz/a.test",
        "https://contest.zz",
        "care@myexample.com",
        "https://fernleaf.zz/?to=care@fernleaf.example",
        "https://[",
        "+447400900100",
        "",
    ],
)
def test_one_that_somebody_can_own_is_none(address: str) -> None:
    assert reserved_name(address) is None
