"""How somebody of a team reaches a customer, or why not; and what the customer is then sent.

A text goes to whoever wrote by text, or left nothing but a mobile number; a mail to everybody else who left an address.
The team's own words stand as they were written; what stands around them is in the customer's language.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydynox import DynamoDBClient

from shared.addresses.phones import may_text, read_phone, time_zones
from shared.cases.wording import given
from shared.config.model import Config
from shared.customers.budget import Budget
from shared.customers.messages import Message, Messages, Purpose
from shared.customers.people import Conversation, People, Person, Silence
from shared.errors import EarshotError, InvalidInput
from shared.ids import answer_id
from shared.keys.follow_links import FollowLink
from shared.keys.signing import Keys
from shared.languages.packs import texts
from shared.mail import letters
from shared.mail.received import Mails
from shared.mail.reply_address import ReplyKind, ReplyTo
from shared.mail.sending import Mail
from shared.model.case import Entry, Found
from shared.model.feedback import Channel, Feedback, Flag
from shared.table.table import Operation
from shared.text import gsm7
from shared.text.names import as_name

MAX_SEGMENTS = 6
"""Of one text. Longer ones are split into more than phones join reliably, and cost accordingly."""
AWAKE = timedelta(hours=1)
"""Whoever said something this lately is answered by text at once, also in quiet hours."""
TALKED_FOR = timedelta(days=7)
"""How long after an answer by text what they text belongs to it."""

_FLAGS = (Flag.OPTED_OUT, Flag.SENDER_UNVERIFIED, Flag.SPAM_SUSPECTED, Flag.VIRUS_SUSPECTED)
"""What is to know of a feedback that keeps it from being answered."""
_PARAGRAPHS = re.compile(r"\n\s*\n")


class Unreachable(EarshotError):
    """The customer cannot be answered; the message says why."""

    code = "unreachable"
    status = 422


class Reach(NamedTuple):
    """How an answer reaches a customer, and at which address; else why it cannot: a key of the texts."""

    channel: Channel | None
    to: str
    why_not: str
    """Empty where it can."""


class Telling(NamedTuple):
    """A message to a customer, and the operations of the transaction that store it with what it changes for them."""

    message: Message
    operations: list[Operation]


class Answers:
    """What the people of one stage's teams tell its customers."""

    def __init__(self, client: DynamoDBClient, table: str, keys: Keys, config: Config) -> None:
        self._people = People(client, table)
        self._messages = Messages(client, table)
        self._mails = Mails(client, table)
        self._keys = keys
        self._config = config
        sms = config.sms
        self._budget: Budget | None = None
        if sms:
            self._budget = Budget(client, table, of_stage=sms.sent_per_day, of_source=sms.sent_per_source)

    def reach(self, feedback: Feedback) -> Reach:
        """How an answer to a feedback reaches its customer, by all that is known now."""
        for flag in _FLAGS:
            if flag in feedback.flags:
                return Reach(None, "", f"answer.{flag}")
        first: Reach | None = None
        for channel, address in _addresses(feedback):
            why_not, is_wish = self._why_not(channel, address)
            if not why_not:
                return Reach(channel, address, "")
            first = first or Reach(None, address, why_not)
            if is_wish:  # who asked for silence here is not written to there
                break
        return first or Reach(None, "", "answer.no-address")

    def reply(self, found: Found, text: str, now: datetime) -> Telling:
        """The answer of a team, in its own words; raises `Unreachable`, or `InvalidInput` for more than fits."""
        reach = self.reach(found.feedback)
        if reach.channel is None:
            raise Unreachable(texts(self._config.language)[reach.why_not], field="text")
        return self._telling(found, reach, Purpose.REPLY, text, now)

    def resolved(self, found: Found, text: str, now: datetime) -> Telling | None:
        """What was done, and the question whether it is fixed; None where nobody can be told."""
        return self._told(found, Purpose.RESOLVED, text, now)

    def thanked(self, found: Found, to: str | None, now: datetime) -> Telling | None:
        """That their praise has reached somebody (`to`: a name), or the team; None where nobody can be told."""
        said = texts(found.feedback.language)
        text = said["answer.passed_on" if to else "answer.passed_on_team"]
        return self._told(found, Purpose.PASSED_ON, text.format(to=to, **self._names(found.feedback)), now)

    def carried_out(self, found: Found, entry: Entry, now: datetime) -> Telling | None:
        """That they were given what an entry grants; None where nobody can be told."""
        text = given(self._config, found.feedback, entry, found.feedback.language)
        return self._told(found, Purpose.REMEDY, text, now)

    def praise(self, found: Found, to: str, who: str, text: str, now: datetime) -> Operation:
        """Storing what somebody of a team is told whom a customer has thanked; `text` is what `who` adds to it."""
        said = texts(self._config.language)
        names = {person.email.lower(): person.name for each in self._config.teams.values() for person in each.people}
        paragraphs = [
            said["answer.praise"].format(business=self._config.business.name, who=names.get(who, who)),
            *(each for each in (found.feedback.comment, text) if each),
        ]
        rendered = letters.to_team(self._config.language, said["answer.praise_subject"], paragraphs)
        id = answer_id("praise", found.feedback.id, str(found.revision.number))
        return self._messages.saving(of_mail(rendered, id=id, to=to, purpose=Purpose.PRAISE, created_at=now))

    def may_send(self, message: Message, now: datetime) -> bool:
        """Count a message against what the stage may send in a day; False where a text finds no room."""
        return message.channel is not Channel.SMS or (self._budget is not None and self._budget.take(None, now))

    def not_sent(self, message: Message, now: datetime) -> None:
        """Do not count a message that was not stored after all."""
        if message.channel is Channel.SMS and self._budget is not None:
            self._budget.give_back(None, now)

    def _told(self, found: Found, purpose: Purpose, text: str, now: datetime) -> Telling | None:
        reach = self.reach(found.feedback)
        return None if reach.channel is None else self._telling(found, reach, purpose, text, now)

    def _why_not(self, channel: Channel, address: str) -> tuple[str, bool]:
        """Why an address cannot be written to (empty: it can), and whether that is its owner's wish."""
        sms = self._config.sms
        if channel is Channel.SMS:
            phone = read_phone(address)
            if sms is None:
                return "answer.no-number", False
            if phone is None or not phone.mobile:
                return "answer.no-mobile", False
            if not may_text(phone.number, sms.countries):
                return "answer.country", False
        silence = self._people.get(address).silence
        return (f"answer.{silence}", silence is not Silence.BOUNCED) if silence else ("", False)

    def _telling(self, found: Found, reach: Reach, purpose: Purpose, text: str, now: datetime) -> Telling:
        id = answer_id("answer", found.feedback.id, str(found.revision.number), purpose)
        person = self._people.get(reach.to).on(now)
        if reach.channel is Channel.SMS:
            message = self._text(id, found, reach.to, purpose, text, now)
            person = person.model_copy(update={"conversation": self._conversation(person, found.feedback, now)})
        else:
            message = self._mail(id, found, reach.to, purpose, text, now)
        person = person.model_copy(update={"told": person.told + 1})
        return Telling(message, [self._messages.saving(message), self._people.saving(person, now)])

    def _text(self, id: str, found: Found, to: str, purpose: Purpose, text: str, now: datetime) -> Message:
        feedback = found.feedback
        said = texts(feedback.language)
        lines = [text]
        if purpose is not Purpose.PASSED_ON:
            lines.append(gsm7.plain(said["answer.from"].format(**self._names(feedback))))
        if purpose is Purpose.RESOLVED:
            lines.append(gsm7.plain(said["answer.fixed_text"].format(link=self._follow(feedback))))
        body = "\n".join(lines)
        segments = gsm7.measure(body).segments
        if segments > MAX_SEGMENTS:
            raise InvalidInput(
                f"text: this would be {segments} text messages in a row; say it in at most {MAX_SEGMENTS}.",
                field="text",
            )
        # They are awake who have just said something.
        zones = () if now - found.revision.changed_at < AWAKE else time_zones(to) or (self._config.business.time_zone,)
        return Message(
            id=id,
            channel=Channel.SMS,
            to=to,
            purpose=purpose,
            text=body,
            created_at=now,
            feedback_id=feedback.id,
            zones=zones,
        )

    def _conversation(self, person: Person, feedback: Feedback, now: datetime) -> Conversation:
        """What they text next is about this feedback, whatever they talked of before."""
        known = person.conversation
        began = Conversation(
            feedback_id=feedback.id,
            touchpoint=feedback.touchpoint,
            place=feedback.place,
            customer=feedback.customer,
            language=feedback.language,
            expires_at=now,
        )
        if known and known.feedback_id == feedback.id:
            began = known
        return began.model_copy(update={"told_at": now, "expires_at": now + TALKED_FOR, "thanked": True})

    def _mail(self, id: str, found: Found, to: str, purpose: Purpose, text: str, now: datetime) -> Message:
        feedback = found.feedback
        rendered = letters.answer(
            self._config,
            letters.Answer(
                team=self._names(feedback)["team"],
                language=feedback.language,
                name=feedback.customer.name,
                subject=self._subject(feedback),
                paragraphs=[each for part in _PARAGRAPHS.split(text) if (each := part.strip())],
                verdicts=self._follow(feedback) if purpose is Purpose.RESOLVED else None,
                reply_to=ReplyTo(ReplyKind.FEEDBACK, feedback.id).address(self._config.mail.address, self._keys),
            ),
        )
        return of_mail(rendered, id=id, to=to, purpose=purpose, created_at=now, feedback_id=feedback.id)

    def _subject(self, feedback: Feedback) -> str:
        """The subject of their first mail about it; empty where they wrote none."""
        if feedback.channel is not Channel.EMAIL:
            return ""
        return next((mail.subject for mail in self._mails.of_feedback(feedback.id) if mail.subject), "")

    def _follow(self, feedback: Feedback) -> str:
        return FollowLink(feedback.id).url(self._config.business.public_url, self._keys)

    def _names(self, feedback: Feedback) -> dict[str, str]:
        team = self._config.teams.get(feedback.team) or self._config.teams[self._config.default_team]
        return {"team": team.name, "business": self._config.business.name}


def named(feedback: Feedback) -> str | None:
    """Whom an answer goes to, for whoever gave it: a name, where there is one."""
    return as_name(feedback.customer.name)


def of_mail(mail: Mail, **more: Any) -> Message:
    """A mail as a message; `more` are its fields that no mail has."""
    return Message(
        channel=Channel.EMAIL, subject=mail.subject, text=mail.text, html=mail.html, headers=mail.headers, **more
    )


def _addresses(feedback: Feedback) -> Iterator[tuple[Channel, str]]:
    """Where a customer may be written to, the likeliest first."""
    customer = feedback.customer
    texted = feedback.channel is Channel.SMS
    if customer.phone and texted:
        yield Channel.SMS, customer.phone
    if customer.email:
        yield Channel.EMAIL, customer.email
    if customer.phone and not texted:
        yield Channel.SMS, customer.phone
