"""The one environment of templates: what is filled in is escaped, and what is missing is an error."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateNotFound, UndefinedError

from shared.text import html
from shared.text.html import Templates, fill, isolated, start
from tests.kit.markup import read


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Templates:
    """Two templates that say the same, as HTML and as text."""
    monkeypatch.setattr(html, "ROOT", tmp_path)
    monkeypatch.setattr(html._environment.loader, "searchpath", [str(tmp_path)])
    for name in ("said.html", "said.txt"):
        (tmp_path / "house").mkdir(exist_ok=True)
        (tmp_path / "house" / name).write_text("{{ words }}", encoding="utf-8")
    return Templates(tmp_path / "house")


def test_html_is_escaped_and_plain_text_is_not(templates: Templates) -> None:
    assert templates.render("said.html", words="<b> & 'c'") == "&lt;b&gt; &amp; &#39;c&#39;"
    assert templates.render("said.txt", words="<b> & 'c'") == "<b> & 'c'"


def test_what_a_template_names_and_nobody_gave_is_an_error(templates: Templates) -> None:
    with pytest.raises(UndefinedError, match="words"):
        templates.render("said.html")


def test_a_template_that_is_not_there_is_named(templates: Templates) -> None:
    with pytest.raises(TemplateNotFound, match=r"house/none\.html"):
        templates.render("none.html")


def test_each_template_of_the_source_can_be_compiled() -> None:
    folders = [html.ROOT / name for name in ("functions", "shared", "local")]
    found = [path for folder in folders for path in folder.rglob("templates/*") if path.suffix in (".html", ".txt")]
    ours = [path for path in found if "capture_web" not in path.parts]  # it has templates of its own kind
    assert ours
    for path in ours:
        html._environment.get_template(path.relative_to(html.ROOT).as_posix())


@given(st.text())
def test_what_fills_a_sentence_is_text_and_isolated(value: str) -> None:
    assert read(fill("Hello <{name}> & all", name=value)).text == f"Hello <{value}> & all"
    assert read(fill("Hello <{name}> & all", name=value)).tags == ["bdi"]
    assert fill("{name}", name=value) == isolated(value)


def test_lines_begin_where_their_direction_says() -> None:
    assert (start("ltr"), start("rtl")) == ("left", "right")
