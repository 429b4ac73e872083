from datetime import datetime, timedelta

import pytest

from functions.close.thanks import Thanks
from shared.cases.answers import Answers
from shared.config.model import Config
from shared.customers.messages import Message, Messages, Purpose
from shared.customers.people import People, Silence
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.signing import Keys
from shared.model.events import FeedbackEvent, feedback_event
from shared.model.feedback import Answer, Channel, Customer, Revision
from shared.model.life import transition
from tests.kit.factories import an_answer

ANA, NUMBER = "ana@mail.example", "+447400123456"
LATER = timedelta(minutes=1)


@pytest.fixture
def thanks(store: Store, answers: Answers, keys: Keys, config: Config) -> Thanks:
    return Thanks(store.client, store.table, answers, keys, config)


@pytest.fixture
def people(store: Store) -> People:
    return People(store.client, store.table)


def thanked(messages: Messages, *identity: str) -> Message | None:
    return messages.get(answer_id("thanks", answer_id(*(identity or ("a tap",)))))


class Telling:
    """Captures answers, and hands over the event of each as the bus would."""

    def __init__(self, store: Store, config: Config, thanks: Thanks, now: datetime) -> None:
        self.store, self.config, self.thanks, self.now = store, config, thanks, now
        self.known: dict[str, Revision] = {}

    def event(self, answer: Answer) -> FeedbackEvent:
        after = self.store.capture(answer, self.config, self.now).revision
        before = self.known.get(answer.id)
        self.known[answer.id] = after
        name = transition(before, after)
        assert name is not None
        return feedback_event(name, before, after)

    def __call__(self, answer: Answer) -> bool:
        return self.thanks.take(self.event(answer), self.now)


@pytest.fixture
def says(store: Store, config: Config, thanks: Thanks, now: datetime) -> Telling:
    return Telling(store, config, thanks, now)


def test_whoever_leaves_an_address_is_told_once_who_reads_it(says: Telling, messages: Messages) -> None:
    assert not says(an_answer(comment="One till open."))
    given = says.event(an_answer(rating=None, given=Customer(email=ANA)))
    assert says.thanks.take(given, says.now)
    assert not says.thanks.take(given, says.now), "the bus brings it again"
    message = thanked(messages)
    assert message is not None
    assert (message.to, message.channel, message.purpose) == (ANA, Channel.EMAIL, Purpose.THANKS)
    assert "Tills and queues" in message.text
    assert "Fernleaf Market" in message.text
    assert "feedback+" in str(message.headers["Reply-To"]), "what they reply joins it"
    assert not says(an_answer(comment="And the reader is broken."))


def test_whoever_leaves_a_number_is_texted_and_adds_by_text(says: Telling, messages: Messages, people: People) -> None:
    assert says(an_answer(comment="One till open.", given=Customer(phone=NUMBER)))
    message = thanked(messages)
    assert message is not None
    assert (message.to, message.channel) == (NUMBER, Channel.SMS)
    assert message.text.startswith("Thank you! Tills and queues at Fernleaf Market will read this")
    conversation = people.get(NUMBER).conversation
    assert conversation is not None
    assert conversation.feedback_id == answer_id("a tap")


def test_in_the_language_of_the_customer(says: Telling, messages: Messages) -> None:
    assert says(an_answer(comment="صندوق واحد مفتوح", language="ar", given=Customer(email=ANA)))
    message = thanked(messages)
    assert message is not None
    assert "وصلت كلماتك" in message.text


@pytest.mark.parametrize(
    "answer",
    [
        an_answer(comment="One till open."),
        an_answer(comment="One till open.", channel=Channel.EMAIL, given=Customer(email=ANA)),
        an_answer(comment="One till open.", channel=Channel.SMS, given=Customer(phone=NUMBER)),
        an_answer(comment="One till open.", given=Customer(phone="+12025550123")),  # not a country of ours
    ],
)
def test_nobody_is_told_who_left_none_or_hears_elsewhere(says: Telling, messages: Messages, answer: Answer) -> None:
    assert not says(answer)
    assert thanked(messages) is None


def test_whoever_was_asked_left_no_address(says: Telling, people: People, now: datetime) -> None:
    people.change(ANA, lambda person: person.model_copy(update={"asked_at": now}), now)
    invited = Customer(ref="order-1234", email=ANA)
    assert not says(an_answer(customer=invited))
    assert not says(an_answer(customer=invited, comment="One till open."))


@pytest.mark.parametrize("why", list(Silence))
def test_whoever_wants_no_mail_gets_none(
    says: Telling, messages: Messages, people: People, now: datetime, why: Silence
) -> None:
    people.change(ANA, lambda person: person.silenced(why, now), now)
    assert not says(an_answer(comment="One till open.", given=Customer(email=ANA)))
    assert thanked(messages) is None


def test_strangers_whose_address_somebody_writes_into_the_page_are_told_a_few_times_a_day(
    says: Telling, config: Config
) -> None:
    told = [says(an_answer(str(number), comment="Ha.", given=Customer(email=ANA))) for number in range(10)]
    assert sum(told) == config.mail.answers_per_day
    assert config.sms is not None
    told = [says(an_answer(f"text {number}", comment="Ha.", given=Customer(phone=NUMBER))) for number in range(10)]
    assert sum(told) == config.sms.replies_per_day


def test_texts_to_numbers_from_the_page_have_a_bound_of_their_own(
    store: Store, answers: Answers, keys: Keys, config: Config, now: datetime
) -> None:
    assert config.sms is not None
    few = config.model_copy(update={"sms": config.sms.model_copy(update={"sent_per_source": 3})})
    says = Telling(store, few, Thanks(store.client, store.table, answers, keys, few), now)
    numbers = [f"+4474001234{number:02}" for number in range(8)]
    told = [says(an_answer(number, comment="Ha.", given=Customer(phone=number))) for number in numbers]
    assert sum(told) == 3
