"""What a card says, whatever it is sent through: the customer's words first, then who, where, when and how."""

import unicodedata
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.config.model import Config, Route
from shared.languages.packs import direction, texts
from shared.languages.ratings import choice_in_words
from shared.model.feedback import Channel, Feedback, Revision
from shared.text.graphemes import cut
from shared.text.lines import one_line

SUBJECT_GRAPHEMES = 70
SUBJECT_SIGNS = 500  # a single grapheme can be as long as the rest of the mail


class Card(NamedTuple):
    """A card's content, in the language of the business; the words are the customer's own, untouched."""

    feedback_id: str
    team: str
    language: str
    direction: str
    subject: str
    """One line, safe in a header."""
    note: str | None
    """Said under the words: that they were added, or that this is a replay."""
    words: str
    """Empty where the customer left only a rating; `no_words` then says so."""
    words_language: str
    words_direction: str
    no_words: str
    facts: tuple[tuple[str, str], ...]
    """Labels and values, in reading order."""
    because: str
    """Why the reader gets this."""
    link: str
    """Where all of it can be read, where words have to be cut."""
    show_all: str | None
    """What that link is called on a card whose words may be only part of what came: a mail quotes."""


def make_card(config: Config, route_id: str, route: Route, revision: Revision, *, added: bool, replayed: bool) -> Card:
    """Render the feedback as it now is for a route's team."""
    feedback = revision.feedback
    language = config.language
    say = texts(language)
    where = _where(config, feedback)
    choice = choice_in_words(feedback.scale, feedback.rating, say)
    facts = [
        (say["card.who"], _who(feedback) or say["card.anonymous"]),
        (say["card.where"], where),
        (say["card.when"], _when(revision.changed_at if added else feedback.received_at, config, say)),
        (say["card.channel"], say[f"card.{feedback.channel}"]),
        (say["card.chose"], choice),
    ]
    facts += [(say["card.know"], say[f"card.{flag}"]) for flag in feedback.flags]
    if feedback.reasons:
        facts.append((say["card.reasons"], " · ".join(_reasons(config, feedback))))
    words = one_line(feedback.comment)
    return Card(
        feedback_id=feedback.id,
        team=route.team,
        language=language,
        direction=direction(language),
        subject=say["card.subject_at"].format(
            words=_short(words or say["card.rating_only"].format(choice=choice)), where=_short(one_line(where))
        ),
        note=say["card.replayed"] if replayed else say["card.added"] if added else None,
        words=feedback.comment,
        words_language=feedback.language,
        words_direction=words_direction(feedback.comment) or direction(feedback.language),
        no_words=say["card.no_words"],
        facts=tuple(facts),
        because=_because(config, route_id, route),
        link=whole_link(config, route, feedback.id),
        show_all=say["card.show_all"] if feedback.channel is Channel.EMAIL else None,
    )


def whole_link(config: Config, route: Route, feedback_id: str) -> str:
    """Where a signed-in member of the route's team reads the whole feedback (functions/team)."""
    return f"{config.business.public_url}/t/{route.team}?feedback={feedback_id}"


def fingerprint(feedback: Feedback) -> str:
    """Changes exactly when a team would want to hear of the feedback again."""
    said = (str(feedback.rating), ",".join(feedback.reasons), feedback.comment)
    # Only what there is, so that most of what was stored before this counted is still the same.
    ways = (feedback.customer.email, feedback.customer.phone, *feedback.other_contact)
    answerable = filter(None, (*ways, *sorted(feedback.flags)))
    return sha256("\0".join((*said, *answerable)).encode()).hexdigest()[:16]


def words_direction(words: str) -> str | None:
    """`rtl` or `ltr`, of the first letter that has a direction: mail programs do not work out dir="auto"."""
    for sign in words:
        bidirectional = unicodedata.bidirectional(sign)
        if bidirectional in ("R", "AL"):
            return "rtl"
        if bidirectional == "L":
            return "ltr"
    return None


def _short(line: str) -> str:
    return cut(line, SUBJECT_GRAPHEMES)[:SUBJECT_SIGNS]


def _because(config: Config, route_id: str, route: Route) -> str:
    team, business = config.teams[route.team].name, config.business.name
    return texts(config.language)["card.because"].format(team=team, business=business, route=route_id)


def _who(feedback: Feedback) -> str:
    """On one line, where a name that turns its direction would show the address behind it backwards."""
    customer = feedback.customer
    ways = (customer.email, customer.phone, *feedback.other_contact)
    return one_line(" · ".join(part for part in (customer.name, *ways, customer.ref) if part))


def _where(config: Config, feedback: Feedback) -> str:
    touchpoint = config.touchpoints.get(feedback.touchpoint)  # it may have been removed since
    name = touchpoint.name.get(config.language, feedback.touchpoint) if touchpoint else feedback.touchpoint
    if not feedback.place:
        return name
    return texts(config.language)["card.place"].format(touchpoint=name, place=feedback.place)


def _when(moment: datetime, config: Config, say: dict[str, str]) -> str:
    local = moment.astimezone(ZoneInfo(config.business.time_zone))
    return say["card.moment"].format(
        weekday=say["card.weekdays"].split()[local.weekday()],
        day=local.day,
        month=say["card.months"].split()[local.month - 1],
        year=local.year,
        time=f"{local:%H:%M}",
    )


def _reasons(config: Config, feedback: Feedback) -> list[str]:
    touchpoint = config.touchpoints.get(feedback.touchpoint)
    offered = touchpoint.reasons if touchpoint else ()
    labels = {reason.id: reason.label.get(config.language, reason.id) for reason in offered}
    return [labels.get(reason, reason) for reason in feedback.reasons]
