"""A team's page as its people use it: on a phone, by keyboard, in both directions of writing."""

import re
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType

import pytest
from playwright.sync_api import Page, expect

from functions.team.pages import Pages
from shared.config.model import Config
from shared.feedback.store import Store
from shared.values import utc_now
from tests.browser.conftest import Visit, has_room, sign_in
from tests.functions.team.conftest import PRIYA, mails
from tests.kit.factories import an_answer

Open = Callable[..., Visit]


def open_routes(page: Page, team_url: str, module: ModuleType) -> None:
    """Sign in, and go from the inbox to the routes."""
    sign_in(page, team_url, module)
    page.get_by_role("link", name=re.compile("Routes|المسارات")).click()


def test_a_team_subscribes_on_a_phone_and_the_browser_has_no_complaint(
    visit: Open,
    team_url: str,
    team: ModuleType,
    store: Store,
    config: Config,
) -> None:
    store.capture(an_answer(reasons=("queue",), comment="One till open."), config, utc_now() - timedelta(days=1))
    seen = visit()
    page = seen.page
    open_routes(page, team_url, team)
    expect(page.get_by_role("heading", name="Tills and queues")).to_be_visible()
    page.get_by_label("Name").fill("queues")
    page.get_by_label("Which feedback").fill("reason = queue")
    page.get_by_label("Kind 1").select_option("Microsoft Teams")
    page.get_by_label("Kind 1").select_option("Email")
    page.get_by_label("Address 1").fill("lead@fernleaf.example")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    page.get_by_role("button", name="Show what it would have caught").click()
    expect(page.get_by_text("One till open.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved. It is in force now.")
    expect(page.get_by_role("heading", name="queues", exact=True)).to_be_visible()
    assert has_room(page)
    assert seen.complaints == []


def test_a_link_opens_where_it_was_asked_for_and_on_another_device_with_the_code_of_that_page(
    visit: Open, team_url: str
) -> None:
    laptop, phone = visit().page, visit().page

    def ask() -> tuple[str, str]:
        """The code that the laptop shows, and the address in the mail."""
        laptop.goto(f"{team_url}/t/sign_in")
        laptop.get_by_label("Your email address").fill(PRIYA)
        laptop.get_by_role("button", name="Mail me a link").click()
        code = laptop.locator("code").inner_text()
        [token, *_] = re.findall(r"/t/([\w.-]+)", mails()[-1].body)
        return code, f"{team_url}/t/{token}"

    code, link = ask()
    phone.goto(link)
    phone.get_by_label("Code").fill("000000" if code != "000000" else "111111")
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("alert")).to_contain_text("This is not the code")
    phone.get_by_label("Code").fill(code)
    phone.get_by_role("button", name="Sign in").click()
    phone.wait_for_url(f"{team_url}/t/tills")

    _, link = ask()
    laptop.goto(link)
    expect(laptop.get_by_label("Code")).to_have_count(0)
    laptop.get_by_role("button", name="Sign in").click()
    laptop.wait_for_url(f"{team_url}/t/tills")


def test_the_link_of_a_card_in_webmail_opens_the_feedback_for_whoever_is_signed_in(
    visit: Open, team_url: str, team: ModuleType, store: Store, config: Config
) -> None:
    id = store.capture(an_answer(comment="One till open."), config, utc_now()).revision.feedback.id
    page = visit().page
    sign_in(page, team_url, team)
    page.goto(f"data:text/html,<a href='{team_url}/t/tills?feedback={id}'>Read all of it</a>")
    page.get_by_text("Read all of it").click()
    expect(page.get_by_text("One till open.")).to_be_visible()


def test_a_mistake_is_announced_and_what_was_typed_is_still_there(
    visit: Open,
    team_url: str,
    team: ModuleType,
) -> None:
    page = visit().page
    open_routes(page, team_url, team)
    page.get_by_label("Name").fill("queues")
    page.get_by_label("Which feedback").fill("moood = unhappy")
    page.get_by_label("Address 1").fill("lead@fernleaf.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("did you mean 'mood'?")
    expect(page.get_by_label("Which feedback")).to_have_value("moood = unhappy")


def test_the_page_is_whole_from_right_to_left(
    visit: Open,
    team_url: str,
    team: ModuleType,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    business = config.business.model_copy(update={"languages": ("ar", "en")})
    monkeypatch.setattr(team.visits, "pages", Pages(config.model_copy(update={"business": business})))
    page = visit().page
    open_routes(page, team_url, team)
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    expect(page.get_by_role("button", name="عرض ما كان سيلتقطه")).to_be_visible()
    assert has_room(page)
