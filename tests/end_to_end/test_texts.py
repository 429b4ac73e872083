"""Asking, hearing and answering by text, deployed: the commands of an admin, the texts of a customer, a team's card."""

import json
import re
import urllib.parse
import uuid
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import urllib3

from functions.capture_sms.twilio import sign
from shared.config.load import load
from shared.customers.invitations import Invitations
from shared.customers.messages import Message, Messages, Purpose
from shared.model.feedback import Channel
from shared.table.table import due_shard
from shared.values import to_iso, utc_now
from tests.end_to_end.world import Subscriber, World, eventually
from tests.kit.samples import load_event

NUMBERS = count()


@pytest.fixture
def number() -> str:
    """A customer's number that no other test has."""
    return f"+4474001{next(NUMBERS):05}"


def text(world: World, folder: Path, number: str, words: str, **more: str) -> None:
    options = [part for name, value in more.items() for part in (f"--{name}", value)]
    world.earshot(folder, "text", "--from", number, words, *options)


def invite(world: World, folder: Path, number: str, *options: str) -> dict[str, Any]:
    told = world.earshot(
        folder, "invite", "delivery", "--to", number, "--ref", "order-9", "--any-hour", "--json", *options
    )
    return dict(json.loads(told))


def cards(world: World, words: str) -> list[dict[str, Any]]:
    return [left for left in world.outbox() if left["kind"] == "email" and "team" in left and words in left["text"]]


def test_a_customer_is_asked_by_text_answers_by_text_and_the_team_reads_their_words(
    world: World, subscriber: Subscriber, number: str, tmp_path: Path
) -> None:
    [asked] = invite(world, tmp_path, number)["asked"]
    [question] = eventually(lambda: world.left_to(number))
    assert (question["kind"], question["segments"]) == ("sms", 1)
    assert "How did your delivery go? Reply 1 (bad) to 5 (great)" in question["text"]
    [event] = eventually(lambda: subscriber.events(asked["id"]))
    assert event["detail-type"] == "InvitationSent"

    words = f"left at number {number[-5:]}"
    text(world, tmp_path, number, "2")
    text(world, tmp_path, number, words)
    [card] = eventually(lambda: cards(world, words))
    assert card["team"] == "delivery"
    feedback = world.feedback(card["feedback_id"])
    assert feedback is not None
    assert (feedback.feedback.rating, feedback.feedback.customer.ref) == (2, "order-9")

    replies = eventually(lambda: world.left_to(number)[1:])
    assert len(replies) == 1  # thanked once
    assert "Home delivery" in replies[0]["text"]


def test_the_link_in_a_text_opens_the_page_and_its_answer_is_the_same_feedback(
    world: World, number: str, tmp_path: Path
) -> None:
    invite(world, tmp_path, number)
    [question] = eventually(lambda: world.left_to(number))
    found = re.search(r"http\S+/f/[0-9a-z]{12}\b", question["text"])
    assert found is not None
    page = urllib3.request("GET", found[0], timeout=30, retries=False)
    assert (page.status, "How did your delivery go?" in page.data.decode()) == (200, True)
    answered = world.answer(found[0], rating=1)
    assert answered.status == 201
    words = f"two hours late {number[-5:]}"
    text(world, tmp_path, number, words)
    eventually(lambda: (seen := world.feedback(answered.body["id"])) and seen.feedback.comment)
    feedback = world.feedback(answered.body["id"])
    assert feedback is not None
    assert (feedback.feedback.rating, feedback.feedback.comment) == (1, words)
    assert feedback.feedback.customer.phone == number


def test_stop_overcharging_me_reaches_the_team_and_no_further_text_leaves(
    world: World, number: str, tmp_path: Path
) -> None:
    words = f"Stop overcharging me {number[-5:]}"
    text(world, tmp_path, number, words)
    [card] = eventually(lambda: cards(world, words))
    assert "cannot be answered" in card["text"]
    [confirmation] = eventually(lambda: world.left_to(number))
    assert "You will get no more texts" in confirmation["text"]

    [left_out] = invite(world, tmp_path, number)["left_out"]
    assert left_out["reason"] == "asked-for-silence"
    again = f"I mean it {number[-5:]}"
    text(world, tmp_path, number, again)
    eventually(lambda: cards(world, again))
    assert world.left_to(number) == [confirmation]


def test_the_same_text_brought_twice_is_one(world: World, number: str, tmp_path: Path) -> None:
    words = f"queue too long {number[-5:]}"
    for _ in range(2):
        text(world, tmp_path, number, words, id=f"once-{number}")
    [card] = eventually(lambda: cards(world, words))
    text(world, tmp_path, number, "and cold")
    eventually(lambda: (seen := world.feedback(card["feedback_id"])) and seen.number == 2)
    revision = world.feedback(card["feedback_id"])
    assert revision is not None
    assert revision.feedback.comment == f"{words}\nand cold"


