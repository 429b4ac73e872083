from hypothesis import given
from hypothesis import strategies as st

from shared.config.colours import DARK_CARD, PAPER, READABLE, WHITE, contrast, darkened, lightened

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


@given(colours, colours)
def test_contrast_does_not_depend_on_the_order(one: str, other: str) -> None:
    assert contrast(one, other) == contrast(other, one) >= 1


@given(colours)
def test_every_brand_has_a_shade_that_can_be_read_by_day_and_one_by_night(colour: str) -> None:
    for background in (WHITE, PAPER):
        assert contrast(darkened(colour, background), background) >= READABLE
    assert contrast(lightened(colour), DARK_CARD) >= READABLE
