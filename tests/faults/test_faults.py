"""Nothing stored is lost and nothing is doubled, whatever fails: the real functions under faults drawn from seeds.

Each seed is one world (world.py). SEEDS says how many are tried; `make faults` tries a thousand. Broken builds show
that the model sees what it is there to see.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import pytest

from functions.notify import notifier as delivery
from functions.notify import webhook
from functions.notify.cards import fingerprint
from functions.notify.notifier import Notifier
from functions.notify.retries import LEASE
from functions.publish import records as publish
from functions.publish.bus import Bus, Entry
from functions.sweep import sweep
from shared.config.model import Config, Route
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery
from shared.deliveries.queue import QueueMessage
from shared.feedback.store import read_image
from shared.ids import random_id
from shared.model.events import Event, FeedbackEvent, feedback_event
from shared.model.feedback import Customer, Feedback, Revision
from shared.observe import logger
from tests.faults.world import Violation, World

SEEDS = int(os.environ.get("SEEDS", "80"))
SEEDS_PER_TEST = 20


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of invocations in one process would fill the log and the metrics of one."""
    for module in (publish, delivery):
        monkeypatch.setattr(module, "count", lambda name, number=1: None)
    for level in ("info", "warning", "error"):
        monkeypatch.setattr(logger, level, lambda *args, **more: None)


def live_through(seed: int, config: Config, monkeypatch: pytest.MonkeyPatch) -> World:
    """Run a world to its end and check its promises, before and after a redrive."""
    world = World(seed, config)

    def read(image: Mapping[str, Any]) -> Revision:
        if image["id"]["S"] in world.poisoned:
            raise ValueError("a mistake in the code, or an item of a later version")
        return read_image(image)

    monkeypatch.setattr(publish, "read_image", read)
    world.run()
    world.check()
    world.redrive()
    world.check_all_arrived()
    return world


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_PER_TEST), ids=lambda first: f"from-{first}")
def test_nothing_is_lost_and_nothing_doubled(first: int, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(first, min(SEEDS, first + SEEDS_PER_TEST)):
        try:
            live_through(seed, config, monkeypatch)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


def test_a_seed_is_the_same_world_every_time(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (live_through(7, config, monkeypatch) for _ in range(2))
    assert first.bridge.accepted == second.bridge.accepted
    assert first.clock.seconds == second.clock.seconds


def test_enough_faults_are_drawn_to_mean_something(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = [live_through(seed, config, monkeypatch) for seed in range(SEEDS_PER_TEST)]
    assert sum(world.faults.crashes for world in worlds) > SEEDS_PER_TEST
    assert sum(len(world.bridge.accepted) - len(world.revisions) for world in worlds) > SEEDS_PER_TEST  # repeats
    for kept in ("bucket.kept", "refused.sent", "undelivered.sent"):
        assert any(attrgetter(kept)(world) for world in worlds), kept
    assert any(mail.excused and not mail.recorded for world in worlds for mail in world.people.mails)


def fails(config: Config, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the first seed says that sees the build as broken."""
    for seed in range(SEEDS):
        try:
            live_through(seed, config, monkeypatch)
        except Violation as violation:
            return str(violation)
    pytest.fail(f"{SEEDS} seeds saw nothing wrong")


def test_a_publish_that_ignores_failed_entries_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    put = Bus._put

    def ignoring(bus: Bus, request: list[Entry]) -> list[str | None]:
        return [None for _ in put(bus, request)]

    monkeypatch.setattr(Bus, "_put", ignoring)
    assert "which nothing keeps" in fails(config, monkeypatch)


def test_a_publish_that_swallows_what_it_cannot_read_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    read = publish._events

    def swallowing(change: Mapping[str, Any], config: Config) -> Iterator[Event]:
        with suppress(ValueError):
            yield from read(change, config)

    monkeypatch.setattr(publish, "_events", swallowing)
    assert "which nothing keeps" in fails(config, monkeypatch)


def test_a_publish_that_reports_the_next_record_instead_is_seen(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = publish.publish

    def shifted(records: list[dict[str, Any]], bus: Bus, config: Config) -> list[str]:
        failed = set(real(records, bus, config))
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        return [after for before, after in pairwise(numbers) if before in failed]

    monkeypatch.setattr(publish, "publish", shifted)
    assert "which nothing keeps" in fails(config, monkeypatch)


def test_an_event_with_another_id_on_every_attempt_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    real = feedback_event

    def renamed(*about: Any) -> FeedbackEvent:
        return real(*about).model_copy(update={"id": random_id()})

    monkeypatch.setattr(publish, "feedback_event", renamed)
    assert "what nobody said" in fails(config, monkeypatch)


def test_a_notify_that_claims_without_an_end_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = Delivery.claim

    def endless(*about: Any) -> Delivery:
        claimed: Delivery = claim(*about)
        return claimed.model_copy(update={"wake_at": None, "due_at": None})

    monkeypatch.setattr(Delivery, "claim", endless)
    assert "was not shown the last state" in fails(config, monkeypatch)


def test_a_notify_that_does_not_record_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Delivery, "delivered", lambda delivery, now, shown: delivery)
    assert "does not come to rest" in fails(config, monkeypatch)


def test_a_notify_that_takes_what_another_has_claimed_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    save = Deliveries.save

    def careless(deliveries: Deliveries, record: Delivery) -> Delivery:
        current = deliveries.get(record)
        return save(deliveries, record.model_copy(update={"version": current.version if current else 0})) or record

    monkeypatch.setattr(Deliveries, "save", careless)
    assert "saw the same card" in fails(config, monkeypatch)


def test_a_notify_that_settles_from_the_first_change_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Notifier._waits_for_words

    def impatient(notifier: Notifier, message: QueueMessage, route: Route, changed_at: datetime, now: datetime) -> bool:
        return real(notifier, message, route, message.occurred_at, now)

    monkeypatch.setattr(Notifier, "_waits_for_words", impatient)
    assert "before it had settled" in fails(config, monkeypatch)


def test_a_notify_that_shows_each_event_instead_of_how_it_now_is_is_seen(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_it_was(notifier: Notifier, message: QueueMessage, route: Route) -> Revision:
        feedback = Feedback.model_validate(message.detail["feedback"])
        return Revision(message.revision, message.occurred_at, feedback)

    monkeypatch.setattr(Notifier, "_current", as_it_was)
    assert "who came to rest" in fails(config, monkeypatch)


def test_a_notify_that_does_not_tell_who_can_be_answered_is_seen(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_words_only(feedback: Feedback) -> str:
        return fingerprint(feedback.model_copy(update={"customer": Customer(), "flags": ()}))

    monkeypatch.setattr(delivery, "fingerprint", of_words_only)
    assert "was not shown the last state" in fails(config, monkeypatch)


def test_a_webhook_with_another_id_on_every_attempt_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "webhook_id", lambda *identity: random_id())
    assert "webhook-ids" in fails(config, monkeypatch)


def test_a_sweep_that_marks_what_is_being_sent_is_seen(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "State", SimpleNamespace(SENDING=None))
    monkeypatch.setattr(sweep, "AHEAD", LEASE)  # whatever is being sent, so that few seeds are enough
    assert "saw the same card" in fails(config, monkeypatch)
