import base64
import re
from hashlib import sha256
from pathlib import Path

import pytest

from shared.config.model import Config
from shared.web.layout import Layout


@pytest.fixture
def style(tmp_path: Path) -> Path:
    file = tmp_path / "page.css"
    file.write_text("p {\n  color: var(--ink);\n}\n")
    return file


def allowed(layout: Layout, directive: str) -> str:
    policy = dict(part.split(" ", 1) for part in layout.content_security_policy.split("; "))
    return policy[directive]


def fingerprint(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_the_style_of_the_page_and_no_script(config: Config, style: Path) -> None:
    layout = Layout(config, style)
    [inline] = re.findall("<style>(.*?)</style>", layout.render("en", "Title", ""), re.DOTALL)
    assert allowed(layout, "style-src") == fingerprint(inline)
    assert allowed(layout, "default-src") == "'none'"
    assert "script-src" not in layout.content_security_policy


def test_a_script_is_allowed_by_its_content_and_loses_what_only_its_authors_need(
    config: Config, style: Path, tmp_path: Path
) -> None:
    script = tmp_path / "page.js"
    script.write_text("// Why.\n(() => {\n  go('https://x')  // now\n})()\n")
    layout = Layout(config, style, script)
    assert layout.script == "(() => {\ngo('https://x')\n})()"
    assert allowed(layout, "script-src") == fingerprint(layout.script)


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_a_page_has_its_language_and_direction(config: Config, style: Path, language: str, direction: str) -> None:
    assert f'<html lang="{language}" dir="{direction}">' in Layout(config, style).render(language, "", "")


def test_names_are_text_and_content_is_html(config: Config, style: Path) -> None:
    business = config.business.model_copy(update={"name": "Fish & $Chips"})
    page = Layout(config.model_copy(update={"business": business}), style).render("en", "<1> $x", "<p>$y</p>", "<i>")
    assert "<title>&lt;1&gt; $x · Fish &amp; $Chips</title>" in page
    assert "<header><span>Fish &amp; $Chips</span><i></header>\n<p>$y</p>\n" in page
