"""To whom a case goes that is overdue: one rule of the bus brings all of them, and who is next decides where to."""

from collections.abc import Iterator

from shared.config.model import Config, Route
from shared.deliveries.queue import QueueMessage
from shared.model.case import Step


def route_of(message: QueueMessage, config: Config) -> Route | None:
    """The route to the one person who is next; None where there is none any more."""
    team, owner = str(message.detail["feedback"]["team"]), message.detail["case"]["owner"]
    known = config.teams.get(team)
    people = {Step.OWNER: owner, Step.LEAD: known.lead if known else None, Step.CHIEF: config.business.chief}
    address = people.get(Step(message.detail["entry"]["to"]))
    return Route(team=team, to=(f"email:{address}",)) if known and address else None


def cards_of_team(message: QueueMessage, config: Config) -> Iterator[QueueMessage]:
    """The same message for each target of the team's own cards."""
    team = str(message.detail["feedback"]["team"])
    route = config.declared_routes().get(f"team-{team}")
    for target in route.targets if route else ():
        yield message.model_copy(update={"route": f"team-{team}", "target": target.id})
