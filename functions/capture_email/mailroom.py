"""What becomes of a mail: whom it is from, what it is about, and the one transaction that stores it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from functions.capture_email.card_replies import CardReplies
from functions.capture_email.incoming import IncomingMail, read_mail, words_of
from functions.capture_email.ours import Ours
from functions.capture_email.quoting import Words
from shared.cases.cases import Cases
from shared.cases.changes import Change, Now
from shared.cases.hearing import heard
from shared.config.model import Config
from shared.customers.invitations import Invitations
from shared.customers.messages import Message, Messages, Purpose
from shared.customers.people import People, Person, Silence
from shared.errors import Contended
from shared.feedback.joining import bounded, flagged, joined
from shared.feedback.owners import reader
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.languages.commands import Command
from shared.languages.packs import language_of
from shared.languages.reading import Reading, read_parts
from shared.mail import letters
from shared.mail.received import MAX_WHOLE_BYTES, MailOutcome, MailRecord, Mails
from shared.mail.reply_address import ReplyKind, ReplyTo, read_reply_address
from shared.model.feedback import Answer, Channel, Customer, Flag
from shared.text.graphemes import ELLIPSIS

_ATTEMPTS = 5
_MAX_RATED = 200  # characters; a longer mail that begins with a number does not begin with a rating, but may with STOP
_BETWEEN = "\n\n"  # what one mail says and the next
CONVERSATION = timedelta(days=60)
"""How long an answer joins the feedback that it answers."""


class Topic(NamedTuple):
    """What a mail is about."""

    touchpoint: str
    place: str | None = None
    feedback_id: str | None = None
    """The feedback that its words join."""
    customer: Customer = Customer()
    language: str | None = None
    flags: tuple[Flag, ...] = ()
    """What a team should know of whoever answers."""
    answers_us: bool = False
    """Whether it answers a mail of ours, also one that nothing can be added to any more."""


class Mailroom:
    """Takes the mails of one stage."""

    def __init__(self, store: Store, keys: Keys, config: Config) -> None:
        self._store = store
        self._keys = keys
        self._config = config
        self._ours = Ours.of(config)
        self._card_replies = CardReplies(store, keys, config, self._ours)
        self._cases = Cases(store.client, store.table)
        self._mails = Mails(store.client, store.table)
        self._people = People(store.client, store.table)
        self._messages = Messages(store.client, store.table)
        self._invitations = Invitations(store.client, store.table)

    def take(self, id: str, raw: bytes, now: datetime) -> MailRecord:
        """Store what a mail says, once, however often it comes; raises `MailUnreadable`, or what the table raised."""
        mail = read_mail(raw, self._config)
        if self._card_replies.is_one(mail):
            return self._card_replies.take(id, mail, now)
        if mail.automatic:
            record = _record(id, MailOutcome.AUTOMATIC, mail, now, reason=mail.automatic)
            self._mails.save(record)
            return record
        flags = mail.envelope.flags(mail.sender)
        for _ in range(_ATTEMPTS):
            known = self._mails.get(id)
            if known and known.outcome.is_settled:
                return known
            record, operations = self._plan(id, mail, flags, now)
            if self._store.transact(operations):
                return record
        raise Contended("This conversation is being changed from too many sides at once; the mail is tried again.")

    def _plan(
        self, id: str, mail: IncomingMail, flags: tuple[Flag, ...], now: datetime
    ) -> tuple[MailRecord, list[dict[str, Any]]]:
        """The record of a mail, and the operations that store it with all that follows from it."""
        verified = Flag.SENDER_UNVERIFIED not in flags
        topic = self._topic(mail, verified, now)
        found = self._cases.get(topic.feedback_id) if topic.feedback_id else None
        before = found.revision if found else self._store.get(topic.feedback_id) if topic.feedback_id else None
        words = words_of(mail, self._ours, answers_us=topic.answers_us)
        reading = self._reading(mail, words, topic, verified=verified)
        if found and not (flags or reading.command or mail.may_be_automatic):
            way = Channel.EMAIL.value
            change = heard(found, words.shown if words.has_own else "", way, Now(self._config, now))
            if change:
                return self._verdict(id, mail, words, change, now)
        comment = joined(before, reading.comment, _BETWEEN)
        if comment is None:  # one feedback holds no more: what they say now opens the next
            topic, before = topic._replace(feedback_id=None), None
            comment = bounded(reading.comment)
        person = self._people.get(mail.sender).on(now) if verified and mail.sender else None
        if person and reading.command is Command.STOP:
            person = person.silenced(Silence.UNSUBSCRIBED, now)
        silent = person is not None and person.silence is not None
        only_stops = reading.command is Command.STOP and not reading.says
        kept = None if only_stops and before else comment  # a STOP alone opens nothing again
        answer = self._answer(id, topic, reading, kept, flagged(before, *flags, *topic.flags, silent=silent))
        outcome = MailOutcome.UNSUBSCRIBED if only_stops else MailOutcome.FEEDBACK
        whole = _kept(words.whole) if words.is_cut else None
        record = _record(id, outcome, mail, now, flags=flags, whole=whole)
        operations = []
        if person:
            team = reader(self._config, topic.touchpoint, before)
            operations += self._towards(person, mail, topic, answer, team, flags, now)
        if not only_stops or (before and before.feedback.flags != answer.flags):  # a stop after the words is told too
            record = record.model_copy(update={"feedback_id": answer.id})
            operations += [self._mails.filing(record), self._store.revise(answer, self._config, before, now)]
        return record, [self._mails.saving(record), *operations]

    def _verdict(
        self, id: str, mail: IncomingMail, words: Words, change: Change, now: datetime
    ) -> tuple[MailRecord, list[dict[str, Any]]]:
        """The same of a mail that only says whether what was done has helped."""
        whole = _kept(words.whole) if words.is_cut else None
        record = _record(id, MailOutcome.FEEDBACK, mail, now, whole=whole, feedback_id=change.before.feedback.id)
        person = self._people.get(mail.sender).on(now)
        person = person.model_copy(update={"heard": person.heard + 1})
        operations = [self._mails.saving(record), self._mails.filing(record), self._people.saving(person, now)]
        return record, [*operations, *self._cases.moving(change)]

    def _topic(self, mail: IncomingMail, verified: bool, now: datetime) -> Topic:
        """By the signed address it came to, then by the mails of ours that it answers; else a fresh mail."""
        answers_us = False
        for address in self._addresses(mail):
            about = read_reply_address(address, self._config.mail.address, self._keys)
            answers_us = answers_us or about is not None
            topic = self._about(about, now) if about else None
            if topic:
                return self._on_behalf(mail, topic, verified)._replace(answers_us=True)
        customer = Customer(name=mail.name, email=mail.sender or None) if verified else Customer()
        return Topic(self._config.mail.touchpoint, customer=customer, answers_us=answers_us)

    @staticmethod
    def _on_behalf(mail: IncomingMail, topic: Topic, verified: bool) -> Topic:
        """The topic as far as the sender may add to it: a mail can be passed on, and a sender be made up.

        Whoever cannot be believed to be the sender says nothing in their name; somebody else than was asked speaks for
        themselves. Neither joins what the customer said.
        """
        elsewhere = Topic(topic.touchpoint, topic.place, language=topic.language)
        if not verified:
            return elsewhere
        asked = topic.customer.email
        if asked and _mailbox(asked) != _mailbox(mail.sender):
            customer = Customer(ref=topic.customer.ref, name=mail.name, email=mail.sender)
            return elsewhere._replace(customer=customer, flags=(Flag.OTHER_SENDER,))
        return topic

    def _addresses(self, mail: IncomingMail) -> Iterator[str]:
        yield mail.envelope.recipient or ""
        for message_id in mail.answers:
            yield self._mails.reply_address(message_id) or ""

    def _about(self, about: ReplyTo, now: datetime) -> Topic | None:
        if about.kind is ReplyKind.LINK:
            link = self._invitations.find(about.id)
            if link is None or link.link.touchpoint not in self._config.touchpoints:
                return None
            joins = link.link.answer_id(None) if now < link.link.expires_at else None
            return Topic(link.link.touchpoint, link.link.place, joins, link.customer, link.language)
        found = self._store.get(about.id)
        if found is None or found.feedback.touchpoint not in self._config.touchpoints:
            return None
        feedback = found.feedback
        joins = feedback.id if now < found.changed_at + CONVERSATION else None
        return Topic(feedback.touchpoint, feedback.place, joins, feedback.customer, feedback.language)

    def _reading(self, mail: IncomingMail, said_in_it: Words, topic: Topic, *, verified: bool) -> Reading:
        """The words; where a line or two answer our question, the rating in them; and a STOP of whoever may say it.

        Where all that there is was quoted, it is shown, and is nobody's rating or STOP.
        """
        if said_in_it.whole and not said_in_it.has_own:
            return Reading(None, said_in_it.shown)
        answers_us = topic.feedback_id is not None
        is_fresh = not answers_us and not mail.is_answer and mail.subject not in said_in_it.shown
        said = [mail.subject, said_in_it.shown] if is_fresh else [said_in_it.shown]
        parts = [part for part in said if part] or ["\n".join(f"📎 {name}" for name in mail.attachments)]
        words = "\n\n".join(parts)
        is_long = len(words) > _MAX_RATED
        scale = self._config.touchpoints[topic.touchpoint].scale
        reading = read_parts([part[:_MAX_RATED] for part in parts], scale, self._config.business.languages)
        if verified and reading.command is Command.STOP:
            return Reading(None, words, Command.STOP) if is_long else reading
        if is_long or not answers_us:
            return Reading(None, words)
        return Reading(reading.rating, words if reading.command else reading.comment)  # START and HELP are for texts

    def _answer(self, id: str, topic: Topic, reading: Reading, comment: str | None, flags: tuple[Flag, ...]) -> Answer:
        language = (
            topic.language or language_of(comment or "", self._config.business.languages) or self._config.language
        )
        return Answer(
            id=topic.feedback_id or answer_id("email", id),
            touchpoint=topic.touchpoint,
            place=topic.place,
            channel=Channel.EMAIL,
            language=language,
            customer=topic.customer,
            rating=reading.rating,
            comment=comment,
            flags=flags,
        )

    def _towards(
        self,
        person: Person,
        mail: IncomingMail,
        topic: Topic,
        answer: Answer,
        team: str,
        flags: tuple[Flag, ...],
        now: datetime,
    ) -> list[dict[str, Any]]:
        """What the mail changes for its sender: they were heard, and are thanked once, unless that is unwise."""
        heard = person.model_copy(update={"heard": person.heard + 1})
        thanks_id = answer_id("thanks", answer.id)
        # A machine that does not say that it is one answers our thanks with a fresh mail: that is where it ends.
        limit = self._config.mail.answers_per_day if topic.feedback_id else 1
        if flags or mail.may_be_automatic or person.silence or person.told >= limit or self._messages.get(thanks_id):
            return [self._people.saving(heard, now)]
        message = self._thanks(thanks_id, mail, answer, team, now)
        told = heard.model_copy(update={"told": heard.told + 1})
        return [self._people.saving(told, now), self._messages.saving(message)]

    def _thanks(self, id: str, mail: IncomingMail, answer: Answer, team: str, now: datetime) -> Message:
        rendered = letters.thanks(
            self._config,
            letters.Thanks(
                team=self._config.teams[team],
                language=answer.language,
                name=answer.customer.name,
                subject=mail.subject,
                message_id=mail.message_id,
                reply_to=ReplyTo(ReplyKind.FEEDBACK, answer.id).address(self._config.mail.address, self._keys),
            ),
        )
        return Message(
            id=id,
            channel=Channel.EMAIL,
            to=mail.sender,
            purpose=Purpose.THANKS,
            created_at=now,
            feedback_id=answer.id,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            headers=rendered.headers,
        )


def _kept(whole: str) -> str:
    """As much of a text as a record holds."""
    kept = whole.encode()[:MAX_WHOLE_BYTES].decode(errors="ignore")
    return kept if len(kept) == len(whole) else f"{kept}{ELLIPSIS}"


def _mailbox(address: str) -> str:
    """An address without what programs add to it: case, and anything after a plus."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _record(id: str, outcome: MailOutcome, mail: IncomingMail, now: datetime, **more: Any) -> MailRecord:
    return MailRecord(
        id=id,
        outcome=outcome,
        at=now,
        sender=mail.sender,
        subject=mail.subject,
        attachments=mail.attachments,
        **more,
    )
