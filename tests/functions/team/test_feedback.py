"""Where a card leads that had to cut the words."""

from datetime import datetime

from shared.config import Config
from shared.deliveries import Deliveries, Delivery, State
from shared.store import Store
from tests.factories import an_answer
from tests.functions.team.conftest import Browser

WORDS = "<b>Twenty minutes</b> & one till open. " * 300


def test_a_team_reads_all_of_what_it_owns(tills: Browser, store: Store, config: Config, now: datetime) -> None:
    revision = store.capture(an_answer(comment=WORDS), config, now).revision
    answer = tills.get("tills", feedback=revision.feedback.id)
    assert answer.status == 200
    assert " ".join(WORDS.split()) in answer.text


def test_what_another_team_owns_is_not_shown_unless_it_was_delivered(
    tills: Browser, store: Store, config: Config, now: datetime
) -> None:
    theirs = store.capture(an_answer(comment=WORDS, reasons=("price",)), config, now).revision
    assert theirs.feedback.team == "care"
    assert tills.get("tills", feedback=theirs.feedback.id).status == 404
    delivery = Delivery(
        feedback_id=theirs.feedback.id,
        route="team-tills",
        target="t",
        subject="card",
        to="email:tills@fernleaf.example",
        state=State.DELIVERED,
        created_at=now,
        changed_at=now,
    )
    Deliveries(store.client, store.table).save(delivery)
    assert tills.get("tills", feedback=theirs.feedback.id).status == 200


def test_an_unknown_one_is_said_so(tills: Browser) -> None:
    answer = tills.get("tills", feedback="nosuch")
    assert answer.status == 404
    assert "no such feedback" in answer.text


def test_nobody_reads_without_a_session(browser: Browser, store: Store, config: Config, now: datetime) -> None:
    revision = store.capture(an_answer(comment=WORDS), config, now).revision
    answer = browser.get("tills", feedback=revision.feedback.id)
    assert answer.status == 401
    assert "Twenty" not in answer.text
