"""A team's cases on phones: two people, each in a browser of their own, and a page that works without a script."""

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType

import pytest
from playwright.sync_api import Page, expect

from functions.team.pages import Pages
from shared.cases.cases import Cases
from shared.config.model import Config
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.case_links import CaseLink
from shared.keys.signing import Keys
from shared.model.case import CaseState
from shared.model.feedback import Channel, Customer
from shared.values import utc_now
from tests.browser.conftest import Visit, has_room, sign_in
from tests.functions.team.conftest import AMAL
from tests.kit.factories import an_answer

Open = Callable[..., Visit]

SMALL = {"width": 320, "height": 568}
TOM = "tom@fernleaf.example"
ANA = Customer(name="Ana", phone="+447400123456")
WORDS = (
    "I paid twice for the same basket, and the person at the till told me to come back tomorrow with the receipt, "
    "which I do not have any more since you stopped printing them."
)
ID = answer_id("a tap")
EVERY = 15
"""Seconds between two looks of the page's script."""

# Controls and links that a finger has to meet, and are smaller than it.
SMALL_TARGETS = """() => {
  const targets = document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")
  const small = [...targets].filter((it) => it.checkVisibility() && it.getBoundingClientRect().height < 43.5)
  return small.map((it) => it.outerHTML.slice(0, 120))
}"""


@pytest.fixture
def complaint(store: Store, config: Config) -> str:
    """Ana texted about a price, 25 minutes ago."""
    said = an_answer(channel=Channel.SMS, comment=WORDS, customer=ANA, reasons=("price",))
    store.capture(said, config, utc_now() - timedelta(minutes=25))
    return ID


def open_case(page: Page, team_url: str, module: ModuleType, email: str) -> None:
    """Sign in, and open the case from the inbox."""
    sign_in(page, team_url, module, email, "care")
    page.locator("a.case").first.click()


