"""What one text does to a conversation. Pure: what is stored, and what is said back, follows from what was there."""

from datetime import datetime, timedelta
from typing import NamedTuple

from functions.capture_sms.replies import Replies
from shared import graphemes
from shared.config import Config, Sms
from shared.feedback import (
    MAX_COMMENT_BYTES,
    MAX_COMMENT_GRAPHEMES,
    MAX_REVISIONS,
    Answer,
    Channel,
    Customer,
    Flag,
    Mood,
    Revision,
    answer_id,
)
from shared.messages import Purpose
from shared.people import Conversation, Person, Silence
from shared.phones import may_text
from shared.reading import Command, Reading, language_of, read
from shared.routing import owner

PAUSE = timedelta(hours=24)
"""Texts that follow each other within it are one feedback; after it, a text is about something new."""


class Text(NamedTuple):
    """A text from a customer: whose number (E.164) it came from, and the id that its provider gave it."""

    provider: str
    id: str
    sender: str
    body: str


class Reply(NamedTuple):
    """What is said back."""

    purpose: Purpose
    text: str


class Turn(NamedTuple):
    """What a text comes to: the person afterwards, the feedback to store (or None), and the reply (or None)."""

    person: Person
    answer: Answer | None
    reply: Reply | None


def topic(person: Person, text: Text, sms: Sms, config: Config, now: datetime) -> Conversation:
    """What a text is about: the question that the person was asked, what they were just saying, or something new."""
    known = person.conversation
    if known and known.touchpoint in config.touchpoints:
        going_on = now < known.expires_at if known.answered_at is None else now - known.answered_at < PAUSE
        if going_on:
            return known
    return afresh(text, sms, config, now)


def afresh(text: Text, sms: Sms, config: Config, now: datetime) -> Conversation:
    """The conversation that a text out of nowhere opens."""
    languages = config.business.languages
    return Conversation(
        feedback_id=answer_id("sms", text.provider, text.id),
        touchpoint=sms.touchpoint,
        place=None,
        customer=Customer(),
        language=language_of(text.body, languages) or config.language,
        expires_at=now + PAUSE,
    )


def take_turn(
    text: Text,
    person: Person,
    about: Conversation,
    before: Revision | None,
    sms: Sms,
    config: Config,
    now: datetime,
) -> Turn:
    """What becomes of a text in the conversation `about`, whose feedback so far is `before`."""
    person = person.on(now)
    reading = read(text.body, config.touchpoints[about.touchpoint].scale, config.business.languages)
    if person.heard >= sms.texts_per_day and reading.command is not Command.STOP:
        return Turn(person, None, None)
    known = person
    person = person.model_copy(update={"heard": person.heard + 1})
    if reading.command is Command.STOP:
        person = person.silenced(Silence.STOPPED, now)
    elif reading.command is Command.START:
        person = person.resumed()

    comment = _joined(before, reading.comment)
    if comment is None:  # one feedback holds no more: what they say now opens the next
        return take_turn(text, known, afresh(text, sms, config, now), None, sms, config, now)
    answer = _answer(text, person, about, before, reading, comment)
    reply = None
    purpose = _purpose(reading, was_silent=known.silence is not None, silent=person.silence is not None, about=about)
    may_reply = person.told < sms.replies_per_day or purpose is Purpose.STOPPED
    if purpose and may_reply and may_text(text.sender, sms.countries):
        team = before.feedback.team if before else owner(config, about.touchpoint, ())
        reply = _reply(purpose, about, reading, Replies(config, sms, _language(text, about, config), team), config)
        person = person.model_copy(update={"told": person.told + 1})
    if answer or _says(reading):
        thanked = about.thanked or (reply is not None and _says(reading))
        said = about.model_copy(update={"answered_at": now, "thanked": thanked})
        person = person.model_copy(update={"conversation": said})
    return Turn(person, answer, reply)


def _says(reading: Reading) -> bool:
    return reading.rating is not None or bool(reading.comment)


def _joined(before: Revision | None, words: str) -> str | None:
    """The words so far and the new ones, one text a line; None when they are more than one feedback holds."""
    if before and before.number >= MAX_REVISIONS and words:
        return None
    said = before.feedback.comment if before else ""
    if not words or words in said.splitlines() or words == said:
        return said
    joined = f"{said}\n{words}" if said else words
    too_long = len(joined.encode()) > MAX_COMMENT_BYTES or graphemes.exceeds(joined, MAX_COMMENT_GRAPHEMES)
    return None if too_long else joined


def _answer(
    text: Text,
    person: Person,
    about: Conversation,
    before: Revision | None,
    reading: Reading,
    comment: str,
) -> Answer | None:
    """The answer to store; None for a text that adds nothing to what was said."""
    flags: tuple[Flag, ...] = tuple(
        flag for flag in (before.feedback.flags if before else ()) if flag != Flag.OPTED_OUT
    )
    if person.silence:
        flags = (*flags, Flag.OPTED_OUT)
    if before is None and not _says(reading):
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
        customer=about.customer.model_copy(update={"phone": text.sender}),
        rating=reading.rating,
        comment=comment,
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
    return Purpose.THANKS if _says(reading) and not silent and not about.thanked else None


def _reply(purpose: Purpose, about: Conversation, reading: Reading, replies: Replies, config: Config) -> Reply:
    match purpose:
        case Purpose.STOPPED:
            return Reply(purpose, replies.stopped(heard=_says(reading)))
        case Purpose.RESUMED:
            return Reply(purpose, replies.resumed())
        case Purpose.HELP:
            return Reply(purpose, replies.help())
    mood = config.touchpoints[about.touchpoint].scale.mood(reading.rating)
    return Reply(purpose, replies.thanks(asks=not reading.comment and mood in (Mood.UNHAPPY, Mood.NEUTRAL)))


def _language(text: Text, about: Conversation, config: Config) -> str:
    return language_of(text.body, config.business.languages) or about.language
