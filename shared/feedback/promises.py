"""Until when something is promised about a feedback. Pure, so that capture can decide it inside its one write."""

from datetime import datetime

from shared.config.model import Config, Promise
from shared.model.scales import Mood


def needs_somebody(mood: Mood | None, says_something: bool) -> bool:
    """Whether an answer makes its feedback a case: it is unhappy, or there is something in it to act on or be glad of.

    `mood` is None for an answer without a rating; `says_something`: it has words or reasons.
    """
    return says_something or mood is Mood.UNHAPPY


def promise(config: Config, team: str, mood: Mood) -> Promise:
    """What a team promises; for one that is not in the file any more, the default team's promise."""
    return config.teams[team if team in config.teams else config.default_team].promise.of(mood)


def taken_by(config: Config, team: str, mood: Mood, since: datetime) -> datetime:
    """Until when somebody is to have taken what came `since`."""
    return config.work_time(team).after(since, promise(config, team, mood).take)


def resolved_by(config: Config, team: str, mood: Mood, since: datetime) -> datetime:
    """Until when it is to be resolved."""
    return config.work_time(team).after(since, promise(config, team, mood).resolve)
