"""A team answers from its mail, and its customer from their phone, deployed."""

import smtplib
import uuid
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from shared.cases.answers import Answers
from shared.cases.cases import Cases
from shared.cases.work import Action, Work
from shared.config.load import load
from shared.model.case import CaseState, Found, Move
from shared.values import utc_now
from tests.end_to_end.world import World, eventually

PRIYA, NUMBER = "priya@fernleaf.example", "+447400188"


def card_about(world: World, words: str) -> dict[str, Any]:
    """The card that brought these words to the team's mailbox."""

    def look() -> list[dict[str, Any]]:
        return [left for left in world.outbox() if left["kind"] == "email" and "team" in left and words in left["text"]]

    return eventually(look)[0]


def answer_by_mail(world: World, card: dict[str, Any], words: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Priya Nair <{PRIYA}>", card["headers"]["Reply-To"]
    mail["Subject"], mail["Message-ID"] = f"Re: {card['subject']}", f"<{uuid.uuid4()}@fernleaf.example>"
    quoted = "\n".join(f"> {line}" for line in card["text"].splitlines())
    mail.set_content(f"{words}\n\nOn Sat, 14 Mar 2026 at 09:27, Fernleaf Market <{mail['To']}> wrote:\n\n{quoted}\n")
    host, _, port = world.description["smtp"].partition(":")
    with smtplib.SMTP(host, int(port), timeout=30) as client:
        client.send_message(mail, PRIYA, [mail["To"]])


def test_a_complaint_by_text_is_answered_from_the_cards_mail_and_comes_back_with_not_yet(
    world: World, tmp_path: Path
) -> None:
    number = f"{NUMBER}{uuid.uuid4().int % 1000:03}"
    words = f"the till ate my card {number[-5:]}"
    world.earshot(tmp_path, "text", "--from", number, f"1 {words}")
    card = card_about(world, words)
    id = card["feedback_id"]
    cases = Cases(world.stage.dynamodb, world.stage.outputs["Table"])

    def the() -> Found:
        found = cases.get(id)
        assert found is not None
        return found

    answer_by_mail(world, card, "So sorry! We are getting it out.")
    eventually(lambda: the().case.state is CaseState.ANSWERED)
    assert [(entry.who, entry.what, entry.text) for entry in the().timeline] == [
        (PRIYA, Move.REPLY, "So sorry! We are getting it out.")
    ]
    answered = eventually(lambda: [left for left in world.left_to(number) if "So sorry" in left["text"]])
    assert [left["text"] for left in answered] == [
        "So sorry! We are getting it out.\nTills and queues, Fernleaf Market"
    ]
    told = eventually(lambda: [left for left in world.left_to(PRIYA) if "Sent to the customer" in left["text"]])
    assert "by text" in told[-1]["subject"]

    config = load().at(world.description["base_url"])
    answers = Answers(world.stage.dynamodb, world.stage.outputs["Table"], world.stage.keys, config)
    form = {"text": "Your card is at the desk."}
    Work(config, cases, answers).act(id, "tills", PRIYA, Action.RESOLVE, form, "page", utc_now())
    asked = eventually(lambda: [left for left in world.left_to(number) if "Is it fixed?" in left["text"]])
    assert len(asked) == 1

    world.earshot(tmp_path, "text", "--from", number, "Not yet")
    eventually(lambda: the().case.state is CaseState.TAKEN)
    found = the()
    assert (found.case.owner, found.timeline[-1].what, found.timeline[-1].text) == (PRIYA, Move.REOPEN, "Not yet")
    assert found.feedback.comment == words
    back = eventually(lambda: [left for left in world.left_to(number) if "back with Tills and queues" in left["text"]])
    assert len(back) == 1
