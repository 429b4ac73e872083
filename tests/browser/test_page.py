"""The page as a customer uses it: tapped, typed, by keyboard, without a connection, without JavaScript."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from functions.capture_web import opening
from functions.capture_web.pages import Pages, Step
from shared.config.model import Config
from shared.keys.links import Link
from shared.model.scales import Scale
from shared.values import utc_now
from tests.browser.conftest import PHONE, Visit
from tests.kit.web_customer import Customer

Open = Callable[..., Visit]

ENGLISH = {"locale": "en-GB"}
ARABIC = {"locale": "ar-EG"}


def rating(page: Page, name: str) -> Any:
    return page.get_by_role("radio", name=name, exact=True)


def tap(page: Page, name: str) -> None:
    page.locator("label.choice", has_text=re.compile(f"^{name}$")).click()


def asks_what_happened(page: Page) -> None:
    expect(page.get_by_label("What happened?")).to_be_visible()


class TestTapping:
    def test_the_page_is_one_request_and_the_browser_has_no_complaint(
        self, visit: Open, base_url: str, customer: Customer
    ) -> None:
        seen = visit(**ENGLISH)
        seen.page.goto(base_url + customer.link)
        tap(seen.page, "Bad")
        asks_what_happened(seen.page)
        assert [request.method for request in seen.requests] == ["GET", "POST"]
        assert seen.complaints == []

    def test_a_mistake_that_was_put_right_leaves_no_trace_and_loses_nothing(
        self, visit: Open, base_url: str, customer: Customer
    ) -> None:
        page = visit(**ENGLISH).page
        page.goto(base_url + customer.link)
        tap(page, "Bad")
        asks_what_happened(page)
        page.get_by_text("A wrong price").click()
        page.get_by_label("What happened?").fill("Charged twice.")
        page.get_by_label("May we answer you?").fill("abc")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#contact-problem")).to_be_visible()  # the server's page, with all that was said

        page.get_by_label("May we answer you?").fill("ada@example.org")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
        [item] = customer.all_stored()
        feedback = customer.stored(item["id"]["S"]).feedback
        assert (feedback.reasons, feedback.team, feedback.comment) == (("price",), "care", "Charged twice.")
        page.get_by_text("Change my answer").click()
        expect(page.locator("#contact-problem")).to_have_count(0)
        expect(page.locator("[aria-invalid]")).to_have_count(0)

    def test_a_tap_is_stored_at_once_and_the_words_amend_it(
        self, visit: Open, base_url: str, customer: Customer
    ) -> None:
        page = visit(**ENGLISH).page
        page.goto(base_url + customer.link)
        tap(page, "Bad")
        asks_what_happened(page)
        [item] = customer.all_stored()
        assert item["rating"] == {"N": "2"}
        page.get_by_label("What happened?").fill("Twenty minutes,\none till open. 👩🏽‍🍳")
        page.get_by_text("The queue").click()
        page.get_by_label("May we answer you?").fill("ada@example.org")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
        feedback = customer.stored(item["id"]["S"]).feedback
        assert (feedback.rating, feedback.reasons) == (2, ("queue",))
        assert feedback.comment == "Twenty minutes,\none till open. 👩🏽‍🍳"
        assert feedback.customer.email == "ada@example.org"

    def test_tapping_twice_is_one_answer(self, visit: Open, base_url: str, customer: Customer) -> None:
        page = visit(**ENGLISH).page
        page.goto(base_url + customer.link)
        page.locator("label.choice", has_text="Bad").dblclick()
        asks_what_happened(page)
        [item] = customer.all_stored()
        assert item["revision"] == {"N": "1"}

    def test_the_last_tap_counts(self, visit: Open, base_url: str, customer: Customer) -> None:
        seen = visit(**ENGLISH)
        seen.page.goto(base_url + customer.link)
        tap(seen.page, "Bad")
        with seen.page.expect_response(lambda reply: '"rating":4' in (reply.request.post_data or "")):
            tap(seen.page, "Good")
        [item] = customer.all_stored()
        assert item["rating"] == {"N": "4"}

    def test_an_answer_can_be_changed_after_the_thanks(self, visit: Open, base_url: str, customer: Customer) -> None:
        page = visit(**ENGLISH).page
        page.goto(base_url + customer.link)
        tap(page, "Bad")
        asks_what_happened(page)
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Change my answer").click()
        page.get_by_label("What happened?").fill("It was the price.")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_label("What happened?")).to_be_hidden()
        [item] = customer.all_stored()
        assert item["comment"] == {"S": "It was the price."}

    def test_a_refused_address_is_explained_and_the_words_are_kept(
        self, visit: Open, base_url: str, customer: Customer
    ) -> None:
        page = visit(**ENGLISH).page
        page.goto(base_url + customer.link)
        tap(page, "Bad")
        asks_what_happened(page)
        page.get_by_label("What happened?").fill("Mine.")
        page.get_by_label("May we answer you?").fill("nowhere")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("Please check this")).to_be_visible()
        expect(page.get_by_label("What happened?")).to_have_value("Mine.")
        expect(page.get_by_label("May we answer you?")).to_be_focused()
        page.get_by_label("May we answer you?").fill("ada@example.org")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
        [item] = customer.all_stored()
        assert (item["comment"], item["customer_email"]) == ({"S": "Mine."}, {"S": "ada@example.org"})


class TestScanners:
    """Programs open links and run scripts; only a person's gesture counts."""

    def test_a_rating_brought_by_the_link_waits_for_a_person(
        self, visit: Open, base_url: str, customer: Customer
    ) -> None:
        seen = visit(**ENGLISH)
        seen.stops_the_clock()
        seen.page.goto(f"{base_url}{customer.link}?r=2")
        seen.passes(3600)
        assert seen.posted == []
        assert customer.all_stored() == []
        seen.page.get_by_role("heading").click()
        seen.passes(1)
        asks_what_happened(seen.page)
        assert [answer["rating"] for answer in seen.posted] == [2]

    def test_a_first_tap_on_another_rating_stores_only_that_one(
        self, visit: Open, base_url: str, customer: Customer
    ) -> None:
        seen = visit(**ENGLISH)
        seen.page.goto(f"{base_url}{customer.link}?r=2")
        tap(seen.page, "Great")
        asks_what_happened(seen.page)
        assert [answer["rating"] for answer in seen.posted] == [5]

    def test_clicks_made_by_a_script_store_nothing(self, visit: Open, base_url: str, customer: Customer) -> None:
        seen = visit(**ENGLISH)
        seen.stops_the_clock()
        seen.page.goto(base_url + customer.link)
        seen.page.evaluate(
            """() => {
                for (const each of document.querySelectorAll("input, label, h1")) each.click()
                document.body.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }))
                document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, key: "Enter" }))
            }"""
        )
        seen.passes(3600)
        assert seen.posted == []
        assert customer.all_stored() == []


