"""To whom a case goes that is overdue or open again: one rule of the bus brings all of them to notify."""

from collections.abc import Iterator

from shared.config.model import Config, Route
from shared.deliveries.queue import QueueMessage
from shared.model.case import Move, Step

_TOLD = frozenset({Move.ESCALATE, Move.REOPEN, Move.NOT_ARRIVED, Move.NOT_CARRIED_OUT})
"""Of what the rule brings. A case that is the team's again by itself (`RELEASE`) makes no card until it is overdue."""


def makes_card(message: QueueMessage) -> bool:
    """Whether somebody is told of what happened to the case."""
    return Move(message.detail["entry"]["what"]) in _TOLD


def person(message: QueueMessage, config: Config) -> str | None:
    """The address of the one person who is told; None where it is the whole team."""
    entry, owner = message.detail["entry"], message.detail["case"]["owner"]
    team = config.teams.get(str(message.detail["feedback"]["team"]))
    step = Step(entry["to"]) if entry["what"] == Move.ESCALATE else Step.OWNER
    lead = team.lead if team else None
    address = {Step.OWNER: owner, Step.LEAD: lead, Step.CHIEF: config.business.chief}.get(step)
    return str(address) if address else None


def route_to(address: str, message: QueueMessage) -> Route:
    """A route of the case's team to one person."""
    return Route(team=str(message.detail["feedback"]["team"]), to=(f"email:{address}",))


def cards_of_team(message: QueueMessage, config: Config) -> Iterator[QueueMessage]:
    """The same message for each target of the team's own cards."""
    team = str(message.detail["feedback"]["team"])
    route = config.declared_routes().get(f"team-{team}")
    for target in route.targets if route else ():
        yield message.model_copy(update={"route": f"team-{team}", "target": target.id})
