"""Who owns a feedback. Pure, so that capture can decide it inside its one write."""

from collections.abc import Iterable

from shared.config import Config


def owner(config: Config, touchpoint: str, reasons: Iterable[str]) -> str:
    """The team responsible: of the first reason that names one, else of the touchpoint, else the default team.

    Raises KeyError for a touchpoint that is not in the config.
    """
    asked = config.touchpoints[touchpoint]
    teams = {reason.id: reason.team for reason in asked.reasons}
    for reason in reasons:
        team = teams.get(reason)
        if team is not None:
            return team
    return asked.team or config.default_team