class TestKeyboard:
    def test_the_scale_is_one_tab_stop(self, visit: Open, base_url: str, customer: Customer) -> None:
        page = visit(**ENGLISH).page
        page.goto(base_url + customer.link)
        page.keyboard.press("Tab")
        expect(rating(page, "Awful")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Send")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="العربية")).to_be_focused()

    def test_space_stores_at_once(self, visit: Open, base_url: str, customer: Customer) -> None:
        seen = visit(**ENGLISH)
        seen.page.goto(base_url + customer.link)
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Space")
        asks_what_happened(seen.page)
        assert [answer["rating"] for answer in seen.posted] == [1]

    def test_arrows_pass_over_ratings_and_the_one_they_stop_at_is_stored(
        self, visit: Open, base_url: str, customer: Customer
    ) -> None:
        seen = visit(**ENGLISH)
        seen.stops_the_clock()
        seen.page.goto(base_url + customer.link)
        seen.page.keyboard.press("Tab")
        for _ in range(3):
            seen.page.keyboard.press("ArrowRight")
            seen.passes(0.5)
        expect(rating(seen.page, "Good")).to_be_checked()
        assert seen.posted == []
        seen.passes(1)
        asks_what_happened(seen.page)
        assert [answer["rating"] for answer in seen.posted] == [4]

    @pytest.mark.parametrize(("options", "direction"), [(ENGLISH, 1), (ARABIC, -1)])
    def test_arrows_follow_what_is_seen(
        self, visit: Open, base_url: str, customer: Customer, options: dict[str, str], direction: int
    ) -> None:
        page = visit(**options).page
        page.goto(base_url + customer.link)
        page.keyboard.press("Tab")
        places = [place_of_focus(page)]
        onward, back = ("ArrowRight", "ArrowLeft")[::direction]
        for key in (onward, onward, back):
            page.keyboard.press(key)
            places.append(place_of_focus(page))
        steps = [round((after - before) * direction) for before, after in pairwise(places)]
        assert steps[0] > 0
        assert steps == [steps[0], steps[0], -steps[0]]

    def test_arrows_go_round_in_right_to_left_too(self, visit: Open, base_url: str, customer: Customer) -> None:
        page = visit(**ARABIC).page
        page.goto(base_url + customer.link)
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        expect(rating(page, "ممتاز")).to_be_checked()
        page.keyboard.press("ArrowLeft")
        expect(rating(page, "سيئ جدًا")).to_be_checked()


def place_of_focus(page: Page) -> float:
    place: float = page.evaluate("() => document.activeElement.getBoundingClientRect().x")
    return place


class TestFailures:
    def test_without_a_connection_the_answer_is_kept_and_sent_when_it_is_back(
        self, visit: Open, base_url: str, customer: Customer
    ) -> None:
        page = visit(**ENGLISH).page
        page.goto(base_url + customer.link)
        page.context.set_offline(True)
        tap(page, "Bad")
        expect(page.get_by_role("status")).to_contain_text("We cannot be reached")
        assert customer.all_stored() == []
        page.context.set_offline(False)
        asks_what_happened(page)
        page.context.set_offline(True)
        page.get_by_label("What happened?").fill("Still here.")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("status")).to_contain_text("We cannot be reached")
        expect(page.get_by_label("What happened?")).to_have_value("Still here.")
        page.context.set_offline(False)
        expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
        [item] = customer.all_stored()
        assert item["comment"] == {"S": "Still here."}

    def test_a_server_that_fails_is_asked_again(self, visit: Open, base_url: str, customer: Customer) -> None:
        seen = visit(**ENGLISH)
        seen.stops_the_clock()
        seen.page.goto(base_url + customer.link)
        failures = iter([500, 429])

        def fail_twice(route: Route) -> None:
            status = next(failures, None)
            route.fulfill(status=status, body='{"message": "busy"}') if status else route.continue_()

        seen.page.route("**/f/*", fail_twice)
        tap(seen.page, "Bad")
        for _ in range(2):
            with seen.page.expect_response("**/f/*"):
                seen.passes(10)
            expect(seen.page.get_by_role("status")).to_contain_text("We cannot be reached")
        seen.passes(10)
        asks_what_happened(seen.page)
        assert [answer["rating"] for answer in seen.posted] == [2, 2, 2]

    def test_words_that_come_too_late_are_shown_to_be_copied(
        self, visit: Open, base_url: str, customer: Customer, capture_web: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = visit(**ENGLISH)
        seen.page.goto(base_url + customer.link)
        tap(seen.page, "Bad")
        asks_what_happened(seen.page)
        seen.page.get_by_label("What happened?").fill("Twenty minutes,\n<one> till open.")
        monkeypatch.setattr(opening, "utc_now", lambda: utc_now() + timedelta(days=31))
        seen.page.get_by_role("button", name="Send").click()
        expect(seen.page.get_by_role("heading", name="This link has come to its end")).to_be_visible()
        expect(seen.page.get_by_role("textbox")).to_have_value("Twenty minutes,\n<one> till open.")
        expect(seen.page.get_by_role("textbox")).not_to_be_editable()
        assert all("410" in complaint for complaint in seen.complaints)

    def test_a_page_without_the_words_never_takes_the_place_of_one_that_has_them(
        self, visit: Open, base_url: str, customer: Customer
    ) -> None:
        page = visit(**ENGLISH).page
        page.goto(base_url + customer.link)
        tap(page, "Bad")
        asks_what_happened(page)
        page.get_by_label("What happened?").fill("Mine.")

        def refuse(route: Route) -> None:
            is_form = "json" not in route.request.headers["content-type"]
            error = '{"error": {"code": "link_expired", "message": "Over."}}'
            route.fulfill(status=410, body="<main><h1>Gone</h1></main>" if is_form else error, content_type="text/html")

        page.route("**/f/*", refuse)
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("status")).to_contain_text("Your answer is kept here")
        expect(page.get_by_label("What happened?")).to_have_value("Mine.")

    def test_far_too_many_words_are_said_to_be_so(self, visit: Open, base_url: str, customer: Customer) -> None:
        page = visit(**ENGLISH).page
        page.goto(base_url + customer.link)
        tap(page, "Bad")
        asks_what_happened(page)
        page.get_by_label("What happened?").fill("x" * 70_000)
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("up to 5,000 characters")).to_be_visible()
        expect(page.get_by_label("What happened?")).to_have_value("x" * 70_000)


