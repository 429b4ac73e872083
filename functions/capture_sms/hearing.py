"""Taking a text: once, whole, and in one transaction with what it changes."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pydynox import DynamoDBClient

from functions.capture_sms.conversation import Reply, Text, Turn, is_command, take_turn, take_verdict, topic, words_in
from functions.capture_sms.senders import read_sender
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.cases.hearing import heard
from shared.config.model import Config, SmsSettings
from shared.customers.budget import STRANGERS, Budget
from shared.customers.messages import Message, Messages, Purpose
from shared.customers.people import People, Person
from shared.errors import Contended, NotConfigured
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.languages.reading import clean
from shared.model.feedback import Channel
from shared.observe import count

_ATTEMPTS = 6


class TextOutcome(StrEnum):
    """What became of a text; the values name metrics."""

    STORED = "TextStored"
    HEARD = "TextHeard"  # a command, or words that were said before
    REPEATED = "TextRepeated"
    EMPTY = "TextEmpty"
    SENDER_REFUSED = "TextSenderRefused"  # a number of ours
    OVER_CAP = "TextOverCap"


class Heard(NamedTuple):
    """The outcome, and the reply, which the provider's response carries where the table does not."""

    outcome: TextOutcome
    reply: Reply | None = None


class Ear(NamedTuple):
    """Everything that hearing a text takes."""

    store: Store
    cases: Cases
    people: People
    messages: Messages
    config: Config
    sms: SmsSettings
    budget: Budget

    @classmethod
    def of(cls, client: DynamoDBClient, table: str, config: Config) -> "Ear":
        """What hears the texts of a stage; raises `NotConfigured` for a business without a number."""
        sms = config.sms
        if sms is None:
            raise NotConfigured("This business has no number: earshot.toml has no [sms].")
        budget = Budget(client, table, of_stage=sms.sent_per_day, of_source=sms.sent_per_source)
        return cls(
            Store(client, table),
            Cases(client, table),
            People(client, table),
            Messages(client, table),
            config,
            sms,
            budget,
        )

    def hear(self, text: Text, now: datetime, *, sends_reply: bool) -> Heard:
        """Store what a text says. With `sends_reply` the reply is stored with it, to be sent from the stream.

        Raises `Contended` when the same person's texts keep getting in each other's way; nothing is stored then.
        """
        sender = read_sender(text.sender)
        if sender in self.sms.numbers:
            return Heard(TextOutcome.SENDER_REFUSED)
        # Nobody knows whether two texts without a sender are of one person: each is of its own.
        whose = sender or f"hidden#{text.provider}#{text.id}"
        text = text._replace(sender=whose, is_hidden=sender is None, body=clean(text.body).strip())
        if not text.body and text.command is None:
            return Heard(TextOutcome.EMPTY)
        identity = f"sms#{text.provider}#{text.id}"
        for _ in range(_ATTEMPTS):
            person = self.people.get(text.sender)
            turn, operations = self._plan(text, person, now)
            if turn.person == person.on(now):
                return Heard(TextOutcome.OVER_CAP)
            source = STRANGERS if person.asked_at is None else None
            counted = turn.reply is not None and self.budget.take(source, now)
            if turn.reply and not counted and not _must_be_said(turn.reply, person):
                count("RepliesOverBudget")
                turn = turn._replace(reply=None)
            operations += [self.people.saving(turn.person, now), self.store.claim(identity, now)]
            if turn.reply and sends_reply:
                operations.append(self.messages.saving(_message(text, turn, now)))
            if self.store.transact(operations):
                return Heard(TextOutcome.STORED if turn.answer else TextOutcome.HEARD, turn.reply)
            if counted:
                self.budget.give_back(source, now)
            if self.store.is_claimed(identity):
                return Heard(TextOutcome.REPEATED)
        raise Contended("This number's texts come too fast; send it again.")

    def _plan(self, text: Text, person: Person, now: datetime) -> tuple[Turn, list[dict[str, object]]]:
        about = topic(person, text, self.sms, self.config)
        found = self.cases.get(about.feedback_id) if about.told_at else None
        way = Channel.SMS.value
        change = (
            heard(found, words_in(text, found), way, Now(self.config, now)) if found and not is_command(text) else None
        )
        if change:
            turn = take_verdict(text, person, about, change, self.sms, self.config, now)
            return turn, self.cases.moving(change)
        before = self.store.get(about.feedback_id)
        turn = take_turn(text, person, about, before, self.sms, self.config, now)
        if turn.answer is None:
            return turn, []
        seen = before if turn.answer.id == about.feedback_id else None
        return turn, [self.store.revise(turn.answer, self.config, seen, now)]


def _must_be_said(reply: Reply, person: Person) -> bool:
    """Whether a reply is sent beyond the day's budget: a STOP's confirmation, to a number that got messages before."""
    return reply.purpose is Purpose.STOPPED and (person.asked_at is not None or person.told > 0)


def _message(text: Text, turn: Turn, now: datetime) -> Message:
    assert turn.reply is not None  # noqa: S101  # the caller has looked
    return Message(
        id=answer_id("reply", text.provider, text.id),
        channel=Channel.SMS,
        to=text.sender,
        purpose=turn.reply.purpose,
        text=turn.reply.text,
        created_at=now,
        feedback_id=turn.answer.id if turn.answer else None,
    )
