"""What the pages say, in every language and whatever the configuration says."""

import html
import re
from datetime import timedelta

import pytest

from functions.capture_web.pages import Pages, Step
from shared import errors
from shared.config.model import Config
from shared.errors import EarshotError, InvalidInput, LinkExpired, LinkInvalid, Unavailable
from shared.keys.links import Link
from shared.languages.packs import LANGUAGES, texts
from shared.model.scales import Scale
from shared.values import utc_now

LINK = Link("checkout", "leeds-3", None, utc_now() + timedelta(days=1))
ODD = "Fish & <Chips> $checked_1 $$ ${x} \"quoted\" 'so'"

MET_BY_CUSTOMERS = (
    errors.TooLong,
    errors.Unreadable,
    errors.TooLarge,
    errors.UnsupportedType,
    errors.TooManyChanges,
    Unavailable,
    InvalidInput,
)


@pytest.fixture
def pages(config: Config) -> Pages:
    return Pages(config)


@pytest.mark.parametrize("language", LANGUAGES)
class TestTexts:
    @pytest.mark.parametrize("error", MET_BY_CUSTOMERS)
    def test_every_mistake_is_explained_on_the_form(
        self, pages: Pages, language: str, error: type[EarshotError]
    ) -> None:
        page = pages.form(LINK, language, Step.TELL, {}, error("internal detail", field="reasons"))
        assert html.escape(texts(language)[f"web.problem_{error.code}"]) in page
        assert "internal detail" not in page

    @pytest.mark.parametrize("error", [LinkInvalid, LinkExpired, Unavailable])
    def test_a_link_on_which_nothing_can_be_said_leads_to_another_way(
        self, pages: Pages, config: Config, language: str, error: type[EarshotError]
    ) -> None:
        page = pages.notice(error("internal detail"), language, [("comment", "Mine & <yours>")])
        assert html.escape(texts(language)[f"web.title_{error.code}"]) in page
        assert html.escape(texts(language)[f"web.problem_{error.code}"]) in page
        assert f'href="mailto:{config.business.sender}"' in page
        assert "Mine &amp; &lt;yours&gt;</textarea>" in page

    def test_a_page_that_cannot_be_shown_speaks_of_no_answer(self, pages: Pages, language: str) -> None:
        page = pages.notice(Unavailable("internal detail"), language)
        assert html.escape(texts(language)["web.unshown"]) in page
        assert texts(language)["web.problem_unavailable"] not in page
        assert "<form" not in page

    def test_every_rating_of_every_scale_has_words_or_ends(self, language: str) -> None:
        words = texts(language)
        for scale in Scale:
            named = [f"web.{scale}_{rating}" in words for rating in scale.ratings]
            assert all(named) or (not any(named) and {f"web.{scale}_low", f"web.{scale}_high"} <= words.keys())


def test_what_the_business_calls_itself_is_shown_as_it_stands(config: Config) -> None:
    touchpoint = config.touchpoints["checkout"]
    reason = touchpoint.reasons[0].model_copy(update={"label": {"en": ODD, "ar": ODD}})
    odd = touchpoint.model_copy(update={"question": {"en": ODD, "ar": ODD}, "reasons": (reason,)})
    business = config.business.model_copy(update={"name": ODD})
    pages = Pages(config.model_copy(update={"business": business, "touchpoints": {"checkout": odd}}))
    page = pages.form(LINK, "en", Step.TELL, {"comment": ODD, "contact": ODD, "submission": ODD})
    for place in ("header><span>", "h1>", r"title>What happened\? · ", r"<textarea[^>]*>\n", r'class="pick">[^>]*>'):
        assert re.search(place + re.escape(html.escape(ODD)), page), place
    assert page.count(html.escape(ODD)) == 8
    assert html.escape(ODD) in pages.notice(LinkInvalid(""), "en")


def test_words_that_begin_with_a_new_line_keep_it(pages: Pages) -> None:
    page = pages.form(LINK, "en", Step.TELL, {"comment": "\nwords"})
    assert re.search("<textarea[^>]*>\n\nwords</textarea>", page)  # a browser drops the first one


def test_every_place_in_the_form_is_filled(pages: Pages, config: Config) -> None:
    for language in config.business.languages:
        for step in Step:
            body = pages.form(LINK, language, step, {}).split("<body>")[1].split("<script>")[0]
            assert "$" not in body


def test_a_customers_own_link_says_that_the_latest_answer_counts(pages: Pages) -> None:
    again = re.escape(texts("en")["web.again"])
    own = pages.form(LINK._replace(ref="order-1234"), "en", Step.RATE, {})
    assert re.search(f"<p >{again}", own)
    assert re.search(f"<p hidden>{again}", pages.form(LINK, "en", Step.RATE, {}))