class TestWithoutJavaScript:
    def test_the_form_does_everything(self, visit: Open, base_url: str, customer: Customer) -> None:
        page = visit(**ENGLISH, java_script_enabled=False).page
        page.goto(base_url + customer.link)
        expect(page.get_by_label("What happened?")).to_be_hidden()
        tap(page, "Bad")
        page.get_by_role("button", name="Send").click()
        asks_what_happened(page)
        page.get_by_label("What happened?").fill("x" * 5001)
        page.get_by_text("The queue").click()
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("up to 5,000 characters")).to_be_visible()
        expect(page.get_by_label("What happened?")).to_have_value("x" * 5001)
        page.get_by_label("What happened?").fill("Shorter.")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
        [item] = customer.all_stored()
        assert (item["rating"], item["comment"], item["reasons"]) == (
            {"N": "2"},
            {"S": "Shorter."},
            {"L": [{"S": "queue"}]},
        )


CONTRASTS = """() => {
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = channels(getComputedStyle(each).backgroundColor)
      if (colour.length === 3 || colour[3] === 1) return colour
    }
    return [255, 255, 255]
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const found = []
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement
    const unseen = !element.checkVisibility() || element.closest(".trap, script, style")
    if (unseen || !texts.currentNode.data.trim()) continue
    const pair = [channels(getComputedStyle(element).color), behind(element)].map((each) => luminance(each) + 0.05)
    found.push([texts.currentNode.data.trim(), Math.max(...pair) / Math.min(...pair)])
  }
  return found
}"""

