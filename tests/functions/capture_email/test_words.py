"""What people write is shown, and what their programs put around it is not: a table of kinds of recorded mails."""

import textwrap
import time
from collections import defaultdict
from functools import cache

import pytest

from functions.capture_email.hypertext import to_lines
from functions.capture_email.incoming import read_mail, words_of
from functions.capture_email.line import plain_lines
from functions.capture_email.ours import Ours
from functions.capture_email.quoting import Words, customers_words
from shared.config.load import load
from shared.config.model import Config
from shared.mail.letters import Question, Thanks, invitation, thanks
from shared.mail.sending import Mail
from tests.kit.samples import WordsOfMail, load_words_of_mails

ADDRESS = "feedback+l0abcdefghjkm0123456789abcdef@in.fernleaf.example"


@cache
def fernleaf() -> Config:
    """The business that the recorded mails were written to."""
    config = load()
    business = {"name": "Fernleaf", "sender": "hello@fernleaf.example", "public_url": "https://fernleaf.example"}
    delivery = config.touchpoints["delivery"].model_copy(update={"question": {"en": "How was your delivery?"}})
    return config.model_copy(
        update={
            "business": config.business.model_copy(update=business),
            "mail": config.mail.model_copy(update={"address": "feedback@in.fernleaf.example"}),
            "touchpoints": {**config.touchpoints, "delivery": delivery},
        }
    )


@cache
def mails() -> dict[str, dict[str, WordsOfMail]]:
    """The recorded mails by kind."""
    kinds: dict[str, dict[str, WordsOfMail]] = defaultdict(dict)
    for name, mail in load_words_of_mails(ADDRESS, "0102018abc@eu-west-1.amazonses.com", "0abcdefghjkm").items():
        kinds[mail.kind][name] = mail
    return kinds


def read(mail: WordsOfMail) -> Words:
    return words_of(read_mail(mail.raw, fernleaf()), Ours.of(fernleaf()), answers_us=mail.is_reply)


@pytest.mark.parametrize("kind", mails())
def test_of_every_kind_of_mail_what_was_written_is_shown(kind: str) -> None:
    wrong = {
        name: (mail.words[0], shown)
        for name, mail in mails()[kind].items()
        if not mail.is_said_by(shown := read(mail).shown)
    }
    assert wrong == {}


@pytest.mark.parametrize("kind", ["only-a-quote", "only-a-signature"])
def test_where_nothing_was_written_all_is_shown_and_is_nobodys(kind: str) -> None:
    for mail in mails()[kind].values():
        words = read(mail)
        assert words.shown == words.whole
        assert not words.has_own or kind == "only-a-signature"


def test_of_a_fresh_mail_no_word_is_lost() -> None:
    cut = {
        name: mail.words[0]
        for kind in mails().values()
        for name, mail in kind.items()
        if name.startswith("fresh/") and read(mail).is_cut
    }
    assert cut == {}


# --- The very lines of our own mails ----------------------------------------------------------------------------------


def an_invitation(touchpoint: str, language: str) -> Mail:
    link, way_out = "https://feedback.fernleaf.example/f/abc123def456", "https://feedback.fernleaf.example/u/xyz"
    return invitation(load(), Question(touchpoint, language, "Ana Silva", link, way_out, "feedback@fernleaf.example"))


def the_thanks(language: str) -> Mail:
    config = load()
    return thanks(config, Thanks(config.teams["care"], language, "Ana", "Bread", "<1@example.com>", "x@y.example"))


OUR_MAILS = [an_invitation(touchpoint, language) for touchpoint in load().touchpoints for language in ("en", "ar")]
OUR_MAILS += [the_thanks("en"), the_thanks("ar")]
INTRODUCTION = "On Sat, 14 Mar 2026 at 08:55, Fernleaf Market <feedback@fernleaf.example> wrote:"
HEADERS = "Von: Fernleaf Market <feedback@fernleaf.example>\nGesendet: 14. März 2026 09:55\nAn: Ana\nBetreff: x"


def gmail(top: str, ours: Mail) -> Words:
    html = f'<div>{top}</div><div class="gmail_quote"><div class="gmail_attr">{INTRODUCTION}</div>'
    html += f'<blockquote class="gmail_quote">{ours.html}</blockquote></div>'
    return customers_words(to_lines(html), Ours.of(load()), answers_us=True)


def plain(text: str) -> Words:
    return customers_words(plain_lines(text), Ours.of(load()), answers_us=True)


def behind_marks(text: str) -> str:
    return "\n".join(
        f"> {piece}" for line in text.split("\n") for piece in (textwrap.wrap(line, 60, break_long_words=False) or [""])
    )


@pytest.mark.parametrize("ours", OUR_MAILS, ids=lambda mail: mail.subject)
def test_of_our_own_mails_nothing_is_left(ours: Mail) -> None:
    assert gmail("Late.", ours).shown == "Late."
    assert plain(f"Late.\n\n{INTRODUCTION}\n\n{behind_marks(ours.text)}").shown == "Late."
    assert plain(f"Late.\n\n{HEADERS}\n\n{ours.text}").shown == "Late."


@pytest.mark.parametrize("ours", OUR_MAILS[:-2], ids=lambda mail: mail.subject)
def test_an_answer_among_the_lines_of_our_question_is_kept_wherever_it_stands(ours: Mail) -> None:
    first, *rest = ours.text.split("\n\n")
    inside = "\n\n".join([first, rest[0], "The milk was open.", *rest[1:]])
    for answered in (inside, f"{ours.text}\n\nThe milk was open."):
        assert plain(f"{HEADERS}\n\n{answered}").shown == "The milk was open."
        assert plain(f"{INTRODUCTION}\n{behind_marks(answered)}").shown == "The milk was open."
    assert plain(f"See below.\n\n{HEADERS}\n\n{inside}").shown.split("\n\n") == ["See below.", "The milk was open."]


# --- Cost -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "piece",
    [
        "From: shelf\nTo: van\n",
        "On 14 March 2026 at\n",
        "On 14 March 2026 Fernleaf Market wrote:\n",
        "> How was paying today?\n",
        "-- \nSent from my iPhone\n\n",
        "________________\n",
        "https://feedback.fernleaf.example/x/",
        "feedback@fernleaf.example ",
        "a<\n",
        ">",
    ],
)
def test_more_takes_more_time_by_its_length(piece: str) -> None:
    def seconds(size: int) -> float:
        lines = plain_lines((piece * (size // len(piece) + 1))[:size] + "\n\nLate.")
        started = time.process_time()
        customers_words(lines, Ours.of(load()), answers_us=True)
        return time.process_time() - started

    seconds(1_000)  # what is made once
    less, more = (min(seconds(size) for _ in range(3)) for size in (20_000, 80_000))
    assert more < 9 * less + 0.03  # by the square it were 16 times
