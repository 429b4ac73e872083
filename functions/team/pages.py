"""The pages of `/t/{link}`, from the templates beside this module. They work without a script, and have none."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from functions.team.routes import KINDS, TARGETS, Done, Look, hooks
from shared.config.model import Config
from shared.keys.sessions import Wanted
from shared.languages.packs import texts
from shared.model.feedback import Revision
from shared.routes.route_table import TeamRoute
from shared.text.html import Templates
from shared.web.layout import Layout

_TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """The pages of one business, in its first language."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._say = {
            key.removeprefix("team."): text for key, text in texts(config.language).items() if key.startswith("team.")
        }
        self._templates = Templates(_TEMPLATES)
        self._layout = Layout(config, _TEMPLATES / "page.css")
        self.content_security_policy = self._layout.content_security_policy

    def sent(self, code: str) -> str:
        """What follows, whether a link is on its way or not, and the code that opens it in another browser."""
        return self._page(self._say["sent_title"], "sent.html", code=code)

    def sign_in(self, wanted: Wanted | None = None, *, error: str = "") -> str:
        """Where someone asks for a link, which will lead to what they came for."""
        hidden = wanted._asdict() if wanted else {}
        return self._page(self._say["sign_in_title"], "sign_in.html", wanted=hidden, error=error)

    def enter(self, email: str, *, takes_code: bool, error: str = "") -> str:
        """What a mailed link opens: a button and, where another browser asked for it, a field for that one's code."""
        return self._page(self._say["enter_title"], "enter.html", email=email, takes_code=takes_code, error=error)

    def refused(self, message: str) -> str:
        """What cannot be shown, and the way back."""
        return self._page(self._say["refused_title"], "refused.html", message=message)

    def unavailable(self) -> str:
        """What is said when the table, or another part of AWS, failed."""
        return self._page(self._say["unavailable_title"], "unavailable.html")

    def desk(self, team: str, teams: Iterable[str], email: str, look: Look, outcome: Done) -> str:
        """A team's routes, what became of the last action, and the form for another route."""
        names = {id: each.name for id, each in self._config.teams.items()}
        typed = outcome.typed or {}
        change = "change" in typed
        title = self._say["title"].format(team=names[team])
        if change:
            title = f"{self._say['change_title'].format(id=typed.get('id', ''))} · {title}"
        return self._page(
            title,
            "routes.html",
            self._header(email),
            id=team,
            team=self._config.teams[team],
            others={id: names[id] for id in teams if id != team},
            look=look,
            own={id for id, route in look.routes.items() if isinstance(route, TeamRoute)},
            with_secrets={id for id, route in look.routes.items() if hooks(route)},
            outcome=outcome,
            tested=outcome.tested or look.tested,
            typed=typed,
            change=change,
            found=outcome.rehearsal,
            kinds=KINDS,
            targets=TARGETS,
        )

    def feedback(self, email: str, revision: Revision, mails: Sequence[str] = ()) -> str:
        """One feedback, whole: where a card leads that had to cut the words. `mails` are the whole texts of those that
        it is made of, where its words are only part of them.
        """
        title = self._say["feedback_title"]
        return self._page(title, "feedback.html", self._header(email), revision=revision, mails=mails)

    def _page(self, title: str, template: str, header: str = "", **values: Any) -> str:
        main = self._templates.render(template, say=self._say, title=title, **values)
        return self._layout.render(self._config.language, title, f"<main>\n{main}\n</main>", header)

    def _header(self, email: str) -> str:
        return self._templates.render("header.html", say=self._say, email=email)
