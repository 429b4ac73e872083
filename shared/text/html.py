"""The one environment of the templates of pages and mails.

A template is named by its path from the root of the source, such as `functions/team/templates/routes.html`, in
`Templates`, `{% include %}` and `{% import %}` alike. What is filled into a template is escaped, except in one whose
name ends in `.txt`; a value that a template names and nobody gave is an error.
"""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

ROOT = Path(__file__).parents[2]


def isolated(value: object) -> Markup:
    """HTML for a text of unknown direction, which keeps it from turning what stands around it."""
    return Markup("<bdi>{}</bdi>").format(value)


def fill(sentence: str, **values: object) -> Markup:
    """HTML for a sentence of the texts, with its `{places}` filled, each value isolated."""
    return escape(sentence).format(**{name: isolated(value) for name, value in values.items()})


def start(direction: str) -> str:
    """The side on which lines begin, as mail programs understand it: `left` for `ltr`, `right` for `rtl`."""
    return "right" if direction == "rtl" else "left"


_environment = Environment(
    loader=FileSystemLoader(ROOT),
    autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_environment.filters |= {"fill": fill, "isolated": isolated, "start": start}


class Templates:
    """The templates in one folder; each is compiled when it is first shown, so a cold start pays for its own alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.relative_to(ROOT).as_posix()

    def render(self, name: str, **values: Any) -> str:
        """The template `name` of the folder with `values` filled in."""
        return _environment.get_template(f"{self._folder}/{name}").render(values)
