import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config.model import Config
from shared.mail.letters import Question, Thanks, asking, invitation, notice, sign_in, thanks
from shared.model.scales import Scale
from tests.kit.markup import read

LINK = "https://feedback.fernleaf.example/f/abc123"
LEAVE = "https://feedback.fernleaf.example/u/abc123"


def a_question(**changes: Any) -> Question:
    question = Question(
        touchpoint="checkout",
        language="en",
        name="Nadia",
        link=LINK,
        unsubscribe=LEAVE,
        reply_to="feedback+labc@fernleaf.example",
    )
    return question._replace(**changes)


def a_thanks(config: Config, **changes: Any) -> Thanks:
    to = Thanks(
        team=config.teams["tills"],
        language="en",
        name="Nadia",
        subject="Broken trolley",
        message_id="<1@example.com>",
        reply_to="feedback+fabc@fernleaf.example",
    )
    return to._replace(**changes)


@pytest.mark.parametrize("scale", Scale)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_rating_is_a_link_in_html_and_in_text(config: Config, scale: Scale, language: str) -> None:
    asked = config.touchpoints["checkout"].model_copy(update={"scale": scale})
    config = config.model_copy(update={"touchpoints": config.touchpoints | {"checkout": asked}})
    mail = invitation(config, a_question(language=language))
    links = [f"{LINK}?r={rating}" for rating in scale.ratings]
    assert re.findall(r'href="([^"]+\?r=\d+)"', mail.html) == links
    assert re.findall(r"https://\S+\?r=\d+", mail.text) == links


def test_an_invitation_asks_in_the_customers_language_and_direction(config: Config) -> None:
    mail = invitation(config, a_question(language="ar"))
    assert mail.subject == "كيف كانت تجربة الدفع اليوم؟"
    assert '<html lang="ar" dir="rtl">' in mail.html
    assert "text-align:right" in mail.html


def test_an_invitation_needs_no_image_and_says_its_choices_in_words(config: Config) -> None:
    html = invitation(config, a_question()).html
    assert "<img" not in html
    assert 'aria-label="Awful"' in html
    assert "prefers-color-scheme: dark" in html


def test_an_invitation_can_be_declined_in_one_click_and_answered(config: Config) -> None:
    headers = invitation(config, a_question()).headers
    assert headers["List-Unsubscribe"] == f"<{LEAVE}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["Reply-To"] == "feedback+labc@fernleaf.example"


def test_thanks_name_the_team_and_join_the_thread(config: Config) -> None:
    mail = thanks(config, a_thanks(config))
    assert "Tills and queues at Fernleaf Market" in mail.text
    assert mail.subject == "Re: Broken trolley"
    assert mail.headers["In-Reply-To"] == mail.headers["References"] == "<1@example.com>"
    assert mail.headers["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize(("theirs", "subject"), [("Re: hi", "Re: hi"), ("", "Fernleaf Market has your words")])
def test_thanks_answer_the_subject(config: Config, theirs: str, subject: str) -> None:
    assert thanks(config, a_thanks(config, subject=theirs)).subject == subject


@pytest.mark.parametrize("message_id", ["", "<a b@c>", "<a@b>\r\nBcc: x@y.example", "no brackets", f"<{'a' * 300}>"])
def test_a_message_id_that_is_none_is_left_out(config: Config, message_id: str) -> None:
    assert "In-Reply-To" not in thanks(config, a_thanks(config, message_id=message_id)).headers


def test_what_a_customer_wrote_is_text_in_html(config: Config) -> None:
    mail = thanks(config, a_thanks(config, name="Siobhán O'Neill", subject="<script>"))
    assert "<script>" not in mail.html
    assert "Siobhán O&#39;Neill" in mail.html
    assert "Siobhán O'Neill" in mail.text


@pytest.mark.parametrize("name", ['<b>"{team}"</b>', "Win 100 at http://evil.example", "evil.example"])
def test_what_is_no_name_is_not_said_in_a_greeting(config: Config, name: str) -> None:
    greeted = (thanks(config, a_thanks(config, name=name)), invitation(config, a_question()._replace(name=name)))
    nameless = (thanks(config, a_thanks(config, name=None)), invitation(config, a_question()._replace(name=None)))
    assert greeted == nameless


@given(st.text() | st.sampled_from(["<script>x</script>", '"><img src=x>', "{{ 7 * 7 }}", "{name}", "&amp;"]))
def test_whatever_others_write_is_text_in_every_mail(config: Config, words: str) -> None:
    def mails(words: str) -> list[str]:
        return [
            invitation(config, a_question(name=words)).html,
            thanks(config, a_thanks(config, name=words, subject=words or "x")).html,
            notice("en", words or "x", [words, words], "tills").html,
        ]

    for mail, harmless in zip(mails(words), mails("harmless"), strict=True):
        assert read(mail).shape == read(harmless).shape
    assert read(notice("en", "x", [words], "tills").html).texts["p"] == [words]


def with_scale(config: Config, scale: Scale) -> Config:
    asked = config.touchpoints["checkout"].model_copy(update={"scale": scale})
    return config.model_copy(update={"touchpoints": config.touchpoints | {"checkout": asked}})


@pytest.mark.parametrize("scale", Scale)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_choice_is_called_what_is_seen_of_it_and_each_otherwise(config: Config, scale: Scale, language: str) -> None:
    """People who speak to their computer say what they see: WCAG 2.5.3. Faces and hands are pictures."""
    page = read(asking(with_scale(config, scale), "checkout", language, LINK))
    names, titles, seen = page.values("aria-label"), page.values("title"), page.texts["a"]
    assert names == titles
    assert len(set(names)) == len(scale.ratings)
    for name, symbol in zip(names, seen, strict=True):
        assert name
        assert symbol in name or not any(sign.isalnum() for sign in symbol)


def test_a_number_alone_is_not_all_that_a_choice_is_called(config: Config) -> None:
    names = read(asking(with_scale(config, Scale.CSAT5), "checkout", "en", LINK)).values("aria-label")
    assert names[0] == "1: Very dissatisfied"


def test_each_mail_has_a_title_and_it_is_its_subject(config: Config) -> None:
    mails = [
        invitation(config, a_question()),
        thanks(config, a_thanks(config)),
        thanks(config, a_thanks(config, subject="")),
        sign_in(config, "https://feedback.fernleaf.example/t/abc"),
        notice("en", "No more cards", ["It is gone."], "tills"),
    ]
    for mail in mails:
        assert read(mail.html).texts["title"] == [mail.subject]
        assert mail.subject
