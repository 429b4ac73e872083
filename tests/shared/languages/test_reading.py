import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.languages.commands import Command
from shared.languages.packs import language_of
from shared.languages.reading import Reading, clean, read, read_parts
from shared.model.scales import Scale

LANGUAGES = ("en", "ar")
FIVE = Scale.SMILE5


@pytest.mark.parametrize(
    ("message", "rating", "comment"),
    [
        ("4", 4, ""),
        ("4/5", 4, ""),
        (" 4 / 5 ", 4, ""),
        ("(4)", 4, ""),
        ("4️⃣", 4, ""),
        ("5!!", 5, ""),
        ("4 out of 5", 4, ""),
        ("2/5 stars", 2, ""),
        ("5 stars!", 5, ""),
        ("four", 4, ""),
        ("Four stars, nice", 4, "nice"),
        ("two: slow", 2, "slow"),
        ("2 queue too long", 2, "queue too long"),
        ("3 - slow", 3, "slow"),
        ("3\n\nToo slow.", 3, "Too slow."),
        ("1. Rude staff", 1, "Rude staff"),
        ("★★☆☆☆", 2, ""),
        ("⭐⭐⭐⭐ good", 4, "good"),
        ("4 ⭐ good", 4, "good"),
        ("5⭐️⭐️⭐️⭐️⭐️", 5, ""),
        ("٤", 4, ""),
        ("۴", 4, ""),
        ("٣ - بطيء", 3, "بطيء"),
        ("أربعة", 4, ""),
        ("٤ من ٥", 4, ""),
        ("اربعة نجوم", 4, ""),
    ],
)
def test_a_rating_is_read_from_how_people_write_it(message: str, rating: int, comment: str) -> None:
    assert read(message, FIVE, LANGUAGES) == Reading(rating, comment)


@pytest.mark.parametrize(
    ("message", "rating"),
    [
        ("👍", 5),
        ("👍🏽", 5),
        ("😡", 1),
        ("☹️", 2),
        ("😐", 3),
        ("❤️❤️", 5),
        ("Lovely staff 😍", 5),
        ("Queue too long 😡😡", 1),
    ],
)
def test_an_emoji_rates_and_stays_in_the_words(message: str, rating: int) -> None:
    assert read(message, FIVE, LANGUAGES) == Reading(rating, message)


@pytest.mark.parametrize(
    ("message", "rating"), [("Slow again. 2/5", 2), ("Great service 5/5!", 5), ("It was fine\n4", 4)]
)
def test_a_rating_set_apart_at_the_end_counts(message: str, rating: int) -> None:
    assert read(message, FIVE, LANGUAGES) == Reading(rating, message)


@pytest.mark.parametrize(
    "message",
    [
        "Queue too long!!",
        "One of your staff was rude",
        "2 hours late",
        "1 till open",
        "4 of 5 items missing",
        "4pm delivery missed",
        "4.5",
        "4,5",
        "4-5",
        "100",
        "20% off not applied",
        "£5 too much",
        "5€ zu viel",
        "2/10",
        "0",
        "6",
        "Due on 2/5",
        "The delivery due 2/5",
        "Flat 10/2/5",
        "Queue number A2/5",
        "I waited at till 4",
        "👍😡",
        "🤖",
        "thanks",
    ],
)
def test_in_doubt_the_words_are_kept_whole_and_rate_nothing(message: str) -> None:
    assert read(message, FIVE, LANGUAGES) == Reading(None, message)


@pytest.mark.parametrize(
    ("message", "scale", "rating", "comment"),
    [
        ("10", Scale.NPS, 10, ""),
        ("0", Scale.NPS, 0, ""),
        ("7/10", Scale.NPS, 7, ""),
        ("ten", Scale.NPS, 10, ""),
        ("😡", Scale.NPS, 0, "😡"),
        ("11", Scale.NPS, None, "11"),
        ("Yes", Scale.THUMBS, 1, ""),
        ("y", Scale.THUMBS, 1, ""),
        ("No, search is broken", Scale.THUMBS, 0, "search is broken"),
        ("no idea", Scale.THUMBS, None, "no idea"),
        ("لا", Scale.THUMBS, 0, ""),
        ("thumbs up", Scale.THUMBS, 1, ""),
        ("👎", Scale.THUMBS, 0, "👎"),
        ("😐", Scale.THUMBS, None, "😐"),
        ("4", Scale.THUMBS, None, "4"),
        ("Yes", FIVE, None, "Yes"),
    ],
)
def test_each_scale_is_read_by_its_own_ratings(message: str, scale: Scale, rating: int | None, comment: str) -> None:
    assert read(message, scale, LANGUAGES) == Reading(rating, comment)