def lower_edge(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["y"] + box["height"]


def test_a_colleague_sees_who_took_it_without_touching_the_page(
    visit: Open, team_url: str, team: ModuleType, complaint: str
) -> None:
    amal, tom = visit(viewport=SMALL), visit(viewport=SMALL)
    tom.page.clock.install()
    open_case(tom.page, team_url, team, TOM)
    expect(tom.page.get_by_role("button", name="Take it")).to_be_visible()
    open_case(amal.page, team_url, team, AMAL)
    amal.page.get_by_role("button", name="Take it").click()
    expect(amal.page.get_by_text("Amal Haddad has taken it.")).to_be_visible()
    tom.passes(EVERY)
    expect(tom.page.get_by_text("Amal Haddad has taken it.")).to_be_visible()
    expect(tom.page.get_by_role("button", name="Take it")).to_have_count(0)
    tom.passes(EVERY)
    assert [answer for seen in (amal, tom) for answer in seen.complaints] == []


def test_an_inbox_that_is_open_shows_what_comes(
    visit: Open, team_url: str, team: ModuleType, store: Store, config: Config, complaint: str
) -> None:
    seen = visit()
    seen.page.clock.install()
    sign_in(seen.page, team_url, team, AMAL, "care")
    expect(seen.page.locator("a.case")).to_have_count(1)
    store.capture(an_answer("another", comment="Me too.", reasons=("price",)), config, utc_now())
    seen.passes(EVERY)
    expect(seen.page.locator("a.case")).to_have_count(2)


def test_whoever_is_writing_is_told_what_happened_and_loses_no_word(
    visit: Open, team_url: str, team: ModuleType, complaint: str, store: Store
) -> None:
    amal, tom = visit(), visit()
    amal.page.clock.install()
    open_case(amal.page, team_url, team, AMAL)
    field = amal.page.get_by_label("Your answer")
    field.fill("Dear Ana, ")
    open_case(tom.page, team_url, team, TOM)
    tom.page.get_by_label("Your answer").fill("We pay it back today.")
    tom.page.get_by_role("button", name="Send an answer").click()
    expect(tom.page.get_by_text("Tom Whitaker has answered.")).to_be_visible()
    amal.passes(EVERY)
    expect(amal.page.get_by_role("status")).to_have_text("Meanwhile: Tom Whitaker has answered.")
    expect(field).to_have_value("Dear Ana, ")
    expect(amal.page.get_by_text("We pay it back today.")).to_have_count(0)
    amal.page.get_by_role("button", name="Show it").click()
    expect(amal.page.get_by_text("We pay it back today.")).to_be_visible()
    expect(field).to_have_value("Dear Ana, ")


def test_a_page_that_nobody_looks_at_asks_for_nothing(
    visit: Open, team_url: str, team: ModuleType, complaint: str
) -> None:
    seen = visit()
    seen.page.clock.install()
    open_case(seen.page, team_url, team, AMAL)
    before = len(seen.requests)
    seen.page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    seen.passes(4 * EVERY)
    assert len(seen.requests) == before


def test_whoever_was_signed_out_elsewhere_sees_so(visit: Open, team_url: str, team: ModuleType, complaint: str) -> None:
    seen = visit()
    seen.page.clock.install()
    open_case(seen.page, team_url, team, AMAL)
    team.visits.sessions.end_all(AMAL, utc_now())
    seen.passes(EVERY)
    expect(seen.page.get_by_role("button", name="Mail me a link")).to_be_visible()


def test_it_takes_three_taps_from_a_card_to_an_answer(
    visit: Open, team_url: str, team: ModuleType, complaint: str, keys: Keys, store: Store
) -> None:
    page = visit(viewport=SMALL).page
    sign_in(page, team_url, team, AMAL, "care")
    key = CaseLink("care", ID).token(keys, utc_now())
    page.goto(f"{team_url}/t/care?feedback={ID}&key={key}")  # the first, on the card
    page.get_by_label("Your answer").tap()
    page.keyboard.type("We pay it back today.")
    page.get_by_role("button", name="Send an answer").tap()
    expect(page.get_by_text("Amal Haddad has answered.")).to_be_visible()
    found = Cases(store.client, store.table).get(ID)
    assert found
    assert found.case.state is CaseState.ANSWERED


@pytest.mark.parametrize("javascript", [True, False])
def test_everything_works_with_a_script_and_without(
    visit: Open, team_url: str, team: ModuleType, complaint: str, javascript: bool
) -> None:
    seen = visit(java_script_enabled=javascript)
    page = seen.page
    open_case(page, team_url, team, AMAL)
    page.get_by_role("button", name="Take it").click()
    expect(page.get_by_text("Amal Haddad has taken it.")).to_be_visible()
    page.locator("summary", has_text="I had to say no because of a rule").click()
    page.get_by_label("Which rule").fill("No refund without a receipt.")
    page.get_by_role("button", name="I had to say no because of a rule").click()
    expect(page.get_by_text("No refund without a receipt.")).to_be_visible()
    page.locator("summary", has_text="Pass it to another team").click()
    page.get_by_label("To", exact=True).select_option("Tills and queues")
    page.get_by_label("Why it is theirs").fill("The till charged twice.")
    page.get_by_role("button", name="Pass it to another team").click()
    expect(page.get_by_text("has this now. You can read it")).to_be_visible()
    page.reload()
    expect(page.get_by_text("The till charged twice.")).to_have_count(1)
    assert seen.complaints == []


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_the_smallest_phone_the_words_place_age_due_time_and_one_button_are_seen_at_once(
    visit: Open,
    team_url: str,
    team: ModuleType,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    complaint: str,
    language: str,
    scheme: str,
) -> None:
    business = config.business.model_copy(update={"languages": (language, "en")})
    monkeypatch.setattr(team.visits, "pages", Pages(config.model_copy(update={"business": business})))
    page = visit(viewport=SMALL, color_scheme=scheme).page
    sign_in(page, team_url, team, AMAL, "care")
    assert has_room(page)
    assert page.evaluate(SMALL_TARGETS) == []
    page.locator("a.case").first.click()
    expect(page.locator("article .said")).to_be_visible()
    assert lower_edge(page, "article button") <= SMALL["height"]
    assert lower_edge(page, "article dl") < lower_edge(page, "article button")
    for details in page.locator("summary").all():
        details.click()
    assert has_room(page)
    assert page.evaluate(SMALL_TARGETS) == []


@pytest.mark.parametrize(
    "words",
    ["We waited and waited. " * 7 + "Why?", "Nobody came. " * 200, "No.\n" * 40, "W" * 400, "\n\n\nLate."],
    ids=["as many as are shown", "many", "lines", "one word", "blank lines"],
)
def test_however_much_they_wrote_the_button_is_on_the_first_screen_and_all_words_are_one_tap_away(
    visit: Open, team_url: str, team: ModuleType, store: Store, config: Config, words: str
) -> None:
    said = an_answer(comment=words, customer=ANA, reasons=("price",))
    store.capture(said, config, utc_now() - timedelta(days=3))
    page = visit(viewport=SMALL).page
    open_case(page, team_url, team, AMAL)
    expect(page.get_by_text("Overdue since")).to_be_visible()
    assert lower_edge(page, "article button") <= SMALL["height"]
    if page.locator("#whole").count():
        page.locator("#whole summary").click()
    assert words.strip() in page.locator("article").inner_text()
    assert has_room(page)
