"""What one text does to a conversation. Pure: what is stored, and what is said back, follows from what was there."""

from datetime import datetime, timedelta
from typing import NamedTuple

from functions.capture_sms.replies import Replies
from shared.addresses.phones import may_text
from shared.cases.changes import Change
from shared.config.model import Config, SmsSettings
from shared.customers.messages import Purpose
from shared.customers.people import Conversation, Person, Silence
from shared.feedback.joining import flagged, joined
from shared.feedback.owners import reader
from shared.ids import answer_id
from shared.languages import reactions
from shared.languages.commands import Command, Commands
from shared.languages.packs import language_of
from shared.languages.reading import Reading, read
from shared.model.case import Found, Move
from shared.model.feedback import Answer, Channel, Customer, Revision
from shared.model.scales import Mood, Scale
from shared.text.unseen import plain

PAUSE = timedelta(hours=24)
"""Texts that follow each other within it are one feedback; after it, a text is about something new."""
CLOCKS = timedelta(seconds=5)
"""The largest difference expected between our clock and a provider's."""


class Text(NamedTuple):
    """A text from a customer: whose number (E.164), code or name it came from, its provider's id, and when.

    Texts come in any order: SNS keeps none, and one that failed is taken again later. What counts is `at`.
    """

    provider: str
    id: str
    sender: str
    body: str
    at: datetime
    command: Command | None = None
    """What its provider took it for, by keywords of its own."""
    is_hidden: bool = False
    """Whether its sender is not shown; `sender` is then of this text alone."""


class Reply(NamedTuple):
    """What is said back."""

    purpose: Purpose
    text: str


class Turn(NamedTuple):
    """What a text comes to: the person afterwards, the feedback to store (or None), and the reply (or None)."""

    person: Person
    answer: Answer | None
    reply: Reply | None


def topic(person: Person, text: Text, sms: SmsSettings, config: Config) -> Conversation:
    """What a text is about: the question that the person was asked, what they were just saying, or something new."""
    known = person.conversation
    said_before_we_asked = person.asked_at is not None and text.at < person.asked_at - CLOCKS
    if known and known.touchpoint in config.touchpoints and not said_before_we_asked:
        last = None if known.told_at else known.answered_at
        going_on = text.at < known.expires_at if last is None else abs(text.at - last) < PAUSE
        if going_on:
            return known
    return afresh(text, sms, config)


def afresh(text: Text, sms: SmsSettings, config: Config) -> Conversation:
    """The conversation that a text out of nowhere opens."""
    languages = config.business.languages
    return Conversation(
        feedback_id=answer_id("sms", text.provider, text.id),
        touchpoint=sms.touchpoint,
        place=None,
        customer=Customer(),
        language=language_of(text.body, languages) or config.language,
        expires_at=text.at + PAUSE,
    )


def take_turn(
    text: Text,
    person: Person,
    about: Conversation,
    before: Revision | None,
    sms: SmsSettings,
    config: Config,
    now: datetime,
) -> Turn:
    """What becomes of a text in the conversation `about`, whose feedback so far is `before`."""
    person = person.on(now)
    reading = _reading(text, person, about, before, config)
    if person.heard >= sms.texts_per_day and reading.command is not Command.STOP:
        return Turn(person, None, None)
    known = person
    person = person.model_copy(update={"heard": person.heard + 1})
    if reading.command is Command.STOP:
        person = person.silenced(Silence.STOPPED, text.at)
    elif reading.command is Command.START:
        person = person.resumed(text.at)

    comment = _joined(before, reading.comment)
    if comment is None:  # one feedback holds no more: what they say now opens the next
        return take_turn(text, known, afresh(text, sms, config), None, sms, config, now)
    answer = _answer(text, person, about, before, reading, comment)
    reply = None
    purpose = _purpose(reading, was_silent=known.silence is not None, silent=person.silence is not None, about=about)
    # A STOP is confirmed beyond the cap as well, once.
    may_reply = person.told < sms.replies_per_day + (purpose is Purpose.STOPPED)
    if purpose and may_reply and may_text(text.sender, sms.countries):
        team = reader(config, about.touchpoint, before)
        reply = _reply(purpose, about, reading, Replies(config, sms, _language(text, about, config), team), config)
        person = person.model_copy(update={"told": person.told + 1})
    if (answer or reading.says) and not _talks_of_another(person, about, text):
        thanked = about.thanked or (reply is not None and reading.says)
        person = person.model_copy(update={"conversation": _continued(about, text, reading, thanked=thanked)})
    return Turn(person, answer, reply)


def take_verdict(
    text: Text,
    person: Person,
    about: Conversation,
    change: Change,
    sms: SmsSettings,
    config: Config,
    now: datetime,
) -> Turn:
    """What becomes of a text that only says whether what was done has helped: `change` is what it does to the case."""
    person = person.on(now)
    if person.heard >= sms.texts_per_day:
        return Turn(person, None, None)
    person = person.model_copy(update={"heard": person.heard + 1})
    reply = None
    may_reply = person.silence is None and person.told < sms.replies_per_day and may_text(text.sender, sms.countries)
    if change.entry.what is Move.REOPEN and may_reply:
        replies = Replies(config, sms, about.language, reader(config, about.touchpoint, change.before.revision))
        reply = Reply(Purpose.THANKS, replies.again())
        person = person.model_copy(update={"told": person.told + 1})
    return Turn(person, None, reply)


