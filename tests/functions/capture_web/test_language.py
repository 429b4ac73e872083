import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.capture_web.language import choose

OFFERED = ("en", "ar")


@pytest.mark.parametrize(
    ("accept", "spoken"),
    [
        ("ar", "ar"),
        ("AR-eg", "ar"),
        ("fr-FR, fr;q=0.9, ar;q=0.5, en;q=0.4", "ar"),
        ("en;q=0.4, ar;q=0.5", "ar"),
        ("ar;q=0, en", "en"),
        ("*", "en"),
        ("zh", "en"),
        ("", "en"),
        ("ar;q=much, en;q=0.1", "ar"),
        (";;,,;q=", "en"),
    ],
)
def test_the_best_language_that_is_offered_is_spoken(accept: str, spoken: str) -> None:
    assert choose(OFFERED, None, accept) == spoken


def test_a_language_asked_for_comes_before_what_the_browser_says() -> None:
    assert choose(OFFERED, "ar", "en") == "ar"
    assert choose(OFFERED, "fr", "ar") == "ar"


@given(st.text(), st.none() | st.text())
def test_any_header_leads_to_a_language_that_is_offered(accept: str, asked: str | None) -> None:
    assert choose(OFFERED, asked, accept) in OFFERED
