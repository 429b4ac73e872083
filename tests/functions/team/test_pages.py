"""What a team's pages make of the words of others, and what each is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.team.cases import CaseLook, Heard, Inbox, More, Voices
from functions.team.pages import Pages
from functions.team.routes import Done, Look
from shared.cases.answers import Reach
from shared.config.load import load
from shared.config.model import Config, Route
from shared.deliveries.health import Health
from shared.languages.packs import LANGUAGES
from shared.mail.received import MailOutcome, MailRecord
from shared.model.case import Case, Entry, Found, Move
from shared.model.feedback import Channel, Customer, Revision
from shared.routes.rehearsal import Rehearsal
from shared.text.lines import one_line
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


def a_case(words: str) -> tuple[CaseLook, More]:
    """A case in whose story everybody wrote these words."""
    entry = Entry(at=RECEIVED_AT, who="customer", what=Move.SAY, text=words, message="m-1")
    case = Case(opened_at=RECEIVED_AT, due_at=RECEIVED_AT, owner="priya@fernleaf.example", last=entry, moves=1)
    customer = Customer(name=words, email="ana@example.org")
    revision = a_revision(comment=words, place=words, customer=customer)
    look = CaseLook(
        Found(revision, case, (entry,)), Reach(Channel.EMAIL, "ana@example.org", ""), {"m-1": {"failure": words}}
    )
    mail = MailRecord(id="m", outcome=MailOutcome.FEEDBACK, at=RECEIVED_AT, attachments=(words,), whole=words)
    voices = Voices(words, "checkout", 0, 1, revision.feedback.id)
    return look, More([mail], None, {"refund": 100}, [(voices, 3)], others_complete=True)


def cases_shown(pages: Pages, words: str) -> dict[str, str]:
    """The pages about cases, with these words wherever they can stand."""
    look, more = a_case(words)
    feedback, found = look.found.feedback, look.found
    typed = {"action": "reply", "text": words}
    return {
        "inbox": pages.inbox("tills", ["tills"], PRIYA, Inbox([found], [found]), "v", RECEIVED_AT),
        "case": pages.case("tills", PRIYA, look, more, "v", RECEIVED_AT, error=words, typed=typed),
        "case to read": pages.case("tills", None, look, more, "v", RECEIVED_AT),
        "voices": pages.voices(
            "tills", PRIYA, Voices(words, None, 0, 1, feedback.id), Heard([feedback], complete=True), RECEIVED_AT
        ),
    }


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
        **cases_shown(pages, words),
    }


@given(WORDS)
def test_the_words_of_others_are_shown_as_text_and_never_become_markup(words: str) -> None:
    pages = Pages(in_language("en"))
    harmless = shown(pages, "harmless")
    for name, page in shown(pages, words).items():
        found = read(page)
        assert found.shape == read(harmless[name]).shape, name
        assert (one_line(words) if name == "inbox" else words) in found.text, name


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
            *(page for name, page in cases_shown(pages, "Late.").items() if name != "case to read"),
        )
    ]
    titles = [page.texts["title"] for page in found]
    assert all(len(title) == 1 and title[0].split(" · ")[0] for title in titles)
    assert len({title[0] for title in titles}) == len(found)
    assert all(len(page.texts["h1"]) == 1 and page.texts["h1"][0] for page in found)
