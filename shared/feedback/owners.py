"""Who owns a feedback. Pure, so that capture can decide it inside its one write."""

from collections.abc import Iterable

from shared.config.model import Config
from shared.model.feedback import Revision


def owner(config: Config, touchpoint: str, reasons: Iterable[str]) -> str:
    """The team responsible: of the first reason that names one, else of the touchpoint, else the default team.

    Raises KeyError for a touchpoint that is not in the config.
    """
    return _named(config, touchpoint, reasons) or config.default_team


def reader(config: Config, touchpoint: str, before: Revision | None) -> str:
    """The team that reads what is added, for the customer to be told: the owner of what was said `before`, if any.

    Where that team is no longer in the config, or nothing was said, it is the touchpoint's.
    """
    if before and before.feedback.team in config.teams:
        return before.feedback.team
    return owner(config, touchpoint, ())


def claimed(config: Config, touchpoint: str, reasons: Iterable[str]) -> bool:
    """Whether a reason or the touchpoint names a team; else the default team owns what nobody claims.

    False for a touchpoint that was removed from the config.
    """
    return touchpoint in config.touchpoints and _named(config, touchpoint, reasons) is not None


def _named(config: Config, touchpoint: str, reasons: Iterable[str]) -> str | None:
    asked = config.touchpoints[touchpoint]
    teams = {reason.id: reason.team for reason in asked.reasons}
    return next((team for reason in reasons if (team := teams.get(reason)) is not None), asked.team)
