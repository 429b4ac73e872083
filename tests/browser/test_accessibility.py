"""Pages and mails for people who read large, on small screens, or in colours of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from functions.capture_web.pages import Pages as CustomerPages
from functions.capture_web.pages import Step
from functions.notify.mail import render
from functions.team.pages import Pages as TeamPages
from functions.team.routes import Done, Look
from functions.unsubscribe.pages import Pages as UnsubscribePages
from shared.config.model import Config, Route
from shared.keys.links import Link
from shared.mail.letters import Question, Thanks, invitation, notice, sign_in, thanks
from shared.model.scales import Scale
from tests.browser.conftest import Visit
from tests.functions.notify.test_cards import a_card
from tests.functions.team.test_pages import cases_shown
from tests.kit.factories import RECEIVED_AT, a_revision

Open = Callable[..., Visit]

NARROW = {"width": 320, "height": 640}  # what WCAG 1.4.10 asks for
LARGER = 2  # what WCAG 1.4.4 asks for
LANGUAGES = ("en", "ar")
PRIYA = "priya@fernleaf.example"

# As a browser does whose text alone is larger: pages say sizes in rem, mails in pixels.
ENLARGE = """(times) => {
  const all = [...document.querySelectorAll("body, body *")]
  const sizes = all.map((it) => parseFloat(getComputedStyle(it).fontSize) * times)
  all.forEach((it, at) => it.style.setProperty("font-size", `${sizes[at]}px`, "important"))
  document.documentElement.style.fontSize = `${100 * times}%`
}"""
# What sticks out of the screen, or of the card or control that it stands in: elements, and lines of text.
STICKING_OUT = """() => [...document.querySelectorAll("body *")].filter((it) => {
  const box = it.getBoundingClientRect()
  if (!box.width || it.closest(".trap, .hidden, [hidden], option, script")) return false
  const within = "button, summary, .choice, .pick, .card, section, main"
  const sticks = (inner, outer) => {
    const around = outer?.getBoundingClientRect() ?? { left: 0, right: innerWidth }
    return inner.left < around.left - 1 || inner.right > around.right + 1
  }
  const lines = [...it.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).flatMap((node) => {
    const range = document.createRange()
    range.selectNodeContents(node)
    return [...range.getClientRects()]
  })
  const hangs = getComputedStyle(it).whiteSpace === "pre-wrap" // the space at the end of a line may, unseen
  const text = !hangs && lines.some((line) => sticks(line, it.closest(within)))
  return text || sticks(box, it.parentElement.closest(within))
}).map((it) => it.outerHTML.slice(0, 200))"""

EDGE = """(button) => {
  const style = getComputedStyle(button)
  return [style.borderTopWidth, style.borderTopStyle, style.borderTopColor]
}"""


def speaking(config: Config, language: str, scale: Scale = Scale.SMILE5) -> Config:
    """The business in another first language, with another scale at the checkout."""
    business = config.business.model_copy(update={"languages": (language,)})
    checkout = config.touchpoints["checkout"].model_copy(update={"scale": scale})
    return config.model_copy(update={"business": business, "touchpoints": config.touchpoints | {"checkout": checkout}})


def customer_page(config: Config, language: str, scale: Scale, step: Step, **said: Any) -> str:
    link = Link("checkout", None, None, RECEIVED_AT)
    return CustomerPages(speaking(config, language, scale)).form(link, language, step, said)


def pages(config: Config, language: str) -> dict[str, str]:
    """Whatever is shown to people, in one language."""
    config = speaking(config, language)
    route = Route(team="tills", to=("email:lead@fernleaf.example", "webhook:https://orders.fernleaf.example/hook"))
    look = Look({"a-route-with-quite-a-long-name-of-its-own": route}, ["old"], {"old": []}, None, {})
    look = look._replace(disabled={id: [] for id in look.routes})
    team = TeamPages(config)
    card = a_card(config, a_revision(comment="Twenty minutes, one till open, and nobody who knew why."))
    return {
        "sign in": team.sign_in(error="This link was used before."),
        "sent": team.sent("123456"),
        "enter": team.enter(PRIYA, takes_code=True, error="This is not the code."),
        "refused": team.refused("This page is another team's."),
        "routes": team.desk("tills", ["tills", "care"], PRIYA, look, Done(done="saved")),
        "feedback": team.feedback(PRIYA, a_revision()),
        **cases_shown(team, "The queue was long, and nobody at the self-checkout could say why it was closed."),
        "unsubscribe": UnsubscribePages(config).render(language, "ask"),
        "card": render(card, config.business.brand_colour).html,
        "sign-in mail": sign_in(config, "https://feedback.fernleaf.example/t/abc").html,
        "thanks": thanks(
            config, Thanks(config.teams["tills"], language, "Nadia", "Hello", "", "r@fernleaf.example")
        ).html,
        "notice": notice(
            language, "No more", ["Mend it, then run `earshot replay --route refunds --missed`."], "tills"
        ).html,
    }


def enlarged(page: Page, html: str) -> list[str]:
    """What sticks out once the text is twice as large."""
    page.set_content(html)
    page.evaluate(ENLARGE, LARGER)
    wide: list[str] = page.evaluate(STICKING_OUT)
    if page.evaluate("document.documentElement.scrollWidth") > NARROW["width"]:
        wide.append("the page is wider than the screen")
    return wide


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_leaves_its_card_in_large_text_on_a_narrow_screen(visit: Open, config: Config, language: str) -> None:
    page = visit(viewport=NARROW).page
    for name, html in pages(config, language).items():
        assert enlarged(page, html) == [], name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scale", Scale)
def test_every_scale_has_room_in_large_text_on_a_narrow_screen(
    visit: Open, config: Config, scale: Scale, language: str
) -> None:
    page = visit(viewport=NARROW).page
    question = Question("checkout", language, "Nadia", "https://f.example/f/a", "https://f.example/u/a", "r@f.example")
    assert enlarged(page, invitation(speaking(config, language, scale), question).html) == []
    for step in Step:
        assert enlarged(page, customer_page(config, language, scale, step, rating=str(scale.ratings[-1]))) == [], step


def test_buttons_have_an_edge_where_colours_are_the_readers_own(visit: Open, config: Config) -> None:
    page = visit(forced_colors="active").page
    shown = {
        "send": customer_page(config, "en", Scale.SMILE5, Step.TELL, rating="2"),
        "sign in": TeamPages(config).sign_in(),
        "unsubscribe": UnsubscribePages(config).render("en", "ask"),
    }
    for name, html in shown.items():
        page.set_content(html)
        width, style, colour = page.locator("main button").evaluate(EDGE)
        assert float(width.removesuffix("px")) >= 1, name
        assert style == "solid", name
        assert colour != "rgba(0, 0, 0, 0)", name


def test_the_title_says_how_far_a_customer_is(config: Config) -> None:
    titles = {
        customer_page(config, "en", Scale.SMILE5, step).partition("<title>")[2].partition("</title>")[0]
        for step in Step
    }
    assert titles == {
        "How was paying today? · Fernleaf Market",
        "What happened? · How was paying today? · Fernleaf Market",
        "Thank you! · How was paying today? · Fernleaf Market",
    }
