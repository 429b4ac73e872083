"""Telling customers who left an address on the page that they were heard, once for each feedback."""

from datetime import datetime, timedelta

from pydynox import DynamoDBClient

from shared.cases.answers import Answers, Reach, of_mail
from shared.config.model import Config, Team
from shared.customers.budget import STRANGERS, Budget
from shared.customers.messages import Message, Messages, Purpose
from shared.customers.people import Conversation, People, Person
from shared.errors import Contended
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.languages.packs import texts
from shared.mail import letters
from shared.mail.reply_address import ReplyKind, ReplyTo
from shared.model.events import FeedbackAmended, FeedbackEvent
from shared.model.feedback import Channel, Feedback
from shared.text import gsm7

ADDS_FOR = timedelta(days=7)
"""How long what they text back belongs to what they said."""
_ATTEMPTS = 5


class Thanks:
    """Thanks the customers of one stage."""

    def __init__(self, client: DynamoDBClient, table: str, answers: Answers, keys: Keys, config: Config) -> None:
        self._store = Store(client, table)
        self._people = People(client, table)
        self._messages = Messages(client, table)
        self._answers = answers
        self._keys = keys
        self._config = config
        self._sms = config.sms
        self._budget: Budget | None = None
        if config.sms:
            self._budget = Budget(client, table, of_stage=config.sms.sent_per_day, of_source=config.sms.sent_per_source)

    def take(self, event: FeedbackEvent, now: datetime) -> bool:
        """Thank whoever gave an address with what they said; False where nobody did, or it cannot or need not be said.

        Anybody can write anybody's address into the page. So an address is told no more in a day than `earshot.toml`
        allows, and texts count as those to strangers do.
        """
        feedback = event.feedback
        if feedback.channel is not Channel.WEB or not _gives_address(event):
            return False
        id, team = answer_id("thanks", feedback.id), self._config.teams.get(feedback.team)
        reach = self._answers.reach(feedback)
        if team is None or reach.channel is None or self._messages.get(id):
            return False
        message = (self._text if reach.channel is Channel.SMS else self._mail)(id, feedback, reach, team, now)
        for _ in range(_ATTEMPTS):
            person = self._people.get(reach.to).on(now)
            if not self._is_to_tell(person, event, reach):
                return False
            if message.channel is Channel.SMS and not (self._budget and self._budget.take(STRANGERS, now)):
                return False
            told = person.model_copy(update={"told": person.told + 1, **_conversation(message, feedback, now)})
            if self._store.transact([self._messages.saving(message), self._people.saving(told, now)]):
                return True
            if message.channel is Channel.SMS and self._budget:
                self._budget.give_back(STRANGERS, now)
            if self._messages.get(id):
                return False
        raise Contended("This person is being changed from too many sides at once; try again.")

    def _is_to_tell(self, person: Person, event: FeedbackEvent, reach: Reach) -> bool:
        """Whoever was asked at this address did not leave it here; and nobody is told too often."""
        if person.asked_at and not isinstance(event, FeedbackAmended):
            return False
        by_text = self._sms.replies_per_day if self._sms else 0
        most = by_text if reach.channel is Channel.SMS else self._config.mail.answers_per_day
        return person.silence is None and person.told < most

    def _text(self, id: str, feedback: Feedback, reach: Reach, team: Team, now: datetime) -> Message:
        said = texts(feedback.language)["sms.thanks"]
        return Message(
            id=id,
            channel=Channel.SMS,
            to=reach.to,
            purpose=Purpose.THANKS,
            text=gsm7.plain(said.format(team=team.name, business=self._config.business.name)),
            created_at=now,
            feedback_id=feedback.id,
        )

    def _mail(self, id: str, feedback: Feedback, reach: Reach, team: Team, now: datetime) -> Message:
        thanks = letters.Thanks(
            team=team,
            language=feedback.language,
            name=feedback.customer.name,
            subject="",
            message_id="",
            reply_to=ReplyTo(ReplyKind.FEEDBACK, feedback.id).address(self._config.mail.address, self._keys),
        )
        rendered = letters.thanks(self._config, thanks)
        return of_mail(rendered, id=id, to=reach.to, purpose=Purpose.THANKS, created_at=now, feedback_id=feedback.id)


def _conversation(message: Message, feedback: Feedback, now: datetime) -> dict[str, Conversation]:
    """What a text asks them to add to: the feedback."""
    if message.channel is not Channel.SMS:
        return {}
    about = Conversation(
        feedback_id=feedback.id,
        touchpoint=feedback.touchpoint,
        place=feedback.place,
        customer=feedback.customer,
        language=feedback.language,
        expires_at=now + ADDS_FOR,
        thanked=True,
    )
    return {"conversation": about}


def _gives_address(event: FeedbackEvent) -> bool:
    """Whether what they said now has an address with it that was not there before."""
    if isinstance(event, FeedbackAmended):
        return any(name in event.previous for name in ("customer", "other_contact"))
    return bool(event.feedback.customer.email or event.feedback.customer.phone)
