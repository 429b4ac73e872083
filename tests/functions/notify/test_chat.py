"""Slack and Teams: the words arrive as they are, and the limits hold whatever they are."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notify import slack, teams
from functions.notify.outgoing import Outgoing
from functions.notify.parcel import Parcel, Sender
from shared.addresses.targets import Target
from shared.config.model import Config
from shared.model.feedback import Channel
from tests.functions.notify.receiver import answering, receiving
from tests.functions.notify.test_cards import a_card, in_arabic
from tests.kit.factories import a_revision

LONG = ["word " * 4000, "قائمة " * 1600, "👨‍👩‍👧‍👦" * 790, "e" + "\u0301" * 9999, "\n" * 20_000]
HOSTILE = "<!channel> <@U1> *bold* & [link](https://x.example) <https://x.example|y>"


def texts_of(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [text for value in node.values() for text in texts_of(value)]
    return [text for each in node for text in texts_of(each)] if isinstance(node, list) else []


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class TestSlack:
    def test_the_words_lead_in_plain_text(self, config: Config) -> None:
        message = slack.render(a_card(config, a_revision(comment=HOSTILE)))
        assert message["blocks"][0]["text"] == {"type": "plain_text", "text": HOSTILE, "emoji": False}
        assert "mrkdwn" not in json.dumps(message)

    def test_the_top_level_text_is_escaped(self, config: Config) -> None:
        text = slack.render(a_card(config, a_revision(comment=HOSTILE)))["text"]
        assert "&lt;!channel&gt;" in text
        assert not set("<>") & set(text)

    @pytest.mark.parametrize("words", LONG)
    def test_long_words_arrive_whole_in_several_sections(self, config: Config, words: str) -> None:
        blocks = slack.render(a_card(config, a_revision(comment=words)))["blocks"]
        sections = [block["text"]["text"] for block in blocks if "text" in block]
        assert "".join(sections) == words
        assert all(units(section) <= 3000 for section in sections)
        assert len(blocks) <= 50

    @given(st.text(max_size=300))
    def test_any_words_arrive(self, config: Config, words: str) -> None:
        blocks = slack.render(a_card(config, a_revision(comment=words)))["blocks"]
        choice = "Bad, the second lowest of five faces\nThe customer wrote nothing."
        assert blocks[0]["text"]["text"] == (words or choice)

    def test_of_a_mail_all_can_be_shown(self, config: Config) -> None:
        card = a_card(config, a_revision(channel=Channel.EMAIL))
        assert f"<{card.link}|Show all of it>" in json.dumps(slack.render(card)["blocks"])
        assert "Show all of it" not in json.dumps(slack.render(a_card(config))["blocks"])

    def test_a_button_opens_the_case(self, config: Config) -> None:
        card = a_card(config, key="signed")
        (actions,) = (block for block in slack.render(card)["blocks"] if block["type"] == "actions")
        (button,) = actions["elements"]
        assert (button["text"]["text"], button["url"]) == ("Open", card.link)
        assert card.link.endswith(f"/t/tills?feedback={card.feedback_id}&key=signed")

    def test_a_replay_says_so(self, config: Config) -> None:
        message = slack.render(a_card(config, replayed=True))
        assert any("You may know it already." in text for text in texts_of(message["blocks"]))


class TestTeams:
    def test_a_button_opens_the_case(self, config: Config) -> None:
        card = a_card(config, a_revision(comment=""))
        (attachment,) = json.loads(teams.render(card))["attachments"]
        assert attachment["content"]["actions"] == [{"type": "Action.OpenUrl", "title": "Open", "url": card.link}]
        assert texts_of(attachment["content"]["body"])[0].startswith("Bad, the second lowest of five faces")

    def test_of_a_mail_all_can_be_shown(self, config: Config) -> None:
        card = a_card(config, a_revision(channel=Channel.EMAIL))
        (attachment,) = json.loads(teams.render(card))["attachments"]
        action = {"type": "Action.OpenUrl", "title": "Show all of it", "url": card.link}
        assert attachment["content"]["actions"] == [action]

    def test_no_word_of_the_customer_stands_where_markdown_is_read(self, config: Config) -> None:
        message = json.loads(teams.render(a_card(config, a_revision(comment=HOSTILE))))
        fallback = message["attachments"][0]["content"]["fallbackText"]
        assert "bold" not in fallback
        assert fallback.endswith(a_card(config, a_revision(comment=HOSTILE)).link)

    def test_the_words_lead_in_a_block_that_knows_no_markdown(self, config: Config) -> None:
        message = json.loads(teams.render(a_card(config, a_revision(comment=HOSTILE))))
        (attachment,) = message["attachments"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert attachment["content"]["version"] == "1.4"
        body = attachment["content"]["body"]
        assert body[0]["inlines"][0]["text"] == HOSTILE
        assert {block["type"] for block in body} == {"RichTextBlock"}

    @pytest.mark.parametrize("words", LONG)
    def test_it_is_under_20_kb_and_says_what_was_cut(self, config: Config, words: str) -> None:
        content = teams.render(a_card(config, a_revision(comment=words)))
        assert len(content) <= 20_000
        body = json.loads(content)["attachments"][0]["content"]["body"]
        shown = body[0]["inlines"][0]["text"]
        if shown != words:
            assert words.startswith(shown.removesuffix("…"))
            assert "more than fits" in body[1]["inlines"][0]["text"]
            (action,) = json.loads(content)["attachments"][0]["content"]["actions"]
            assert action["url"] == f"{config.business.public_url}/t/tills?feedback={a_revision().feedback.id}"

    def test_the_card_is_read_in_its_own_direction_and_the_words_in_theirs(self, config: Config) -> None:
        content = json.loads(teams.render(a_card(in_arabic(config))))["attachments"][0]["content"]
        assert (content["lang"], content["rtl"]) == ("ar", True)
        assert content["body"][0]["horizontalAlignment"] == "Left"


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("slack", "https://hooks.slack.com/services/T/B/x"),
        ("teams", "https://prod-1.uksouth.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=y"),
    ],
)
def test_a_card_leaves_for_its_address(config: Config, kind: str, url: str) -> None:
    with receiving(answering("202 Accepted")) as outbox:
        outgoing = Outgoing(f"http://127.0.0.1:{outbox.port}")
        senders: dict[str, Sender] = {"slack": slack.Slack(outgoing).send, "teams": teams.Teams(outgoing).send}
        target = Target.parse(f"{kind}:{url}")
        parcel = Parcel("r", "tills", target, "f1", {}, a_card(config), None, "", datetime.now(UTC))
        assert senders[kind](parcel).ok
    assert f"X-Earshot-Target: {url}".encode() in outbox.requests[0]
    assert b"Twenty minutes, one till open." in outbox.requests[0]