SMALL_TARGETS = """() => [...document.querySelectorAll(".choice, .pick, button, textarea, #contact, a, summary")]
  .filter((each) => each.checkVisibility())
  .map((each) => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44).map(([name]) => name)"""


class TestForEveryone:
    """Every scale, in both languages, by day and by night, on the smallest usual phone."""

    def draw(self, page: Page, config: Config, scale: Scale, language: str, step: Step) -> None:
        touchpoint = config.touchpoints["checkout"].model_copy(update={"scale": scale})
        pages = Pages(config.model_copy(update={"touchpoints": {"checkout": touchpoint}}))
        link = Link("checkout", None, "order-1234", utc_now())
        page.set_content(pages.form(link, language, step, {"rating": "1", "comment": "Words", "reasons": ["queue"]}))

    @pytest.mark.parametrize("scale", Scale)
    @pytest.mark.parametrize("language", ["en", "ar"])
    @pytest.mark.parametrize("colour_scheme", ["light", "dark"])
    def test_text_can_be_read_and_targets_can_be_hit(
        self, visit: Open, config: Config, scale: Scale, language: str, colour_scheme: str
    ) -> None:
        page = visit(color_scheme=colour_scheme).page
        for step in Step:
            self.draw(page, config, scale, language, step)
            contrasts = page.evaluate(CONTRASTS)
            assert len(contrasts) > 2
            assert [each for each in contrasts if each[1] < 4.5] == []
            assert page.evaluate(SMALL_TARGETS) == []
            assert page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]

    @pytest.mark.parametrize("scale", Scale)
    @pytest.mark.parametrize("language", ["en", "ar"])
    def test_the_scale_mirrors_and_every_rating_has_a_name(
        self, visit: Open, config: Config, scale: Scale, language: str
    ) -> None:
        page = visit().page
        self.draw(page, config, scale, language, Step.RATE)
        names = page.get_by_role("radiogroup").or_(page.get_by_role("group")).get_by_role("radio").all()
        assert len(names) == len(scale.ratings)
        for radio in names:
            assert radio.evaluate("it => it.labels[0].innerText.trim()")
        first, second = (radio.bounding_box() for radio in names[:2])
        assert first
        assert second
        if scale is not Scale.CSAT5:  # one below the other
            assert (first["x"] < second["x"]) == (language == "en")

    def test_the_trap_is_neither_seen_nor_reached(self, visit: Open, config: Config) -> None:
        page = visit().page
        self.draw(page, config, Scale.SMILE5, "en", Step.TELL)
        trap = page.locator("[name=homepage]")
        expect(trap).not_to_be_in_viewport()
        assert trap.get_attribute("tabindex") == "-1"
        assert trap.evaluate("it => !!it.closest('[aria-hidden=true]')")
