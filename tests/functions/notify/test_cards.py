from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notify.cards import Beside, Card, Crowd, fingerprint, make_card
from shared.cases.wording import words_direction
from shared.config.model import Config, Route
from shared.languages.packs import LANGUAGES, texts
from shared.model.case import Case, Entry, Move
from shared.model.feedback import Channel, Customer, Flag, Revision
from shared.model.scales import Scale
from shared.text.lines import one_line
from tests.kit.factories import RECEIVED_AT, a_feedback, a_revision

ROUTE = Route(team="tills", to=("email:tills@fernleaf.example",))


def a_card(config: Config, revision: Revision | None = None, **beside: Any) -> Card:
    return make_card(config, "team-tills", ROUTE, revision or a_revision(), Beside(**{"now": RECEIVED_AT} | beside))


def in_arabic(config: Config) -> Config:
    return config.model_copy(update={"business": config.business.model_copy(update={"languages": ("ar", "en")})})


def fact(card: Card, label: str) -> str:
    return dict(card.facts)[label]


def test_a_card_says_who_where_when_how_and_what_they_chose(config: Config) -> None:
    card = a_card(config)
    assert card.words == "Twenty minutes, one till open."
    assert dict(card.facts) == {
        "Who": "order-1234",
        "Where": "Checkout, leeds-3",
        "When": "Saturday 14 March 2026, 09:26",
        "How": "On the feedback page",
        "Chose": "Bad, the second lowest of five faces",
        "About": "The queue",
    }
    assert card.subject == "Twenty minutes, one till open. · Checkout, leeds-3"


def test_when_is_in_the_time_zone_of_the_business(config: Config) -> None:
    summer = a_revision(received_at=datetime(2026, 7, 1, 23, 30, tzinfo=UTC))
    assert fact(a_card(config, summer), "When") == "Thursday 2 July 2026, 00:30"


def test_a_card_speaks_the_first_language_of_the_business(config: Config) -> None:
    card = a_card(in_arabic(config))
    assert (card.language, card.direction) == ("ar", "rtl")
    assert fact(card, "أين") == "الدفع، leeds-3"
    assert fact(card, "متى") == "السبت 14 مارس 2026، 09:26"
    assert fact(card, "بخصوص") == "طابور الانتظار"
    assert card.words_direction == "ltr", "the words keep their own"


def test_a_rating_without_words_says_so_plainly(config: Config) -> None:
    card = a_card(config, a_revision(comment=""))
    assert card.words == ""
    assert card.no_words == "The customer wrote nothing."
    assert card.subject.startswith("No words, only a rating: Bad")


def test_words_without_a_rating_say_so_too(config: Config) -> None:
    assert fact(a_card(config, a_revision(rating=None)), "Chose") == "No rating, only words"


def test_who_is_all_that_they_let_us_know(config: Config) -> None:
    known = Customer(name="Sam", email="sam@mail.example", phone="+447700900123", ref="order-1")
    assert fact(a_card(config, a_revision(customer=known)), "Who") == "Sam · sam@mail.example · +447700900123 · order-1"
    assert fact(a_card(config, a_revision(customer=Customer())), "Who") == "They did not say"


def test_a_name_cannot_turn_the_address_behind_it(config: Config) -> None:
    forged = Customer(name="Sam\u202e", email="moc.knab@evil.example")
    assert fact(a_card(config, a_revision(customer=forged)), "Who") == "Sam · moc.knab@evil.example"


def test_what_to_know_before_acting_is_said(config: Config) -> None:
    card = a_card(config, a_revision(channel=Channel.SMS, flags=(Flag.OPTED_OUT,)))
    assert fact(card, "Know this") == "They asked for no more messages: they cannot be answered."


def test_a_touchpoint_and_a_reason_that_were_removed_since_are_named_by_id(config: Config) -> None:
    card = a_card(config, a_revision(touchpoint="gone", reasons=("lost",)))
    assert (fact(card, "Where"), fact(card, "About")) == ("gone, leeds-3", "lost")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scale", Scale)
def test_every_choice_of_every_scale_has_words_and_never_a_percentage(
    config: Config, language: str, scale: Scale
) -> None:
    config = config if language == "en" else in_arabic(config)
    told = []
    for rating in scale.ratings:
        card = a_card(config, a_revision(scale=scale, rating=rating))
        told.append(fact(card, texts(language)["card.chose"]))
        assert "%" not in " ".join(value for _, value in card.facts)
    assert len(set(told)) == len(scale.ratings)


