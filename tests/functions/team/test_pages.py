"""What a team's pages make of the words of others, and what each is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.team.pages import Pages
from functions.team.routes import Done, Look
from shared.config.load import load
from shared.config.model import Config, Route
from shared.deliveries.health import Health
from shared.languages.packs import LANGUAGES
from shared.model.feedback import Revision
from shared.routes.rehearsal import Rehearsal
from tests.kit.factories import RECEIVED_AT, a_revision
from tests.kit.markup import read

PRIYA = "priya@fernleaf.example"
ROUTE = Route(team="tills", to=("email:lead@fernleaf.example",))
NOTHING = Look(routes={}, shadowed=[], disabled={}, tested=None, arrivals={})
WORDS = st.text(min_size=1) | st.sampled_from(["<script>x</script>", '"><img src=x>', "{{ 7 * 7 }}", "</p>", "&amp;"])


def in_language(language: str) -> Config:
    config = load()
    business = config.business.model_copy(update={"languages": (language,)})
    return config.model_copy(update={"business": business})


def rehearsed(revision: Revision) -> Rehearsal:
    return Rehearsal(
        looked_at=3,
        complete=True,
        caught=1,
        latest=(revision,),
        compared=3,
        compared_all=True,
        overlaps={},
        uncaught=1,
        uncaught_latest=(revision,),
    )


def shown(pages: Pages, words: str) -> dict[str, str]:
    """Each page that can hold what others wrote, with these words wherever they can stand."""
    revision = a_revision(comment=words, place=words)
    health = Health(route="queues", target="t", disabled_at=RECEIVED_AT, disabled_why=words)
    typed = {"id": words, "when": words, "kind0": "email", "to0": words}
    look = Look({"queues": ROUTE}, [], {"queues": [(ROUTE.targets[0], health)]}, "tested", {"email:a": words})
    return {
        "feedback": pages.feedback(PRIYA, revision),
        "rehearsal": pages.desk("tills", ["tills"], PRIYA, look, Done(typed=typed, rehearsal=rehearsed(revision))),
        "change": pages.desk("tills", ["tills", "care"], PRIYA, look, Done(error=words, typed=typed | {"change": "1"})),
        "refused": pages.refused(words),
        "enter": pages.enter(words, takes_code=True, error=words),
        "sign in": pages.sign_in(error=words),
    }


@given(WORDS)
def test_the_words_of_others_are_shown_as_text_and_never_become_markup(words: str) -> None:
    pages = Pages(in_language("en"))
    harmless = shown(pages, "harmless")
    for name, page in shown(pages, words).items():
        found = read(page)
        assert found.shape == read(harmless[name]).shape, name
        assert words in found.text, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_has_a_title_and_a_heading_of_its_own(language: str) -> None:
    pages = Pages(in_language(language))
    found = [
        read(page)
        for page in (
            pages.sign_in(),
            pages.sent("123456"),
            pages.enter(PRIYA, takes_code=False),
            pages.refused("This page is another team's."),
            pages.unavailable(),
            pages.feedback(PRIYA, a_revision()),
            pages.desk("tills", ["tills"], PRIYA, NOTHING, Done()),
            pages.desk("care", ["care"], PRIYA, NOTHING, Done()),
            pages.desk("tills", ["tills"], PRIYA, NOTHING, Done(typed={"id": "queues", "change": "1"})),
        )
    ]
    titles = [page.texts["title"] for page in found]
    assert all(len(title) == 1 and title[0].split(" · ")[0] for title in titles)
    assert len({title[0] for title in titles}) == len(found)
    assert all(len(page.texts["h1"]) == 1 and page.texts["h1"][0] for page in found)
