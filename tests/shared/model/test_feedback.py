from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config.model import Config
from shared.feedback.owners import owner, reader
from shared.ids import answer_id, can_be_id, random_id
from shared.model.feedback import Answer, Channel, Customer, Revision
from shared.model.life import Transition, transition
from shared.model.scales import Mood, Scale
from shared.values import utc_now
from tests.kit.factories import a_revision


@pytest.mark.parametrize("scale", list(Scale))
def test_every_rating_has_a_mood_and_better_ratings_are_never_worse_moods(scale: Scale) -> None:
    order = [Mood.UNHAPPY, Mood.NEUTRAL, Mood.HAPPY]
    moods = [order.index(scale.mood(rating)) for rating in scale.ratings]
    assert moods == sorted(moods)
    assert moods[0] == 0
    assert moods[-1] == 2


@pytest.mark.parametrize(
    ("scale", "unhappy", "neutral"),
    [("smile5", [1, 2], [3]), ("nps", [0, 1, 2, 3, 4, 5, 6], [7, 8]), ("thumbs", [0], [])],
)
def test_moods_begin_where_the_contract_says(scale: str, unhappy: list[int], neutral: list[int]) -> None:
    moods = {rating: Scale(scale).mood(rating) for rating in Scale(scale).ratings}
    assert [rating for rating, mood in moods.items() if mood is Mood.UNHAPPY] == unhappy
    assert [rating for rating, mood in moods.items() if mood is Mood.NEUTRAL] == neutral


def test_words_without_a_rating_have_no_mood_of_their_own() -> None:
    assert Scale.NPS.mood(None) is Mood.UNKNOWN


def test_a_rating_off_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 5, not 6"):
        Scale.STARS5.mood(6)


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_ids_are_equal_exactly_when_identities_are(one: list[str], other: list[str]) -> None:
    same = "\0".join(one) == "\0".join(other)
    assert (answer_id(*one) == answer_id(*other)) == same
    assert len(answer_id(*one)) == 26


@given(st.lists(st.text(), min_size=1))
def test_an_id_can_be_one(identity: list[str]) -> None:
    assert can_be_id(answer_id(*identity))
    assert can_be_id("test-0123456789abcdef")


@pytest.mark.parametrize("text", ["", "x" * 65, "A", "a/b", "a\n", "\0", "٣", "//evil.example"])
def test_what_is_too_long_or_has_other_characters_can_be_no_id(text: str) -> None:
    assert not can_be_id(text)


def test_random_ids_differ() -> None:
    assert len({random_id() for _ in range(100)}) == 100


def test_a_life_begins_with_captured_and_goes_on_with_amended() -> None:
    first = a_revision()
    second = Revision(2, first.changed_at, first.feedback.model_copy(update={"comment": "and more"}))
    assert transition(None, first) is Transition.CAPTURED
    assert transition(first, second) is Transition.AMENDED


def test_a_write_that_changes_nothing_a_team_knows_of_is_no_event() -> None:
    first = a_revision()
    assert transition(first, Revision(2, first.changed_at + timedelta(1), first.feedback)) is None


def test_the_folded_comment_ignores_case_in_any_script() -> None:
    feedback = a_revision().feedback.model_copy(update={"comment": "STRASSE Straße İ"})
    assert feedback.comment_folded == "STRASSE Straße İ".casefold()


@pytest.mark.parametrize("typed", ["Cafe\u0301", "CAF\u00c9", "caf\u00e9"])
def test_an_accent_is_folded_alike_however_it_was_typed_and_the_comment_stays_as_it_was_sent(typed: str) -> None:
    feedback = a_revision().feedback.model_copy(update={"comment": typed})
    assert feedback.comment_folded == "caf\u00e9"
    assert feedback.model_dump(mode="json")["comment"] == typed


def test_now_has_only_the_milliseconds_that_are_stored() -> None:
    assert utc_now().microsecond % 1000 == 0


def test_the_reason_owns_before_the_touchpoint_and_the_default_team_owns_the_rest(config: Config) -> None:
    assert owner(config, "checkout", ["queue", "price"]) == "care"
    assert owner(config, "checkout", ["queue"]) == "tills"
    assert owner(config, "checkout", []) == "tills"
    unclaimed = config.touchpoints["checkout"].model_copy(update={"team": None})
    config = config.model_copy(update={"touchpoints": {"checkout": unclaimed}})
    assert owner(config, "checkout", ["queue"]) == config.default_team


def test_a_reason_that_is_no_longer_configured_owns_nothing(config: Config) -> None:
    assert owner(config, "checkout", ["gone"]) == "tills"


def test_an_answer_starts_with_nothing_said() -> None:
    answer = Answer("id", "checkout", None, Channel.WEB, "en", Customer())
    assert (answer.rating, answer.reasons, answer.comment) == (None, None, None)


def test_what_is_added_is_read_by_the_owner_there_is(config: Config) -> None:
    assert reader(config, "checkout", None) == "tills"
    assert reader(config, "checkout", a_revision(team="care")) == "care"
    assert reader(config, "checkout", a_revision(team="dissolved")) == "tills"
