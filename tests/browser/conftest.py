"""A headless Chromium, without root, on the real handler behind a loopback server."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from shared.feedback.store import Store
from shared.keys.sessions import Browser as SignInBrowser
from shared.settings import TeamSettings
from tests.functions.team.conftest import PRIYA
from tests.kit.http_api import serve
from tests.kit.web_customer import Customer

ROOT = Path(__file__).parent.parent.parent
PHONE = {"width": 360, "height": 740}
PATIENCE_MS = 30_000  # for what comes at once, except on a busy machine
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the npm package's Chromium, which it unpacks on first use."""
    script = "import('@sparticuz/chromium').then(async (it) => console.log(await it.default.executablePath()))"
    node = shutil.which("node") or str(ROOT / ".venv/bin/node")
    run = subprocess.run([node, "-e", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all tests; each test has pages of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def base_url(capture_web: ModuleType) -> Iterator[str]:
    """Where the handler is served."""
    with serve(lambda event, context: capture_web.handler(event, context)) as url:
        yield url


@pytest.fixture
def team_url(team: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the handler is served."""
    with serve(lambda event, context: team.handler(event, context)) as url:
        here = TeamSettings(**dict(team.settings) | {"public_url": url})
        monkeypatch.setattr(team, "settings", here)
        yield url


def sign_in(page: Page, team_url: str, module: ModuleType, email: str = PRIYA, team: str = "tills") -> None:
    """Open a mailed link in the browser that asked for it, and press its button."""
    browser = SignInBrowser.new()
    page.context.add_cookies([{"name": "earshot_browser", "value": browser.secret, "url": team_url}])
    page.goto(f"{team_url}/t/{module.visits.sessions.link(email, module.utc_now(), browser.id)}")
    page.locator("form button").click()
    page.wait_for_url(f"{team_url}/t/{team}")


def has_room(page: Page) -> bool:
    """Whether nothing sticks out at the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


class Visit:
    """A page in a browser, what it sent, and what the browser complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def posted(self) -> list[dict[str, Any]]:
        """The JSON answers that were sent, in order."""
        return [json.loads(request.post_data or "") for request in self.requests if request.method == "POST"]

    def stops_the_clock(self) -> None:
        """From here on, time passes on the page only when the test says so; nothing is waited for."""
        self.page.clock.install(time=0)
        self.page.clock.pause_at(1000)

    def passes(self, seconds: float) -> None:
        """Let time pass on the page."""
        self.page.clock.run_for(round(seconds * 1000))


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens pages as on a phone, each for another customer; options are those of a browser context."""
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Visit:
        context = browser.new_context(**{"viewport": PHONE, "has_touch": True, "is_mobile": True, **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return Visit(context.new_page())

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def customer(capture_web: ModuleType, store: Store) -> Customer:
    """Someone with an open link to the checkout; opens nothing by themselves here."""
    return Customer(capture_web, store)
