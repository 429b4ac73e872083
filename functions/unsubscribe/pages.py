"""The pages of `/u/{link}`, from the template beside this module."""

from pathlib import Path

from shared.config.model import Config
from shared.languages.packs import texts
from shared.text.html import Templates
from shared.web.layout import Layout

_TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """The pages of one business."""

    def __init__(self, config: Config) -> None:
        self._business = config.business.name
        self._templates = Templates(_TEMPLATES)
        self._layout = Layout(config, _TEMPLATES / "page.css")
        self.content_security_policy = self._layout.content_security_policy

    def render(self, language: str, what: str) -> str:
        """The page that says `what`: `ask` (with the button), `done`, `unknown` or `unavailable`."""
        say = texts(language)
        title = say[f"unsubscribe.{what}_title"]
        main = self._templates.render(
            "page.html",
            title=title,
            text=say[f"unsubscribe.{what}"],
            business=self._business,
            button=say["unsubscribe.button"] if what == "ask" else "",
        )
        return self._layout.render(language, title, main)
