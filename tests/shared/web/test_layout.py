import base64
import re
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.config import fields
from shared.config.colours import READABLE, contrast
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


def accepted(colour: str) -> bool:
    """Whether it may be a business's own."""
    try:
        return fields._brand_colour(colour) == colour
    except ValueError:
        return False


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True).filter(accepted))
@example("#767676")  # as pale as is accepted: too pale for what is not quite white
@example("#0b5d3b")
def test_whatever_is_written_can_be_read_by_day_and_by_night_in_every_colour_that_is_accepted(
    config: Config, colour: str
) -> None:
    business = config.business.model_copy(update={"brand_colour": colour})
    style = Path(__file__).parents[3] / "functions/team/templates/page.css"
    page = Layout(config.model_copy(update={"business": business}), style).render("en", "Title", "")
    blocks = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)\b", block))
        for block in re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    ]
    # By day, then by night: those of the frame, and those that the page has of its own.
    by_day, by_night = ({name: code for block in blocks[time::2] for name, code in block.items()} for time in (0, 1))
    for colours in (by_day, by_night):
        full = {
            name: code if len(code) == 7 else f"#{''.join(2 * sign for sign in code[1:])}"
            for name, code in colours.items()
        }
        for background in (full["paper"], full["card"]):
            for name in ("brand", "ink", "soft", "problem"):
                assert contrast(full[name], background) >= READABLE, (name, background)
            assert contrast(full["line"], background) >= 3, "WCAG 1.4.11"
        assert contrast(full["on-brand"], full["brand"]) >= READABLE
