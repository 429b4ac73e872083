"""What a team sees of its cases, and who may see one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from functions.team.routes import TeamRoutes
from shared.cases.answers import Answers, Reach
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.cases.remedies import Remedies
from shared.config.model import Config
from shared.customers.invitations import Invitations
from shared.customers.messages import Messages
from shared.errors import FeedbackUnknown
from shared.feedback.owners import owner
from shared.feedback.store import Store
from shared.ids import can_be_id
from shared.mail.received import MailRecord, Mails
from shared.model.case import Found, Move
from shared.model.feedback import Feedback
from shared.model.invitation import Invitation

DONE = 20
"""Cases that a team has closed of late, as many are listed."""
OTHERS_SINCE = timedelta(days=7)
LOOK_AT = 2_000
"""Feedback of the seven days, the last changed first, among which others at the same place are counted."""


class Inbox(NamedTuple):
    """What waits for a team, the oldest due first, and what it has closed, the last first."""

    waiting: Sequence[Found]
    done: Sequence[Found]


class CaseLook(NamedTuple):
    """A case, how an answer reaches its customer, and what became of what they were sent, by the message's id."""

    found: Found
    reach: Reach
    progress: Mapping[str, Mapping[str, str]]


class Voices(NamedTuple):
    """Which voices are meant: at a place, about a touchpoint, or both, received between two moments (seconds), and none
    of the customer whose feedback is `besides`.
    """

    place: str | None
    touchpoint: str | None
    since: int
    until: int
    besides: str

    def means(self, feedback: Feedback) -> bool:
        """Whether a voice is about the place and the touchpoint."""
        return self.place in (None, feedback.place) and self.touchpoint in (None, feedback.touchpoint)


class Heard(NamedTuple):
    """Voices, the last changed first, and whether all were looked at."""

    voices: Sequence[Feedback]
    complete: bool


class More(NamedTuple):
    """What else a case's page shows."""

    mails: Sequence[MailRecord]
    invitation: Invitation | None
    """Where the answer came by its own link."""
    left: Mapping[str, int]
    """Remedy → how much of it may still be given, in the smallest unit."""
    others: Sequence[tuple[Voices, int]]
    others_complete: bool


class TeamCases:
    """The cases of a stage as its teams may see them."""

    def __init__(self, config: Config, store: Store, cases: Cases, answers: Answers, routes: TeamRoutes) -> None:
        self._config = config
        self._store = store
        self._cases = cases
        self._answers = answers
        self._routes = routes
        self._remedies = Remedies(cases)
        self._messages = Messages(store.client, store.table)
        self._mails = Mails(store.client, store.table)
        self._invitations = Invitations(store.client, store.table)

    def knows(self, team: str) -> bool:
        """Whether there is such a team; one can have been removed from the file."""
        return team in self._config.teams

    def inbox(self, team: str) -> Inbox:
        """What waits for a team and what it has done: one query each."""
        return Inbox(self._cases.inbox(team), self._cases.done(team, DONE))

    def read(self, team: str, id: str) -> Found | None:
        """A case that the team owns, has owned or was sent; None for feedback that is no case.

        Raises `FeedbackUnknown` for any other.
        """
        found = self.shared(id)
        if found is not None and not self._has_had(team, found):
            self._routes.read(team, id)
        return found

    def shared(self, id: str) -> Found | None:
        """A case, for whoever has the key to it."""
        return self._cases.get(id) if can_be_id(id) else None

    def look(self, found: Found) -> CaseLook:
        """A case with what can change without it."""
        ids = dict.fromkeys(entry.message for entry in found.timeline if entry.message)
        progress = {id: self._messages.progress(id) for id in ids}
        return CaseLook(found, self._answers.reach(found.feedback), progress)

    def more(self, team: str, found: Found, now: datetime) -> More:
        """What else belongs to a case's page."""
        feedback = found.feedback
        until = int(now.timestamp()) + 1
        since = until - int(OTHERS_SINCE.total_seconds())
        about: list[str | None] = [None, feedback.touchpoint] if feedback.place else [feedback.touchpoint]
        counted = [Voices(feedback.place, touchpoint, since, until, feedback.id) for touchpoint in about]
        lately = self._lately(team, counted[0], feedback)
        return More(
            mails=self._mails.of_feedback(feedback.id),
            invitation=self._invitation(feedback),
            left=self._remedies.left(found, Now(self._config, now)),
            others=[(each, sum(map(each.means, lately.voices))) for each in counted],
            others_complete=lately.complete,
        )

    def voices(self, team: str, wanted: Voices) -> Heard:
        """The voices that are meant, of those that the team may read."""
        besides = self._store.get(wanted.besides) if can_be_id(wanted.besides) else None
        heard = self._lately(team, wanted, besides.feedback if besides else None)
        return heard._replace(voices=[each for each in heard.voices if wanted.means(each)])

    def _lately(self, team: str, wanted: Voices, besides: Feedback | None) -> Heard:
        """What was received in the time that is meant, but for what the customer of one feedback said."""
        teams = list(self._config.teams) if self._config.business.open else [team]
        since, until = (datetime.fromtimestamp(at, UTC) for at in (wanted.since, wanted.until))
        seen = list(islice(self._store.newest(teams, since), LOOK_AT + 1))
        voices = [
            each.feedback
            for each in seen[:LOOK_AT]
            if since <= each.feedback.received_at <= until and not (besides and _same_person(each.feedback, besides))
        ]
        return Heard(voices, len(seen) <= LOOK_AT)

    def _invitation(self, feedback: Feedback) -> Invitation | None:
        """The invitation whose link it came by: such a link has the invitation's id where it has no other reference."""
        ref = feedback.customer.ref
        found = self._invitations.get(ref) if ref and can_be_id(ref) else None
        return found.invitation if found else None

    def _has_had(self, team: str, found: Found) -> bool:
        """Whether a team owns a case, or has passed it on."""
        feedback = found.feedback
        owned = {entry.to for entry in found.timeline if entry.what is Move.PASS} | {feedback.team}
        if feedback.touchpoint in self._config.touchpoints:
            owned.add(owner(self._config, feedback.touchpoint, feedback.reasons))
        return team in owned


def _same_person(one: Feedback, other: Feedback) -> bool:
    """Whether two feedback are one, or have an address or reference in common."""
    if one.id == other.id:
        return True
    ways = [(each.customer.email, each.customer.phone, each.customer.ref) for each in (one, other)]
    return any(way and way == same for way, same in zip(*ways, strict=True))


def unknown() -> FeedbackUnknown:
    """What is said of a case that is not there."""
    return FeedbackUnknown("There is no such feedback of this team; it may have been erased.")
