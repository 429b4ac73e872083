"""What an owner is told when nothing more is sent to a target: by mail to the people of the team, not through it."""

from html import escape

from functions.notify.delivery import named
from functions.notify.mail import Mail, Mailer, automatic
from shared.config import Config, Route, Target
from shared.observe import logger
from shared.texts import direction, texts


class Notices:
    """Tells the people of a route's team."""

    def __init__(self, config: Config, mailer: Mailer) -> None:
        self._config = config
        self._mailer = mailer

    def disabled(self, route_id: str, route: Route, target: Target, why: str) -> bool:
        """Say that a target was given up, why, and how it is taken up again; whether anybody was reached."""
        say = texts(self._config.language)
        values = {"target": named(target), "route": route_id, "why": why}
        subject = say["notice.disabled_subject"].format(**values)
        lines = [say[f"notice.disabled_{part}"].format(**values) for part in ("what", "why", "then")]
        paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
        language = self._config.language
        html = f'<!DOCTYPE html><html lang="{language}" dir="{direction(language)}"><body>{paragraphs}</body></html>'
        mail = Mail(subject, "\n\n".join(lines) + "\n", html, automatic() | {"X-Earshot-Team": route.team})
        outcomes = [self._mailer.send(person.email, mail) for person in self._config.teams[route.team].people]
        for outcome in outcomes:
            if outcome.error is not None:
                logger.error("owner was not told of a disabled target", route=route_id, error=outcome.error)
        return any(outcome.ok for outcome in outcomes)