@pytest.mark.parametrize("scale", [Scale.NPS, Scale.THUMBS])
@pytest.mark.parametrize(
    "message",
    ["⭐", "★☆☆☆☆", "⭐⭐⭐⭐⭐ lovely", "1 star", "One star!", "1 point", "1 ⭐ rude", "5 stars", "نجمة 1", "١ نجمة"],
)
def test_stars_rate_nothing_where_there_are_not_five(message: str, scale: Scale) -> None:
    assert read(message, scale, LANGUAGES) == Reading(None, message)


@pytest.mark.parametrize("scale", [Scale.SMILE5, Scale.STARS5, Scale.CSAT5])
def test_stars_rate_on_every_scale_of_five(scale: Scale) -> None:
    assert [read(message, scale, LANGUAGES).rating for message in ("⭐⭐", "2 stars", "2 points", "2⭐")] == [2] * 4


@pytest.mark.parametrize(
    "word",
    [
        "ARRET",
        "CANCEL",
        "END",
        "OPT-OUT",
        "OPTOUT",
        "QUIT",
        "REMOVE",
        "REVOKE",
        "STOP",
        "STOPALL",
        "TD",
        "UNSUBSCRIBE",
        "OPT OUT",
        "STOP ALL",
    ],
)
@pytest.mark.parametrize("form", ["{}", "{}!", " {}. ", "{}. Thank you", "Please {} texting me", '"{}"'])
def test_every_opt_out_word_is_heard_in_any_dress(word: str, form: str) -> None:
    for message in (form.format(word), form.format(word.lower()), form.format(word.title())):
        assert read(message, FIVE, ["en"]) == Reading(None, "", Command.STOP)


@pytest.mark.parametrize("message", ["توقف", "إيقاف من فضلك", "إلغاء الاشتراك", "أوقفوا الرسائل"])
def test_opt_out_words_count_in_every_language(message: str) -> None:
    assert read(message, FIVE, ["en"]) == Reading(None, "", Command.STOP)


@pytest.mark.parametrize(
    "message",
    [
        *("Stop overcharging me", "STOP! You charged me twice", "Help the lady at till 4"),
        *("Unsubscribe me from all of it", "إلغاء الاشتراك، رسائلكم كثيرة"),
    ],
)
def test_a_complaint_that_begins_with_a_command_is_both(message: str) -> None:
    reading = read(message, FIVE, LANGUAGES)
    assert reading.comment == message
    assert reading.command is (Command.HELP if message.startswith("Help") else Command.STOP)


@pytest.mark.parametrize(
    "message", ["توقف المصعد", "Cancel my order", "End of the queue", "Start opening earlier", "Non-stop noise"]
)
def test_other_words_are_commands_only_alone(message: str) -> None:
    assert read(message, FIVE, LANGUAGES) == Reading(None, message)


def test_a_rating_may_come_with_a_stop() -> None:
    assert read("2 stop", FIVE, LANGUAGES) == Reading(2, "", Command.STOP)


@pytest.mark.parametrize(
    ("parts", "reading"),
    [
        (["Unsubscribe", "Please unsubscribe me"], Reading(None, "", Command.STOP)),
        (["Cancel", "cancel, thank you"], Reading(None, "", Command.STOP)),
        (["إلغاء الاشتراك", "أوقفوا الرسائل من فضلكم"], Reading(None, "", Command.STOP)),
        (["2", "stop"], Reading(2, "", Command.STOP)),
        (["2 stop"], Reading(2, "", Command.STOP)),
        (["Feedback", "2 stop"], Reading(2, "Feedback\n\n2 stop", Command.STOP)),
        (["STOP", "I mean it."], Reading(None, "STOP\n\nI mean it.", Command.STOP)),
        (["My parcel", "STOP"], Reading(None, "My parcel\n\nSTOP", Command.STOP)),
        (["Your mails", "Stop emailing me!"], Reading(None, "Your mails\n\nStop emailing me!", Command.STOP)),
        (["Cancel", "My order 12, please."], Reading(None, "Cancel\n\nMy order 12, please.")),
        (["Order 12", "Cancel"], Reading(None, "Order 12\n\nCancel")),
        (["", "  "], Reading(None, "")),
        ([], Reading(None, "")),
    ],
)
def test_any_part_of_a_message_may_be_its_stop(parts: list[str], reading: Reading) -> None:
    assert read_parts(parts, FIVE, LANGUAGES) == reading


