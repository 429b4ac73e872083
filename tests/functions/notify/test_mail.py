import re
from functools import partial
from html import unescape
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from functions.notify.cards import MOOD_COLOURS
from functions.notify.mail import Mailer, render
from functions.notify.notices import Notices
from functions.notify.parcel import Parcel
from shared.addresses.targets import Target
from shared.cases.answers import Reach
from shared.config.model import Config, Route
from shared.model.feedback import Channel
from shared.model.scales import Mood
from tests.functions.notify.test_cards import ROUTE, a_card, in_arabic
from tests.kit.factories import a_revision
from tests.kit.markup import read

HOSTILE = '<script>alert(1)</script> & "quoted" $subject ${words} {label}\n  second line\r\n\u202eنص'


class FakeSes:
    """Takes the call that Mailer makes, or refuses it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.refuses: set[str] = set()
        self._error = error

    def send_email(self, **call: Any) -> dict[str, str]:
        if self._error:
            raise self._error
        if self.refuses & set(call["Destination"]["ToAddresses"]):
            raise ClientError({"Error": {"Code": "MessageRejected"}}, "SendEmail")
        self.sent.append(call)
        return {"MessageId": "0102018e"}


def a_mailer(config: Config, error: Exception | None = None) -> tuple[Mailer, FakeSes]:
    ses: Any = FakeSes(error)
    return Mailer(ses, config.business), ses


def a_parcel(config: Config) -> Parcel:
    revision = a_revision()
    target = Target.parse(ROUTE.to[0])
    return Parcel(
        "team-tills", "tills", target, revision.feedback.id, {}, a_card(config), None, "", revision.changed_at
    )


def words_of(html: str) -> str:
    match = re.search(r"<blockquote[^>]*>(.*?)</blockquote>", html, re.DOTALL)
    assert match
    return unescape(match[1])


def test_the_words_lead_exactly_as_they_were_sent(config: Config) -> None:
    mail = render(a_card(config, a_revision(comment=HOSTILE)), config.business.brand_colour)
    assert words_of(mail.html) == HOSTILE
    assert mail.text.startswith(f"“{HOSTILE}”\n")
    assert "<script" not in mail.html
    body = mail.html.partition("<body")[2]
    assert body.index("<blockquote") < body.index("Who") < body.index("Where") < body.index("When")


@given(st.text(min_size=1))
def test_any_words_come_through_and_stay_words(config: Config, words: str) -> None:
    mail = render(a_card(config, a_revision(comment=words, place=words)), config.business.brand_colour)
    assert words_of(mail.html) == words
    assert read(mail.html).shape == read(render(a_card(config), config.business.brand_colour).html).shape
    assert f"“{words}”" in mail.text


def test_words_have_their_own_direction_and_language(config: Config) -> None:
    mail = render(a_card(config, a_revision(comment="انتظرت كثيرًا", language="ar")), config.business.brand_colour)
    assert '<html lang="en" dir="ltr">' in mail.html
    assert re.search(r'<blockquote[^>]* lang="ar" dir="rtl"', mail.html)
    arabic = render(a_card(in_arabic(config)), config.business.brand_colour)
    assert '<html lang="ar" dir="rtl">' in arabic.html
    assert re.search(r'<blockquote[^>]* lang="en" dir="ltr"', arabic.html)


def test_of_a_mail_all_can_be_shown(config: Config) -> None:
    card = a_card(config, a_revision(channel=Channel.EMAIL))
    mail = render(card, config.business.brand_colour)
    assert f'<a href="{card.link}" style="color:#5b636a">Show all of it</a>' in mail.html
    assert f"Show all of it: {card.link}\n" in mail.text
    assert "Show all of it" not in render(a_card(config), config.business.brand_colour).html


def test_a_card_without_words_is_headed_by_what_they_chose(config: Config) -> None:
    mail = render(a_card(config, a_revision(comment="")), config.business.brand_colour)
    assert mail.text.startswith("Bad, the second lowest of five faces\nThe customer wrote nothing.\n")
    assert f'color:{MOOD_COLOURS[Mood.UNHAPPY]}">Bad, the second lowest of five faces</p>' in mail.html


def test_a_card_opens_its_case_and_says_where_an_answer_goes(config: Config) -> None:
    reach = Reach(Channel.SMS, "+447700900123", "")
    card = a_card(config, key="signed", reach=reach, reply_to="a@b.example")
    mail = render(card, config.business.brand_colour)
    reaches = "An answer reaches them by text, at +447700900123. Reply to this mail, and it goes to them."
    assert f"Open: {card.link}\n{reaches}\n" in mail.text
    assert f'<a href="{card.link.replace("&", "&amp;")}"' in mail.html
    assert mail.headers["Reply-To"] == "a@b.example"
    assert "Reply-To" not in render(a_card(config), config.business.brand_colour).headers


def test_a_card_says_before_anybody_types_why_no_answer_can_reach_the_customer(config: Config) -> None:
    mail = render(a_card(config, reach=Reach(None, "", "answer.stopped")), config.business.brand_colour)
    assert "They asked for no more texts.\n" in mail.text
    assert "Reply-To" not in mail.headers
    assert "Reply to this mail" not in mail.text


def test_a_card_needs_no_images_and_turns_dark(config: Config) -> None:
    card = a_card(config)
    html = render(card, config.business.brand_colour).html.replace(card.link, "")
    assert not re.search(r"<img|<link|url\(|https?://", html)
    assert "prefers-color-scheme: dark" in html


def test_a_card_asks_robots_not_to_answer_and_says_whose_it_is(config: Config) -> None:
    mailer, ses = a_mailer(config)
    assert mailer.send_card(a_parcel(config)).ok
    (call,) = ses.sent
    headers = {header["Name"]: header["Value"] for header in call["Content"]["Simple"]["Headers"]}
    assert headers == {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Earshot-Team": "tills",
        "X-Earshot-Feedback": a_revision().feedback.id,
    }
    assert call["FromEmailAddress"] == "Fernleaf Market <feedback@fernleaf.example>"
    assert call["Destination"] == {"ToAddresses": ["tills@fernleaf.example"]}


def test_ses_takes_a_card_as_it_is_sent(config: Config, aws: str) -> None:
    ses = boto3.client("sesv2")
    ses.create_email_identity(EmailIdentity=config.business.sender)
    assert Mailer(ses, config.business).send_card(a_parcel(config)).ok


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ClientError({"Error": {"Code": "MessageRejected"}}, "SendEmail"), "SES: MessageRejected"),
        (EndpointConnectionError(endpoint_url="https://ses"), "SES: EndpointConnectionError"),
    ],
)
def test_what_ses_refuses_is_an_outcome(config: Config, error: Exception, said: str) -> None:
    mailer, _ = a_mailer(config, error)
    assert mailer.send_card(a_parcel(config)).error == said


def test_the_people_of_a_team_are_told_of_a_disabled_target_without_its_address(config: Config) -> None:
    mailer, ses = a_mailer(config)
    hook = Target.parse("webhook:https://orders.example/secret-path")
    route = Route(team="care", to=(str(hook),))
    assert Notices(config, mailer).disabled("orders", route, hook, "It answered 410.")
    assert [call["Destination"]["ToAddresses"] for call in ses.sent] == [
        [person.email] for person in config.teams["care"].people
    ]
    text = ses.sent[0]["Content"]["Simple"]["Body"]["Text"]["Data"]
    assert "webhook:orders.example" in text
    assert "secret-path" not in text
    assert "It answered 410." in text
    assert "earshot replay --route orders" in text


def test_the_people_of_a_team_are_told_how_to_send_what_was_given_up(config: Config) -> None:
    for language in (config, in_arabic(config)):
        mailer, ses = a_mailer(language)
        hook = Target.parse("webhook:https://orders.example/secret-path")
        assert Notices(language, mailer).given_up("orders", Route(team="care", to=(str(hook),)), hook, "It is down.")
        message = ses.sent[0]["Content"]["Simple"]
        text = message["Body"]["Text"]["Data"]
        assert "webhook:orders.example" in message["Subject"]["Data"]
        assert "It is down." in text
        assert "earshot replay --route orders --since 14d --missed" in text


def test_a_notice_says_whether_anybody_was_reached(config: Config) -> None:
    mailer, ses = a_mailer(config)
    hook = Target.parse("webhook:https://orders.example/hook")
    tell = partial(Notices(config, mailer).disabled, "orders", Route(team="care", to=(str(hook),)), hook, "It is gone.")
    people = [person.email for person in config.teams["care"].people]
    ses.refuses = set(people[:1])
    assert tell(), "one of them is enough"
    ses.refuses = set(people)
    assert not tell()
