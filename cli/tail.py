"""`earshot tail`: each feedback as it is stored, and who was asked or not."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import click

from cli.stage import Stage, with_stage
from shared.customers.invitations import Invitations
from shared.model.events import feedback_event, invitation_event
from shared.model.feedback import Feedback, Revision
from shared.model.invitation import InvitationRevision, InvitationStatus
from shared.model.life import Transition, transition
from shared.values import utc_now

POLL_SECONDS = 1.0  # at least; as long as a look takes, so that many teams are not asked about without a pause
CLOCKS = timedelta(minutes=5)  # AWS refuses a caller whose clock is further off than that
LAG = timedelta(seconds=30)  # more than an index is behind its table, and functions' clocks differ
KNOWN_FOR = timedelta(hours=1)  # how long a state is remembered, to say what a change has changed


class Change(NamedTuple):
    """What happened to a feedback: the state before, if there was one, and the state after."""

    name: Transition
    before: Revision | None
    after: Revision


State = Revision | InvitationRevision
News = Change | InvitationRevision


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print each event's detail as a line of JSON.")
@with_stage
def tail(stage: Stage, as_json: bool) -> None:
    """Show each feedback as it arrives, and each customer who was asked or not, until Ctrl-C."""
    click.echo(f"Feedback of the stage {stage.name} shows here as it arrives.", err=True)
    for news in follow(stage):
        click.echo(as_event(news) if as_json else as_text(news))


def follow(stage: Stage) -> Iterator[News]:
    """Each feedback that is new or changed and each invitation that was sent or not, from now on, for ever.

    The table's stream has two readers, publish and send, and a third would be throttled with them. So the index by
    team is read again and again: what changes more than once between two looks shows once, as it then is.
    """
    started = utc_now()
    latest, seen = started - CLOCKS, dict[str, State]()
    is_first = True
    while True:
        looked_at = time.monotonic()
        for state in sorted(_changed(stage, latest - LAG), key=lambda state: state.changed_at):
            before = seen.get(_id(state))
            if before is not None and before.number >= state.number:
                continue
            latest, seen[_id(state)] = max(latest, state.changed_at), state
            news = _news(before, state)
            if news is not None and (not is_first or state.changed_at >= started):
                yield news
        seen = {id: state for id, state in seen.items() if state.changed_at >= latest - KNOWN_FOR}
        is_first = False
        time.sleep(max(POLL_SECONDS, time.monotonic() - looked_at))


def _changed(stage: Stage, since: datetime) -> Iterator[State]:
    yield from stage.store.newest(stage.config.teams, since)
    yield from Invitations(stage.dynamodb, stage.outputs["Table"]).changed(since)


def _id(state: State) -> str:
    return state.feedback.id if isinstance(state, Revision) else state.invitation.id


def _news(before: State | None, after: State) -> News | None:
    """What publish makes an event of; None for the rest. An unknown state before a change counts as the same."""
    if isinstance(after, InvitationRevision):
        return after if invitation_event(after) else None
    if isinstance(before, Revision):
        name = transition(before, after)
        return Change(name, before, after) if name else None
    return Change(Transition.CAPTURED, None, after) if after.number == 1 else Change(Transition.AMENDED, after, after)


def as_event(news: News) -> str:
    """The detail of the event that publish makes of it, with its type, on one line."""
    event = feedback_event(*news) if isinstance(news, Change) else invitation_event(news)
    assert event is not None  # noqa: S101 - `follow` leaves out the others
    return json.dumps({"type": event.detail_type} | event.detail(), ensure_ascii=False)


def as_text(news: News) -> str:
    """As lines of text: the customer's own words first, then who, where and when."""
    return _feedback_text(news) if isinstance(news, Change) else _invitation_text(news)


def _invitation_text(asked: InvitationRevision) -> str:
    invitation = asked.invitation
    customer = invitation.customer
    what = {
        InvitationStatus.SENT: "Asked",
        InvitationStatus.SUPPRESSED: f"Not asked ({invitation.reason})",
        InvitationStatus.UNDELIVERED: f"Asked, and not reached ({invitation.reason})",
    }[invitation.status]
    about = [
        customer.phone or customer.email or "nobody",
        ", ".join(part for part in (invitation.touchpoint, invitation.place) if part),
        f"{asked.changed_at.astimezone():%H:%M:%S}",
        f"invitation {invitation.id}",
    ]
    return f"{what}: {_printable(' · '.join(about))}"


def _feedback_text(change: Change) -> str:
    feedback = change.after.feedback
    about = [
        _rating(feedback),
        ", ".join(part for part in (feedback.touchpoint, feedback.place) if part),
        *(f"because of {reason}" for reason in feedback.reasons),
        *([f"customer {feedback.customer.ref}"] if feedback.customer.ref else []),
        f"by {feedback.channel}, to {feedback.team}",
        f"{change.after.changed_at.astimezone():%H:%M:%S}",
        f"{'changed' if change.before else 'new'}, {feedback.id}",
    ]
    words = f"“{_printable(feedback.comment)}”" if feedback.comment else "(no words)"
    return f"{words}\n    {_printable(' · '.join(about))}"


def _rating(feedback: Feedback) -> str:
    if feedback.rating is None:
        return "no rating"
    return f"{feedback.mood}: {feedback.rating} of {feedback.scale.ratings[0]} to {feedback.scale.ratings[-1]}"


def _printable(text: str) -> str:
    """Without what could move the cursor or turn the line around; joiners are part of words."""
    return "".join(letter if letter.isprintable() or letter in "\u200c\u200d" else " " for letter in text)
