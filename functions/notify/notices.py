"""What an owner is told of a target that takes nothing: by mail to the people of the team, not through it."""

from functions.notify.mail import Mailer
from shared.addresses.targets import Target
from shared.config.model import Config, Route
from shared.languages.packs import texts
from shared.mail.letters import notice
from shared.observe import logger


class Notices:
    """Tells the people of a route's team."""

    def __init__(self, config: Config, mailer: Mailer) -> None:
        self._config = config
        self._mailer = mailer

    def disabled(self, route_id: str, route: Route, target: Target, why: str) -> bool:
        """Say that nothing more is sent, why, and how it is taken up again; whether anybody was reached."""
        return self._tell("disabled", route_id, route, target, why)

    def given_up(self, route_id: str, route: Route, target: Target, why: str) -> bool:
        """Say that a delivery is not tried again, and how it can still be sent; whether anybody was reached."""
        return self._tell("given_up", route_id, route, target, why)

    def _tell(self, what: str, route_id: str, route: Route, target: Target, why: str) -> bool:
        say = texts(self._config.language)
        values = {"target": target.shown, "route": route_id, "why": why}
        subject = say[f"notice.{what}_subject"].format(**values)
        lines = [say[f"notice.{key}"].format(**values) for key in (f"{what}_what", "why", f"{what}_then")]
        mail = notice(self._config.language, subject, lines, route.team)
        attempts = [self._mailer.send(person.email, mail) for person in self._config.teams[route.team].people]
        for attempt in attempts:
            if attempt.error is not None:
                logger.error("owner was not told of a target", what=what, route=route_id, error=attempt.error)
        return any(attempt.ok for attempt in attempts)
