import re
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config import Config
from shared.feedback import Scale
from shared.mail import MAX_SUBJECT, Mail, Question, Thanks, automatic, invitation, one_line, send, thanks

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


class Ses:
    """Takes what would be sent."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def send_email(self, **request: Any) -> dict[str, str]:
        self.requests.append(request)
        return {"MessageId": "0102018e"}


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
    mail = thanks(config, a_thanks(config, name='<b>"{team}"</b>', subject="<script>"))
    assert "<script>" not in mail.html
    assert "<b>" not in mail.html
    assert "{team}" in mail.text


@given(text=st.text(max_size=200))
def test_no_text_breaks_out_of_a_header(config: Config, text: str) -> None:
    ses = Ses()
    mail = thanks(config, a_thanks(config, name=text, subject=text, message_id=text))
    rough = mail._replace(headers=mail.headers | {"X-Test": text})
    send(cast(Any, ses), config.business, "ana@example.com", rough)
    simple = ses.requests[0]["Content"]["Simple"]
    for value in (simple["Subject"]["Data"], *(header["Value"] for header in simple["Headers"])):
        value.encode()
        assert not re.search(r"[\x00-\x1f\x7f\u2028\u2029]", value)
    assert len(simple["Subject"]["Data"]) <= MAX_SUBJECT


@pytest.mark.parametrize("name", ["", "X Y", "X:Y", "X\r\nBcc", "é"])
def test_a_header_that_nobody_may_name_is_refused(config: Config, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a header's name"):
        send(cast(Any, Ses()), config.business, "ana@example.com", Mail("a", "b", "c", {name: "x"}))


def test_a_mail_leaves_from_the_business_with_its_tags(config: Config) -> None:
    ses = Ses()
    mail = thanks(config, a_thanks(config))
    assert send(cast(Any, ses), config.business, "ana@example.com", mail, tags={"message": "m1"}) == "0102018e"
    request = ses.requests[0]
    assert request["FromEmailAddress"] == "Fernleaf Market <feedback@fernleaf.example>"
    assert request["ReplyToAddresses"] == ["feedback+fabc@fernleaf.example"]
    assert request["EmailTags"] == [{"Name": "message", "Value": "m1"}]
    assert "Reply-To" not in [header["Name"] for header in request["Content"]["Simple"]["Headers"]]


def test_machines_are_asked_not_to_answer() -> None:
    assert automatic("auto-replied") == {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}


def test_one_line_keeps_the_words() -> None:
    assert one_line("a\r\nb\x00 c\u2028d  e") == "a b c d e"
