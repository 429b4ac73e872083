"""What the way out of a mail shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.unsubscribe.pages import Pages
from shared.config.model import Config
from shared.languages.packs import LANGUAGES
from tests.kit.markup import read

EVERY = ("ask", "done", "unknown", "unavailable")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_has_a_title_of_its_own_which_heads_it(config: Config, language: str) -> None:
    pages = [read(Pages(config).render(language, what)) for what in EVERY]
    titles = [page.texts["title"][0] for page in pages]
    assert len(set(titles)) == len(EVERY)
    assert [page.texts["h1"][0] for page in pages] == [title.partition(" · ")[0] for title in titles]


@given(st.text(min_size=1) | st.sampled_from(["Fern & Leaf", "<b>Leaf</b>", "{business}"]))
def test_the_name_of_the_business_is_text(config: Config, name: str) -> None:
    business = config.business.model_copy(update={"name": name})
    pages = Pages(config.model_copy(update={"business": business}))
    for what in EVERY:
        found = read(pages.render("en", what))
        assert found.shape == read(Pages(config).render("en", what)).shape
        assert found.texts["span"] == [name]
