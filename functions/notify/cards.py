"""What a card says, whatever it is sent through: the customer's words first, then who, where, when and how."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from shared.cases import wording
from shared.cases.answers import Reach
from shared.config.model import Config, Route
from shared.languages.packs import direction, texts
from shared.languages.ratings import choice_in_words
from shared.model.case import Case, Entry
from shared.model.feedback import Channel, Feedback, Revision
from shared.model.scales import Mood
from shared.text.graphemes import cut
from shared.text.lines import one_line

SUBJECT_GRAPHEMES = 70
SUBJECT_SIGNS = 500  # a single grapheme can be as long as the rest of the mail


MOOD_COLOURS = {Mood.UNHAPPY: "#a3210f", Mood.NEUTRAL: "#6b5300", Mood.HAPPY: "#0b5d3b", Mood.UNKNOWN: "#3c4650"}
"""Dark enough for text on white, and no more than a hint: the mood is said in words as well."""


class Crowd(NamedTuple):
    """How many people said the same, since when, and what was said last."""

    people: int
    since: datetime
    latest: Revision
    thread: str = ""
    """What the cards about it have in common."""


class Beside(NamedTuple):
    """What a card says beside the feedback."""

    now: datetime
    case: Case | None = None
    event: Mapping[str, Any] | None = None
    """The detail of the event of a case that the card is about; None where it is about what the customer said."""
    added: bool = False
    replayed: bool = False
    crowd: Crowd | None = None
    attachments: Sequence[str] = ()
    key: str = ""
    """Opens the case's page for a time without signing in."""
    reply_to: str | None = None
    """Where an answer to the card goes to the customer; None where it cannot."""
    reach: Reach | None = None
    """How an answer of this team reaches the customer; None where it is not this team's to answer."""


class Card(NamedTuple):
    """A card's content, in the language of the business; the words are the customer's own, untouched."""

    feedback_id: str
    team: str
    language: str
    direction: str
    subject: str
    """One line, safe in a header."""
    note: str | None
    """Said under the words: what happened, that they were added, or that this is a replay."""
    words: str
    """Empty where the customer left only a rating; `choice` then heads the card, and `no_words` says so."""
    words_language: str
    words_direction: str
    no_words: str
    choice: str
    """What they chose, in words."""
    mood_colour: str
    facts: tuple[tuple[str, str], ...]
    """Labels and values, in reading order."""
    reach: str
    """How an answer reaches the customer, or why it cannot, as a sentence; empty where it is another team's."""
    because: str
    """Why the reader gets this."""
    link: str
    """The case's page."""
    open: str
    """What the link is called."""
    show_all: str | None
    """What it is called on a card whose words may be only part of what came: a mail quotes."""
    reply_to: str | None
    reply_here: str
    """Said in a mail that is answered to the customer."""
    thread: str | None
    """What cards that belong together have in common; None for a card of its own."""


def make_card(config: Config, route_id: str, route: Route, revision: Revision, beside: Beside) -> Card:
    """Render the feedback as it now is for a route's team."""
    feedback = revision.feedback
    language = config.language
    say = texts(language)
    where = wording.where(config, feedback)
    choice = choice_in_words(feedback.scale, feedback.rating, say)
    words = one_line(feedback.comment)
    subject = say["card.subject_at"].format(
        words=_short(words or say["card.rating_only"].format(choice=choice)), where=_short(one_line(where))
    )
    if beside.crowd:
        subject = say["card.crowd_subject"].format(people=beside.crowd.people, where=_short(one_line(where)))
    return Card(
        feedback_id=feedback.id,
        team=route.team,
        language=language,
        direction=direction(language),
        subject=subject,
        note=_note(config, beside, where),
        words=feedback.comment,
        words_language=feedback.language,
        words_direction=wording.words_direction(feedback.comment) or direction(feedback.language),
        no_words=say["card.no_words"],
        choice=choice,
        mood_colour=MOOD_COLOURS[feedback.mood],
        facts=tuple(_facts(config, revision, beside, where, choice)),
        reach=_reach(config, beside),
        because=_because(config, route_id, route),
        link=whole_link(config, route, feedback.id, beside.key),
        open=say["card.open"],
        show_all=say["card.show_all"] if feedback.channel is Channel.EMAIL else None,
        reply_to=beside.reply_to,
        reply_here=say["card.reply_here"],
        thread=None if beside.crowd is None else beside.crowd.thread,
    )