@pytest.mark.parametrize("message", ["START", "unstop", "Start!"])
def test_start_is_heard(message: str) -> None:
    assert read(message, FIVE, LANGUAGES).command is Command.START


def test_yes_does_not_opt_back_in() -> None:
    assert read("YES", FIVE, LANGUAGES).command is None


@pytest.mark.parametrize("message", ["HELP", "help?", "info", "مساعدة"])
def test_help_is_heard(message: str) -> None:
    assert read(message, FIVE, LANGUAGES) == Reading(None, "", Command.HELP)


@pytest.mark.parametrize("message", ["", "   ", "\n", "\x00", "\u200b ".strip("\u200b")])
def test_an_empty_text_says_nothing(message: str) -> None:
    assert read(message, FIVE, LANGUAGES) == Reading(None, "")


def test_lone_surrogates_become_characters_that_can_be_stored() -> None:
    assert clean("\ud83d\udc4d ok \ud83d") == "👍 ok \ufffd"


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\v", "\f", "\x85"])
def test_line_breaks_of_every_kind_keep_words_apart(line_break: str) -> None:
    assert clean(f"too slow{line_break}no staff") == "too slow\nno staff"


def test_control_characters_go_and_what_a_customer_meant_stays() -> None:
    assert clean(" a\x00b\x1b\x9b\ufffe\tc\u202ed\u200f ") == " ab\tc\u202ed\u200f "


def test_a_language_is_told_by_its_script() -> None:
    assert language_of("الطابور طويل", LANGUAGES) == "ar"
    assert language_of("Queue too long", LANGUAGES) == "en"
    assert language_of("4 👍", LANGUAGES) is None
    assert language_of("очередь", LANGUAGES) is None


ANY_TEXT = st.text(st.characters(codec=None), max_size=200)  # surrogates too
LIKELY = st.lists(
    st.sampled_from(
        ["4", "/", "5", " ", "four", "stop", "-", "👍", "queue", "٣", "out of", "yes", "\n", "⭐", ",", "😡"]
    )
).map("".join)


@given(ANY_TEXT | LIKELY, st.sampled_from(Scale))
def test_reading_never_raises_and_rates_within_the_scale(message: str, scale: Scale) -> None:
    reading = read(message, scale, LANGUAGES)
    assert reading.rating is None or reading.rating in scale.ratings
    reading.comment.encode()


@given(ANY_TEXT | LIKELY, st.sampled_from(Scale))
def test_words_are_never_lost(message: str, scale: Scale) -> None:
    reading = read(message, scale, LANGUAGES)
    said, kept = re.findall(r"\w+", clean(message)), re.findall(r"\w+", reading.comment)
    if reading.rating is None and reading.command is None:
        assert kept == said
    elif reading.command is not Command.STOP or kept:
        # What is missing is the rating, said in at most four words at the beginning: "4 out of 5".
        assert said[len(said) - len(kept) :] == kept
        assert len(said) - len(kept) <= 4 or reading.command


@given(ANY_TEXT | LIKELY)
def test_a_message_in_one_part_is_read_as_any_other(message: str) -> None:
    assert read_parts([message], FIVE, LANGUAGES) == read(message, FIVE, LANGUAGES)


@given(ANY_TEXT)
def test_a_rating_in_front_of_any_words_leaves_the_words(words: str) -> None:
    reading = read(f"2 - x {words}", FIVE, LANGUAGES)
    assert (reading.rating, reading.comment) == (2, clean(f"x {words}").strip())


def test_a_long_text_of_blank_lines_is_read_at_once() -> None:
    began = time.process_time()
    read("a" + "\n" * 60_000 + "b", FIVE, LANGUAGES)
    assert time.process_time() - began < 5  # it was minutes: every blank line was tried with all that follow


@pytest.mark.parametrize(
    "often", ["thanks ", "stop thanks ", "4 ", "1/5 ", "1 / ", "four ", "⭐", "👍", "!", "\n", "a\u0301"]
)
def test_more_words_take_more_time_by_their_number(often: str) -> None:
    def seconds(length: int) -> float:
        text = (often * length)[:length]
        took = []
        for _ in range(3):
            began = time.process_time()
            read(text, FIVE, LANGUAGES)
            took.append(time.process_time() - began)
        return min(took)

    seconds(1_000)
    assert seconds(64_000) < 9 * seconds(16_000) + 0.02  # by the square it were 16 times