@pytest.mark.parametrize(
    ("words", "direction"),
    [("Late", "ltr"), ("متأخر", "rtl"), ("5 - متأخر", "rtl"), ("מאוחר", "rtl"), ("12 !", None), ("👍 good", "ltr")],
)
def test_the_direction_is_that_of_the_first_letter(words: str, direction: str | None) -> None:
    assert words_direction(words) == direction


@given(st.text())
def test_a_subject_is_one_line_that_nothing_can_break_out_of(config: Config, words: str) -> None:
    subject = a_card(config, a_revision(comment=words)).subject
    assert subject == one_line(subject)
    assert not any(ord(sign) < 32 or sign in "\x7f\x85\u2028\u2029\u202e\u2066" for sign in subject)
    assert len(subject.encode("utf-8", "surrogatepass")) <= len(words.encode("utf-8", "surrogatepass")) + 120


def test_a_fingerprint_changes_with_what_a_team_wants_to_hear_of() -> None:
    assert fingerprint(a_feedback(language="ar", place="york-1")) == fingerprint(a_feedback())
    two = (Flag.OPTED_OUT, Flag.SPAM_SUSPECTED)
    assert fingerprint(a_feedback(flags=two)) == fingerprint(a_feedback(flags=two[::-1]))
    others = [
        a_feedback(comment="x"),
        a_feedback(rating=1),
        a_feedback(reasons=()),
        a_feedback(customer=Customer(email="sam@mail.example")),
        a_feedback(customer=Customer(phone="+447700900123")),
        a_feedback(flags=two),
        a_feedback(flags=two[:1]),
    ]
    assert len({fingerprint(each) for each in [a_feedback(), *others]}) == 1 + len(others)


def test_a_fingerprint_of_what_only_has_words_stays_as_it_was_first_stored() -> None:
    assert fingerprint(a_feedback()) == "088e007320f567df"


def a_case(**changes: Any) -> Case:
    return Case(opened_at=RECEIVED_AT, **changes)


def test_a_card_says_how_long_it_has_waited_and_until_when_it_is_due(config: Config) -> None:
    due = RECEIVED_AT + timedelta(hours=1)
    card = a_card(
        config, now=RECEIVED_AT + timedelta(minutes=25), case=a_case(due_at=due, owner="priya@fernleaf.example")
    )
    assert fact(card, "Waiting") == "25 min"
    assert fact(card, "Due") == "Saturday 14 March 2026, 10:26"
    assert fact(card, "Taken by") == "Priya Nair"
    late = a_card(config, now=RECEIVED_AT + timedelta(days=2, hours=3), case=a_case(due_at=due))
    assert fact(late, "Waiting") == "2 d 3 h"
    assert fact(late, "Overdue since") == "Saturday 14 March 2026, 10:26"
    assert "Waiting" not in dict(a_card(config).facts)


def test_a_card_names_what_was_attached(config: Config) -> None:
    assert fact(a_card(config, attachments=["till.jpg", "receipt\u202e.pdf"]), "Attached") == "till.jpg · receipt.pdf"


def test_a_card_of_what_a_team_did_says_who_and_what(config: Config) -> None:
    entry = Entry(at=RECEIVED_AT, who="priya@fernleaf.example", what=Move.RESOLVE, text="Two tills more.")
    card = a_card(config, event={"entry": entry.model_dump(mode="json")}, case=a_case())
    assert card.note == "Priya Nair resolved it: Two tills more."


@pytest.mark.parametrize("move", Move)
def test_there_are_words_for_everything_that_a_team_can_do(config: Config, move: Move) -> None:
    for language in LANGUAGES:
        assert texts(language)[f"card.did_{move.value.replace('-', '_')}"]


def test_a_card_for_many_says_how_many_and_since_when(config: Config) -> None:
    card = a_card(config, crowd=Crowd(37, RECEIVED_AT, a_revision()))
    assert card.subject == "37 people say this · Checkout, leeds-3"
    assert card.note is not None
    assert card.note.startswith("37 people have said this about Checkout, leeds-3 since Saturday 14 March 2026, 09:26.")
    assert card.words == "Twenty minutes, one till open.", "the latest words lead"