def whole_link(config: Config, route: Route, feedback_id: str, key: str = "") -> str:
    """Where the route's team reads the whole feedback and acts on it (functions/team)."""
    page = f"{config.business.public_url}/t/{route.team}?feedback={feedback_id}"
    return f"{page}&key={key}" if key else page


def _facts(config: Config, revision: Revision, beside: Beside, where: str, choice: str) -> Iterator[tuple[str, str]]:
    feedback, case, say = revision.feedback, beside.case, texts(config.language)
    said_at = revision.changed_at if beside.added else feedback.received_at
    yield say["card.who"], wording.customer(feedback) or say["card.anonymous"]
    yield say["card.where"], where
    yield say["card.when"], wording.when(said_at, config, say)
    if beside.now - said_at >= timedelta(minutes=1):
        yield say["card.age"], wording.length(beside.now - said_at, say)
    if case and case.due_at:
        yield say["card.due" if beside.now < case.due_at else "card.overdue"], wording.when(case.due_at, config, say)
    if case and case.owner:
        yield say["card.taken_by"], wording.name(config, case.owner)
    yield say["card.channel"], say[f"card.{feedback.channel}"]
    yield say["card.chose"], choice
    for flag in feedback.flags:
        yield say["card.know"], say[f"card.{flag}"]
    if feedback.reasons:
        yield say["card.reasons"], " · ".join(wording.reasons(config, feedback))
    if beside.attachments:
        yield say["card.attached"], " · ".join(one_line(name) for name in beside.attachments)


def _note(config: Config, beside: Beside, where: str) -> str | None:
    say = texts(config.language)
    if beside.replayed:
        return say["card.replayed"]
    if beside.event:
        entry = Entry.model_validate(beside.event["entry"])
        had = (beside.case.owner or beside.case.had) if beside.case else None
        return say[f"card.did_{entry.what.value.replace('-', '_')}"].format(
            who=wording.name(config, entry.who),
            text=one_line(entry.text),
            had=wording.name(config, had) if had else say["card.nobody"],
        )
    if beside.crowd:
        since = wording.when(beside.crowd.since, config, say)
        return say["card.crowd"].format(people=beside.crowd.people, since=since, where=where)
    return say["card.added"] if beside.added else None


def _reach(config: Config, beside: Beside) -> str:
    say, reach = texts(config.language), beside.reach
    if reach is None:
        return ""
    return say[f"card.reach_{reach.channel}"].format(to=one_line(reach.to)) if reach.channel else say[reach.why_not]


def fingerprint(feedback: Feedback) -> str:
    """Changes exactly when a team would want to hear of the feedback again."""
    said = (str(feedback.rating), ",".join(feedback.reasons), feedback.comment)
    # Only what there is, so that most of what was stored before this counted is still the same.
    ways = (feedback.customer.email, feedback.customer.phone, *feedback.other_contact)
    answerable = filter(None, (*ways, *sorted(feedback.flags)))
    return sha256("\0".join((*said, *answerable)).encode()).hexdigest()[:16]


def _short(line: str) -> str:
    return cut(line, SUBJECT_GRAPHEMES)[:SUBJECT_SIGNS]


def _because(config: Config, route_id: str, route: Route) -> str:
    team, business = config.teams[route.team].name, config.business.name
    return texts(config.language)["card.because"].format(team=team, business=business, route=route_id)