def test_another_system_asks_by_an_event(world: World, subscriber: Subscriber, number: str) -> None:
    asked = {"touchpoint": "delivery", "customer": {"phone": number}, "expires_at": "2020-01-01T00:00:00Z"}
    entry = {"Source": "shop.orders", "DetailType": "InvitationRequested", "Detail": json.dumps(asked)}
    world.stage.client("events").put_events(Entries=[{"EventBusName": world.description["bus"], **entry}])

    def suppressed() -> list[dict[str, Any]]:
        subscriber.events("")
        seen = [event for event in subscriber.seen if event["detail-type"] == "InvitationSuppressed"]
        return [event for event in seen if event["detail"]["invitation"]["customer"]["phone"] == number]

    [event] = eventually(suppressed)
    assert event["detail"]["invitation"]["reason"] == "expired"
    id = event["detail"]["invitation"]["id"]
    assert Invitations(world.stage.dynamodb, world.description["table"]).get(id) is not None


def test_twilio_brings_a_text_and_takes_the_reply_along(world: World, number: str) -> None:
    sms = load().sms
    assert sms is not None
    [account] = sms.twilio
    world.stage.twilio_tokens.set(account.account, "a token")
    url = f"{world.description['base_url']}/sms/twilio"
    words = f"4 friendly driver {number[-5:]}"
    fields = {"MessageSid": f"SM{number}", "AccountSid": account.account, "From": number, "Body": words}

    def post(signature: str) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
        return urllib3.request(
            "POST", url, body=urllib.parse.urlencode(fields), headers=headers, timeout=30, retries=False
        )

    assert post("forged").status == 403
    signature = sign(url, list(fields.items()), "a token")
    first, second = post(signature), post(signature)
    assert (first.status, second.status) == (200, 200)
    assert "<Message>Thank you!" in first.data.decode()
    assert "<Message>" not in second.data.decode()
    eventually(lambda: cards(world, words.removeprefix("4 ")))


def test_a_bounce_silences_the_address_and_says_so(world: World, subscriber: Subscriber, tmp_path: Path) -> None:
    address = f"gone-{uuid.uuid4().hex[:8]}@example.com"
    [asked] = invite(world, tmp_path, address)["asked"]
    eventually(lambda: world.left_to(address))

    def message() -> dict[str, str]:
        return dict(json.loads(world.earshot(tmp_path, "show", asked["id"], "--json"))["message"])

    provider_id = eventually(lambda: message().get("provider_id"))
    bounce = load_event("samples/receipts/mail_bounce.json")
    bounce["detail"]["mail"]["messageId"] = provider_id
    # Nobody may put an event of AWS on a bus, here as there, so what the rule would hand over is handed over.
    world.stage.client("lambda").invoke(FunctionName=world.function("Receipts"), Payload=json.dumps(bounce))
    events = eventually(lambda: (seen := subscriber.events(asked["id"]))[1:] and seen)
    assert {event["detail-type"] for event in events} == {"InvitationSent", "InvitationUndelivered"}
    [left_out] = invite(world, tmp_path, address)["left_out"]
    assert left_out["reason"] == "asked-for-silence"


def test_one_click_leaves_a_mail_behind(world: World, tmp_path: Path) -> None:
    address = f"layla-{uuid.uuid4().hex[:8]}@example.com"
    invite(world, tmp_path, address)
    [question] = eventually(lambda: world.left_to(address))
    assert question["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = question["headers"]["List-Unsubscribe"].strip("<>")
    assert urllib3.request("GET", url, timeout=30, retries=False).status == 200
    [left_out] = invite(world, tmp_path, address)["left_out"]
    assert left_out["reason"] == "asked-recently"
    body = "List-Unsubscribe=One-Click"
    assert urllib3.request("POST", url, body=body, timeout=30, retries=False).status == 200
    [left_out] = invite(world, tmp_path, address)["left_out"]
    assert left_out["reason"] == "asked-for-silence"


def test_a_message_that_waited_for_the_account_leaves_when_its_time_comes(world: World, number: str) -> None:
    now = utc_now()
    message = Message(
        id=f"waits-{number}", channel=Channel.SMS, to=number, purpose=Purpose.THANKS, text="Thank you", created_at=now
    )
    table = world.stage.outputs["Table"]
    waits = Messages(world.stage.dynamodb, table).saving(message)
    waits["item"] |= {"due_at": to_iso(now), "due_shard": due_shard("message", message.id), "held": "messagerejected"}
    assert world.stage.store.transact([waits])
    world.stage.client("lambda").invoke(FunctionName=world.function("Sweep"), Payload=b"{}")
    [left] = eventually(lambda: world.left_to(number))
    assert left["text"] == "Thank you"
    assert eventually(lambda: "sent_at" in Messages(world.stage.dynamodb, table).progress(message.id))
