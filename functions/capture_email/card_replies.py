"""A reply to a card's mail is a reply to its customer, by whoever is listed for the team that got the card.

Its address is signed for the team and the feedback, which opens nothing by itself: cards are passed on. SES's own
checks must have passed for the sender, who must be listed for the team. Whoever wrote is told what became of it.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from functions.capture_email.incoming import IncomingMail, words_of
from functions.capture_email.ours import Ours
from shared.cases.answers import Answers, named, of_mail
from shared.cases.cases import Cases
from shared.cases.work import Action, Work
from shared.config.model import Config
from shared.customers.messages import Message, Messages, Purpose
from shared.errors import Contended, EarshotError, FeedbackUnknown
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.languages.packs import texts
from shared.mail import letters
from shared.mail.received import MailOutcome, MailRecord, Mails
from shared.mail.reply_address import ReplyKind, ReplyTo, read_reply_address
from shared.mail.sending import REPLY_TO
from shared.model.feedback import Channel, Flag

_LOOKS_LIKE_A_CARDS = re.compile(r"[^@+]+\+c[0-9a-z]{26}[a-z2-7]{16}@.+", re.IGNORECASE)
_PASSED_ON = re.compile(r"\s*(?:fwd?|wg|tr|rv|enc|i|doorst|vs|pd|ilt)\s*[:：]", re.IGNORECASE)


class _Refused(EarshotError):
    """Nothing is sent to the customer; the message says why. `card`: whose team should know that it was tried."""

    def __init__(self, message: str, card: ReplyTo | None = None) -> None:
        super().__init__(message)
        self.card = card


class CardReplies:
    """Takes what the people of one stage's teams answer by mail."""

    def __init__(self, store: Store, keys: Keys, config: Config, ours: Ours) -> None:
        self._store = store
        self._keys = keys
        self._config = config
        self._ours = ours
        self._said = texts(config.language)
        self._cases = Cases(store.client, store.table)
        self._mails = Mails(store.client, store.table)
        self._messages = Messages(store.client, store.table)
        self._answers = Answers(store.client, store.table, keys, config)
        self._work = Work(config, self._cases, self._answers)

    def is_one(self, mail: IncomingMail) -> bool:
        """Whether a mail came to the address of a card, or to what was one before it was changed."""
        domain = self._config.mail.address.partition("@")[2].lower()
        return any(
            _LOOKS_LIKE_A_CARDS.fullmatch(each) and each.lower().endswith(f"@{domain}") for each in _addresses(mail)
        )

    def take(self, id: str, mail: IncomingMail, now: datetime) -> MailRecord:
        """Send a reply to the customer, once, however often it comes; or tell its sender why not."""
        known = self._mails.get(id)
        if known and known.outcome.is_settled:
            return known
        if mail.automatic or mail.may_be_automatic:
            reason = mail.automatic or "may-be-automatic"
            return self._kept(_record(id, MailOutcome.AUTOMATIC, mail, now, reason=reason))
        try:
            card = self._card(mail)
            return self._answer(id, mail, card, now)
        except Contended:
            raise
        except EarshotError as refusal:
            return self._refused(id, mail, refusal, now)

    def _card(self, mail: IncomingMail) -> ReplyTo:
        """Which card a mail answers; raises `_Refused` for one that nobody may answer with it."""
        if not _is_shown_to_be(mail):
            raise _Refused(self._said["answer.unsent_unverified"].format(address=mail.sender))
        cards = {card for each in _addresses(mail) if (card := self._read(each))}
        if not cards:
            raise _Refused(self._said["answer.unsent_address"])
        if len(cards) > 1:
            raise _Refused(self._said["answer.unsent_two"])
        [card] = cards
        if mail.sender not in self._config.members(card.team):
            team = self._config.teams[card.team].name
            raise _Refused(self._said["answer.unsent_unlisted"].format(address=mail.sender, team=team), card)
        if Flag.VIRUS_SUSPECTED in mail.envelope.flags(mail.sender):
            raise _Refused(self._said["answer.unsent_virus"])
        if Flag.SPAM_SUSPECTED in mail.envelope.flags(mail.sender):
            raise _Refused(self._said["answer.unsent_spam"])
        in_copy = any(self._read(each) for each in mail.cc) and not any(self._read(each) for each in mail.to)
        if in_copy or _PASSED_ON.match(mail.subject):
            raise _Refused(self._said["answer.unsent_passed_on"])
        return card

    def _answer(self, id: str, mail: IncomingMail, card: ReplyTo, now: datetime) -> MailRecord:
        words = words_of(mail, self._ours, answers_us=True)
        text = _without_quotes(words.shown)
        if not text or not words.has_own:
            raise _Refused(self._said["answer.unsent_attachment" if mail.attachments else "answer.unsent_empty"])
        found = self._cases.get(card.id)
        if found is None:
            raise FeedbackUnknown(self._said["answer.unsent_gone"])
        identity = answer_id("card", mail.sender, mail.message_id)
        record = _record(id, MailOutcome.ANSWER, mail, now, feedback_id=card.id)
        if mail.message_id and self._store.is_claimed(identity):
            return self._kept(record.model_copy(update={"reason": "repeated"}))
        reach = self._answers.reach(found.feedback)
        claims = [self._store.claim(identity, now)] if mail.message_id else []
        told = self._messages.saving(self._sent(id, mail, card, named(found.feedback), reach.channel, now))
        others = [self._mails.saving(record), *claims, told]
        self._work.act(card.id, card.team, mail.sender, Action.REPLY, {"text": text}, "mail", now, others=others)
        if self._mails.get(id) is None:  # the same words were the last that they sent: they are not sent again
            self._store.transact(others)
        return record

    def _refused(self, id: str, mail: IncomingMail, refusal: EarshotError, now: datetime) -> MailRecord:
        record = _record(id, MailOutcome.REFUSED, mail, now, reason=refusal.code)
        if isinstance(refusal, _Refused) and refusal.card:
            self._warn(refusal.card, mail.sender, now)
        if not self._may_be_told(mail):
            return self._kept(record)
        why = self._said["answer.unsent"].format(why=refusal.message)
        message = self._to_sender(id, mail, self._said["answer.unsent_subject"], why, now)
        self._store.transact([self._mails.saving(record), self._messages.saving(message)])
        return record

    def _warn(self, card: ReplyTo, sender: str, now: datetime) -> None:
        """Tell whoever has the case, or the team, that somebody else tried to answer it: once a day for each card."""
        found = self._cases.get(card.id)
        people = [person.email for person in self._config.teams[card.team].people]
        text = self._said["answer.tried"].format(address=sender)
        for to in [found.case.owner] if found and found.case.owner else people:
            rendered = letters.to_team(self._config.language, self._said["answer.unsent_subject"], [text])
            rendered.headers[REPLY_TO] = card.address(self._config.mail.address, self._keys)
            told = answer_id("tried", card.id, to, now.date().isoformat())
            message = of_mail(rendered, id=told, to=to, purpose=Purpose.SENT_ANSWER, created_at=now)
            self._store.transact([self._messages.saving(message)])

    def _may_be_told(self, mail: IncomingMail) -> bool:
        """Whether a refusal is sent: to whoever was shown to be its sender, or is listed for the team of the card.

        So nobody is written to in whose name somebody else wrote, but those who should know of it.
        """
        if not mail.sender or not any(self._read(each) for each in _addresses(mail)):
            listed = any(mail.sender in self._config.members(team) for team in self._config.teams)
            return listed and _is_shown_to_be(mail)
        teams = [card.team for each in _addresses(mail) if (card := self._read(each))]
        is_member = any(mail.sender in self._config.members(team) for team in teams)
        return is_member or _is_shown_to_be(mail)

    def _sent(
        self, id: str, mail: IncomingMail, card: ReplyTo, name: str | None, channel: Channel | None, now: datetime
    ) -> Message:
        clock = now.astimezone(ZoneInfo(self._config.business.time_zone)).strftime("%H:%M")
        key = "answer.sent_sms" if channel is Channel.SMS else "answer.sent_email"
        text = self._said[key].format(to=name or self._said["answer.customer"], time=clock)
        if mail.attachments:
            text = f"{text} {self._said['answer.sent_without']}"
        return self._to_sender(id, mail, text, text, now, card)

    def _to_sender(
        self, id: str, mail: IncomingMail, subject: str, text: str, now: datetime, card: ReplyTo | None = None
    ) -> Message:
        """What the sender is told; an answer to that is one to the customer as well, such as a corrected one."""
        rendered = letters.to_team(self._config.language, subject, [text], mail.message_id)
        cards = [card] if card else [each for address in _addresses(mail) if (each := self._read(address))]
        if len(set(cards)) == 1:
            rendered.headers[REPLY_TO] = cards[0].address(self._config.mail.address, self._keys)
        told = answer_id("told", id)
        return of_mail(rendered, id=told, to=mail.sender, purpose=Purpose.SENT_ANSWER, created_at=now)

    def _read(self, address: str) -> ReplyTo | None:
        read = read_reply_address(address, self._config.mail.address, self._keys, self._config.teams)
        return read if read and read.kind is ReplyKind.CARD else None

    def _kept(self, record: MailRecord) -> MailRecord:
        self._mails.save(record)
        return record


def _addresses(mail: IncomingMail) -> Iterator[str]:
    """Whom a mail came to, by SES's word and its sender's: what is signed shows itself."""
    if mail.envelope.recipient:
        yield mail.envelope.recipient
    yield from (*mail.to, *mail.cc)


def _is_shown_to_be(mail: IncomingMail) -> bool:
    """Whether SES shows that a mail is from whom it says."""
    return not mail.has_other_senders and mail.envelope.is_aligned(mail.sender)


def _without_quotes(words: str) -> str:
    """What somebody of a team wrote: every line that is marked as quoted is of the card, wherever it stands."""
    return "\n".join(line for line in words.splitlines() if not line.startswith(">")).strip()


def _record(id: str, outcome: MailOutcome, mail: IncomingMail, now: datetime, **more: Any) -> MailRecord:
    return MailRecord(
        id=id, outcome=outcome, at=now, sender=mail.sender, subject=mail.subject, attachments=mail.attachments, **more
    )
