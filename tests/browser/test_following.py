"""A customer's own link to what became of it, on the smallest phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.config.model import Config
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.follow_links import FollowLink
from shared.keys.signing import Keys
from shared.model.case import Found, Move
from shared.values import utc_now
from tests.browser.conftest import Visit, has_room
from tests.kit.factories import an_answer
from tests.kit.web_customer import Customer

Open = Callable[..., Visit]

ID = answer_id("a tap")
SMALL = {"width": 320, "height": 568}
AMAL = "amal@fernleaf.example"


@pytest.fixture
def resolved(store: Store, config: Config) -> Cases:
    """Charged twice; taken, and paid back."""
    cases = Cases(store.client, store.table)
    store.capture(an_answer(comment="I was charged twice.", reasons=("price",)), config, utc_now())
    now = Now(config, utc_now())
    assert cases.move(changes.take(_found(cases), AMAL, "page", now))
    assert cases.move(changes.resolve(_found(cases), AMAL, "We paid it back today.", "page", None, now))
    return cases


def _found(cases: Cases) -> Found:
    found = cases.get(ID)
    assert found
    return found


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize(("locale", "scheme"), [("en-GB", "light"), ("ar-EG", "dark")])
def test_not_yet_with_words_comes_back_to_the_team(
    visit: Open, base_url: str, keys: Keys, resolved: Cases, locale: str, scheme: str, javascript: bool
) -> None:
    seen = visit(viewport=SMALL, locale=locale, color_scheme=scheme, java_script_enabled=javascript)
    page = seen.page
    page.goto(f"{base_url}{FollowLink(ID).path(keys)}?verdict=not-yet")
    expect(page.get_by_text("We paid it back today.")).to_be_visible()
    assert has_room(page)
    page.locator("#text").fill("Nothing has arrived.")
    page.locator("button[value=not-yet]").click()
    expect(page.get_by_role("status")).not_to_be_empty()
    expect(page.locator("li").last).to_contain_text("Nothing has arrived.")
    assert has_room(page)
    last = _found(resolved).timeline[-1]
    assert (last.what, last.text) == (Move.REOPEN, "Not yet: Nothing has arrived.")
    assert seen.complaints == []


def test_their_phone_keeps_the_way_back(visit: Open, base_url: str, customer: Customer) -> None:
    seen = visit(viewport=SMALL, locale="en-GB")
    page, way_back = seen.page, "See what becomes of this"
    page.goto(base_url + customer.link)
    expect(page.get_by_role("link", name=way_back)).to_have_count(0)
    page.locator("label.choice", has_text="Awful").click()
    page.get_by_label("What happened?").fill("Charged twice.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
    expect(page.get_by_role("link", name=way_back)).to_be_visible()
    page.goto(base_url + customer.link)
    page.get_by_role("link", name=way_back).click()
    expect(page.get_by_text("Charged twice.")).to_be_visible()
    assert seen.complaints == []


def test_what_stands_on_a_counter_for_everybody_keeps_nothing(visit: Open, base_url: str, customer: Customer) -> None:
    page = visit(viewport={"width": 1024, "height": 768}, locale="en-GB").page
    page.goto(base_url + customer.link)
    page.locator("label.choice", has_text="Awful").click()
    expect(page.get_by_label("What happened?")).to_be_visible()
    page.goto(base_url + customer.link)
    expect(page.locator("label.choice").first).to_be_visible()
    expect(page.locator(".follow")).to_be_hidden()
