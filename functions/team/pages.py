"""The pages of `/t/{link}`, from the templates beside this module. They work without a script.

An inbox and a case have one, which brings what is new while the page is looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from functions.team.cases import CaseLook, Heard, Inbox, More, Voices
from functions.team.reading import Reader
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
        self._said = texts(config.language)
        self._say = {key.removeprefix("team."): text for key, text in self._said.items() if key.startswith("team.")}
        self._templates = Templates(_TEMPLATES)
        self._layout = Layout(config, _TEMPLATES / "page.css")
        self._live = Layout(config, _TEMPLATES / "page.css", _TEMPLATES / "page.js")
        self._reader = Reader(config)
        self.content_security_policy = self._layout.content_security_policy
        self.live_policy = self._live.content_security_policy
        """Of the pages that bring what is new by themselves."""

    def sent(self, code: str) -> str:
        """What follows, whether a link is on its way or not, and the code that opens it in another browser."""
        return self._page(self._say["sent_title"], "sent.html", code=code)

    def sign_in(self, wanted: Wanted | None = None, *, error: str = "", written: str = "") -> str:
        """Where someone asks for a link, which will lead to what they came for. `written` is what they wrote there, and
        could not send any more.
        """
        hidden = wanted._asdict() if wanted else {}
        return self._page(self._say["sign_in_title"], "sign_in.html", wanted=hidden, error=error, written=written)

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

    def inbox(self, team: str, teams: Iterable[str], email: str, inbox: Inbox, etag: str, now: datetime) -> str:
        """What waits for a team, and what it has done of late."""
        names = {id: each.name for id, each in self._config.teams.items()}
        return self._page(
            self._say["inbox_title"].format(team=names[team]),
            "inbox.html",
            footer=self._header(email),
            live=(etag, self._said["case.something_new"]),
            id=team,
            team=self._config.teams[team],
            others={id: names[id] for id in teams if id != team},
            waiting=[self._reader.row(found, now) for found in inbox.waiting],
            done=[self._reader.row(found, now) for found in inbox.done],
            said=self._said,
        )

    def case(
        self,
        team: str,
        email: str | None,
        look: CaseLook,
        more: More,
        etag: str,
        now: datetime,
        *,
        error: str = "",
        typed: Mapping[str, str] | None = None,
    ) -> str:
        """One case, and what can be done about it: by `email`, who is signed in, or else once somebody is.

        `error` says why something was not done, and `typed` is the form that asked for it.
        """
        feedback = look.found.feedback
        return self._page(
            self._reader.title(feedback),
            "case.html",
            self._templates.render("back.html", id=team, called=self._config.teams[team].name, email=email),
            footer=self._header(email) if email else "",
            live=(etag, self._reader.news(look, now)),
            said=self._said,
            case=self._reader.case(team, email, look, more, now),
            error=error,
            typed=typed or {},
            wanted=Wanted(team, feedback.id)._asdict(),
            email=email,
        )

    def voices(self, team: str, email: str, wanted: Voices, heard: Heard, now: datetime) -> str:
        """What others said at a place, or about a touchpoint, lately."""
        title = self._reader.about(wanted)
        return self._page(
            title,
            "voices.html",
            self._templates.render("back.html", id=team, called=self._config.teams[team].name, email=email),
            footer=self._header(email),
            id=team,
            voices=[self._reader.voice(each, now) for each in heard.voices],
            heard=heard,
            said=self._said,
        )

    def _page(
        self,
        title: str,
        template: str,
        header: str = "",
        *,
        footer: str = "",
        live: tuple[str, str] | None = None,
        **values: Any,
    ) -> str:
        """A page; `live` are the version of one that brings what is new by itself, and what is new in it."""
        main = self._templates.render(template, say=self._say, title=title, **values)
        content = self._templates.render(
            "frame.html",
            main=Markup(main),  # noqa: S704  # a template's
            footer=Markup(footer),  # noqa: S704  # a template's
            live=live,
            script=Markup(self._live.script) if live else "",  # noqa: S704  # ours
            said=self._said,
        )
        layout = self._live if live else self._layout
        return layout.render(self._config.language, title, content, header)

    def _header(self, email: str) -> str:
        return self._templates.render("header.html", say=self._say, email=email)
