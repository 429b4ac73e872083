import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydynox import DynamoDBClient
from standardwebhooks import Webhook, WebhookVerificationError

from functions.notify.outgoing import Outgoing
from functions.notify.parcel import Parcel
from functions.notify.webhook import MAX_BYTES, Webhooks, render, signed, webhook_id
from shared.addresses.targets import Target
from shared.keys.webhook_secrets import PREFIX, WebhookSecrets
from shared.model.events import feedback_event
from shared.model.life import Transition
from tests.functions.notify.receiver import Behaviour, Receiver, answering, receiving
from tests.kit.factories import a_revision
from tests.kit.tables import KEYS_TABLE

KNOWN_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the known answer of the specification


LINK = "https://feedback.fernleaf.example/t/delivery?feedback=f1"


class Clock:
    """Seconds that pass when a test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secrets(client: DynamoDBClient, clock: Clock) -> WebhookSecrets:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    return WebhookSecrets(client, KEYS_TABLE["TableName"], kms, key, clock=clock)


def an_event(**changes: Any) -> dict[str, Any]:
    event = feedback_event(Transition.CAPTURED, None, a_revision(**changes))
    return {"detail-type": event.detail_type, "source": "earshot", "detail": event.detail()}


def a_parcel(port: int, event: dict[str, Any], replay: str | None = None) -> Parcel:
    target = Target.parse(f"webhook:http://127.0.0.1:{port}/hook")
    return Parcel("orders", "delivery", target, "f1", event, None, replay, LINK, datetime.now(UTC))


def read(receiver: Receiver) -> Iterator[tuple[dict[str, str], str]]:
    for request in receiver.requests:
        head, _, body = request.decode().partition("\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        yield {name.lower(): value for name, value in headers.items()}, body


def test_the_known_answer_of_the_specification() -> None:
    headers = signed(
        [KNOWN_SECRET],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_is_sent_verifies_with_the_standard_library(secrets: WebhookSecrets) -> None:
    # The gateway stands for the way out: what arrives there is what would have left.
    with receiving(answering("204 No Content")) as receiver:
        outgoing = Outgoing(f"http://127.0.0.1:{receiver.port}")
        attempt = Webhooks(outgoing, secrets).send(a_parcel(receiver.port, an_event(comment="متأخر 👨‍👩‍👧‍👦")))
    assert attempt.ok
    ((headers, body),) = read(receiver)
    secret = secrets.live("orders", Target.parse(f"webhook:http://127.0.0.1:{receiver.port}/hook").id)[0]
    verified = Webhook(secret).verify(body, headers)
    assert verified["type"] == "FeedbackCaptured"
    assert verified["data"] == an_event(comment="متأخر 👨‍👩‍👧‍👦")["detail"]
    assert verified["timestamp"] == verified["data"]["occurred_at"]
    with pytest.raises(WebhookVerificationError):
        Webhook(KNOWN_SECRET).verify(body, headers)


def test_every_attempt_has_the_same_id_and_a_replay_another(secrets: WebhookSecrets) -> None:
    with receiving(answering("500 Oh")) as receiver:
        webhooks = Webhooks(Outgoing(f"http://127.0.0.1:{receiver.port}"), secrets)
        for replay in (None, None, "monday"):
            assert not webhooks.send(a_parcel(receiver.port, an_event(), replay)).ok
    ids = [headers["webhook-id"] for headers, _ in read(receiver)]
    bodies = [json.loads(body) for _, body in read(receiver)]
    assert ids[0] == ids[1] != ids[2]
    assert [body.get("replay") for body in bodies] == [None, None, "monday"]


@pytest.mark.parametrize(
    ("behave", "error", "gone", "retry_after"),
    [
        (answering("500 Oh"), "It answered 500.", False, None),
        (answering("301 Moved", "Location: /"), "It answered 301, and redirects are not followed.", False, None),
        (answering("410 Gone"), "It answered 410.", True, None),
        (
            answering("410 Gone", "Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT"),
            "It answered 410.",
            True,
            None,
        ),
        (answering("429 Slow", "Retry-After: 120"), "It answered 429.", False, timedelta(minutes=2)),
        (answering("503 Busy", "Retry-After: nonsense"), "It answered 503.", False, None),
        (answering("503 Busy", "Retry-After: Mon, 01 Jan 2001 00:00:00 GMT"), "It answered 503.", False, timedelta()),
    ],
)
def test_answers_become_outcomes(
    secrets: WebhookSecrets, behave: Behaviour, error: str, gone: bool, retry_after: timedelta | None
) -> None:
    with receiving(behave) as receiver:
        outgoing = Outgoing(f"http://127.0.0.1:{receiver.port}")
        attempt = Webhooks(outgoing, secrets).send(a_parcel(receiver.port, an_event()))
    assert (attempt.error, attempt.gone, attempt.retry_after) == (error, gone, retry_after)


class TestSize:
    @pytest.mark.parametrize(
        "words", ["ab " * 5000, "قائمة " * 1600, "👨‍👩‍👧‍👦" * 790, "e" + "\u0301" * 9000, '"\\\n' * 4000]
    )
    def test_a_large_body_is_cut_between_graphemes_and_says_so(self, words: str) -> None:
        body = render(an_event(comment=words), LINK)
        assert len(body) <= MAX_BYTES
        data = json.loads(body)["data"]
        assert data["whole"] == LINK
        kept = data["feedback"]["comment"].removesuffix("…")
        assert words.startswith(kept)
        assert not words[len(kept) :].startswith(("\u0301", "\u200d"))

    @settings(max_examples=50)
    @given(st.text(max_size=400), st.text(max_size=400))
    def test_words_of_a_usual_length_are_whole(self, words: str, before: str) -> None:
        old, new = a_revision(1, comment=before), a_revision(2, comment=words)
        event = feedback_event(Transition.AMENDED, old, new)
        data = json.loads(render({"detail-type": event.detail_type, "detail": event.detail()}, LINK))["data"]
        assert data == event.detail()

    def test_the_words_before_are_cut_too(self) -> None:
        event = feedback_event(
            Transition.AMENDED, a_revision(1, comment="a" * 15_000), a_revision(2, comment="b" * 15_000)
        )
        body = render({"detail-type": event.detail_type, "detail": event.detail()}, LINK)
        assert len(body) <= MAX_BYTES
        assert len(json.loads(body)["data"]["feedback"]["comment"]) > 5_000


class TestSecrets:
    def test_each_target_of_each_route_has_its_own(self, secrets: WebhookSecrets) -> None:
        found = [secrets.live(route, target)[0] for route in ("a", "b") for target in ("1", "2")]
        assert len(set(found)) == 4
        assert all(secret.startswith(PREFIX) for secret in found)

    def test_it_is_stored_sealed(self, secrets: WebhookSecrets, client: DynamoDBClient) -> None:
        secret = secrets.live("a", "1")[0]
        item = client.sync_get_item(KEYS_TABLE["TableName"], {"name": "webhook#a#1"})
        assert item
        assert secret.removeprefix(PREFIX) not in json.dumps(item, default=str)

    def test_it_is_shown_once(self, secrets: WebhookSecrets) -> None:
        shown = secrets.reveal("a", "1")
        assert shown == secrets.live("a", "1")[0]
        assert secrets.reveal("a", "1") is None

    def test_after_a_rotation_both_sign_until_the_overlap_ends(self, secrets: WebhookSecrets, clock: Clock) -> None:
        old = secrets.live("a", "1")[0]
        secrets.rotate("a", "1", timedelta(days=1))
        new = secrets.reveal("a", "1")
        assert secrets.live("a", "1") == [new, old]
        body, now = b"{}", datetime.now(UTC)
        headers = signed(secrets.live("a", "1"), "msg_1", now, body)
        assert new
        for secret in (old, new):
            Webhook(secret).verify(body, headers)
        clock.seconds += 86_401
        assert secrets.live("a", "1") == [new]


def test_ids_are_told_apart_by_all_that_they_are_made_of() -> None:
    ids = {webhook_id("a", "b", "c", None), webhook_id("ab", "", "c", None), webhook_id("a", "b", "c", "d")}
    assert len(ids) == 3