def words_in(text: Text, found: Found) -> str:
    """What a text says itself: of a tap on a text of ours, whose words phones quote, the sign that was tapped."""
    told = [entry.text for entry in found.timeline if entry.message]
    reaction = reactions.find(text.body, plain(text.body), told)
    return "\n".join(filter(None, reaction)) if reaction else text.body


def is_command(text: Text) -> bool:
    """Whether a text is, or begins with, STOP, START or HELP, also as its provider has it."""
    return text.command is not None or Commands.known().hear(plain(text.body))[0] is not None


def _reading(text: Text, person: Person, about: Conversation, before: Revision | None, config: Config) -> Reading:
    """What a text says, without what they have said otherwise since: a command, or a rating. Its words always count."""
    scale = config.touchpoints[about.touchpoint].scale
    reading = read(text.body, scale, config.business.languages)
    if about.told_at and scale is Scale.THUMBS and reading.rating is not None:
        reading = reading._replace(rating=None, comment=text.body)  # their yes or no is for whoever has answered them
    if text.command:
        # A provider's keyword is a whole text, such as ALTO; where more came with it, such as a picture, all is kept.
        words = "" if len(text.body.split()) == 1 else reading.comment
        reading = reading._replace(command=text.command, comment=words)
    if reading.command in (Command.STOP, Command.START) and person.decided_since(text.at):
        reading = reading._replace(command=None)
    return reading._replace(rating=None) if _rated_since(text, about, before) else reading


def _rated_since(text: Text, about: Conversation, before: Revision | None) -> bool:
    """Whether the rating there is was given after this text: by a text or, where there was none, by a tap."""
    if before is None or before.feedback.rating is None:
        return False
    return text.at < (about.rated_at or about.answered_at or before.changed_at - CLOCKS)


def _talks_of_another(person: Person, about: Conversation, text: Text) -> bool:
    """Whether the person has been talking of something else since, which a text that comes late does not end."""
    current = person.conversation
    if current is None or current.feedback_id == about.feedback_id:
        return False
    last = current.answered_at or person.asked_at
    return last is not None and text.at < last


def _continued(about: Conversation, text: Text, reading: Reading, *, thanked: bool) -> Conversation:
    """The conversation after a text, whose last moment never goes back."""
    answered_at = max(about.answered_at or text.at, text.at)
    rated_at = about.rated_at if reading.rating is None else text.at
    return about.model_copy(update={"answered_at": answered_at, "rated_at": rated_at, "thanked": thanked})


def _joined(before: Revision | None, words: str) -> str | None:
    """The words so far and the new ones, one text a line and the same words once; None when they do not fit."""
    said = before.feedback.comment if before else ""
    return said if words in said.splitlines() or words == said else joined(before, words, "\n")


def _answer(
    text: Text,
    person: Person,
    about: Conversation,
    before: Revision | None,
    reading: Reading,
    comment: str,
) -> Answer | None:
    """The answer to store; None for a text that adds nothing to what was said."""
    flags = flagged(before, silent=person.silence is not None)
    if before is None and not reading.says:
        return None
    if before is not None:
        rating = before.feedback.rating if reading.rating is None else reading.rating
        same = (before.feedback.rating, before.feedback.comment, before.feedback.flags) == (rating, comment, flags)
        if same:
            return None
    return Answer(
        id=about.feedback_id,
        touchpoint=about.touchpoint,
        place=about.place,
        channel=Channel.SMS,
        language=about.language,
        customer=about.customer if text.is_hidden else about.customer.model_copy(update={"phone": text.sender}),
        rating=reading.rating,
        comment=comment if reading.comment or before is None else None,  # a STOP alone opens nothing again
        flags=flags,
    )


def _purpose(reading: Reading, *, was_silent: bool, silent: bool, about: Conversation) -> Purpose | None:
    match reading.command:
        case Command.STOP:
            return None if was_silent else Purpose.STOPPED
        case Command.START:
            return Purpose.RESUMED
        case Command.HELP:
            return Purpose.HELP
    return Purpose.THANKS if reading.says and not silent and not about.thanked else None


def _reply(purpose: Purpose, about: Conversation, reading: Reading, replies: Replies, config: Config) -> Reply:
    match purpose:
        case Purpose.STOPPED:
            return Reply(purpose, replies.stopped(heard=reading.says))
        case Purpose.RESUMED:
            return Reply(purpose, replies.resumed())
        case Purpose.HELP:
            return Reply(purpose, replies.help())
    mood = config.touchpoints[about.touchpoint].scale.mood(reading.rating)
    return Reply(purpose, replies.thanks(asks=not reading.comment and mood in (Mood.UNHAPPY, Mood.NEUTRAL)))


def _language(text: Text, about: Conversation, config: Config) -> str:
    return language_of(text.body, config.business.languages) or about.language
