"""Where a card leads that had to cut the words."""

import re
from datetime import datetime

import pytest

from shared.config.model import Config
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery, State
from shared.feedback.store import Store
from shared.mail.received import MailOutcome, MailRecord, Mails
from tests.functions.team.conftest import PRIYA, Browser, mails
from tests.kit.factories import an_answer

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


@pytest.mark.parametrize("state", [State.SENDING, State.WAITING, State.FAILED, State.SKIPPED])
@pytest.mark.parametrize(("shown", "status"), [("a fingerprint", 200), (None, 404)])
def test_whoever_was_shown_it_reads_it_whatever_becomes_of_the_next_card(
    tills: Browser, store: Store, config: Config, now: datetime, state: State, shown: str | None, status: int
) -> None:
    theirs = store.capture(an_answer(comment=WORDS, reasons=("price",)), config, now).revision
    delivery = Delivery(
        feedback_id=theirs.feedback.id,
        route="team-tills",
        target="t",
        subject="card",
        to="email:tills@fernleaf.example",
        state=state,
        shown=shown,
        created_at=now,
        changed_at=now,
    )
    Deliveries(store.client, store.table).save(delivery)
    assert tills.get("tills", feedback=theirs.feedback.id).status == status


def test_an_unknown_one_is_said_so(tills: Browser) -> None:
    answer = tills.get("tills", feedback="nosuch")
    assert answer.status == 404
    assert "no such feedback" in answer.text


def test_nobody_reads_without_a_session(browser: Browser, store: Store, config: Config, now: datetime) -> None:
    revision = store.capture(an_answer(comment=WORDS), config, now).revision
    answer = browser.get("tills", feedback=revision.feedback.id)
    assert answer.status == 401
    assert "Twenty" not in answer.text


def sign_in_from(browser: Browser, email: str, fields: dict[str, str]) -> str:
    """Ask for a link with the form's hidden fields, press its button, and say where that leads."""
    browser.post("sign_in", email=email, **fields)
    token = re.search(r"https://feedback\.fernleaf\.example/t/([\w.-]+)", mails()[-1].body)
    assert token
    return browser.post(token[1]).headers["Location"]


def test_signing_in_leads_to_the_feedback_that_someone_came_for(
    browser: Browser, store: Store, config: Config, now: datetime
) -> None:
    id = store.capture(an_answer(comment=WORDS), config, now).revision.feedback.id
    shown = browser.get("tills", feedback=id).html
    fields = dict(re.findall(r'<input type=hidden name="(\w+)" value="([^"]*)">', shown))
    assert fields == {"team": "tills", "feedback": id}
    assert sign_in_from(browser, PRIYA, fields) == f"/t/tills?feedback={id}"
    assert browser.get("tills", feedback=id).status == 200


@pytest.mark.parametrize(
    ("page", "feedback"),
    [
        ("tills", "//evil.example"),
        ("tills", "x\r\nSet-Cookie: a=b"),
        ("tills", "x" * 65),
        ("tills", ""),
        ("../evil", "0123456789"),
        ("//evil.example/", "0123456789"),
        ("care", "0123456789"),  # another team's page
    ],
)
def test_signing_in_leads_nowhere_but_to_pages_of_ones_own(browser: Browser, page: str, feedback: str) -> None:
    assert sign_in_from(browser, PRIYA, {"team": page, "feedback": feedback}) == "/t/tills"


def test_what_is_asked_for_of_someone_who_is_not_signed_in_cannot_become_markup(browser: Browser) -> None:
    for link, feedback in (("tills", '"><script>'), ('"><script>', "0123456789")):
        assert "script" not in browser.get(link, feedback=feedback).html


def test_of_a_mail_that_quotes_all_of_it_can_be_shown(
    tills: Browser, store: Store, config: Config, now: datetime
) -> None:
    """What was cut from the words is one tap away, as long as the mail is kept."""
    revision = store.capture(an_answer(comment="Late."), config, now).revision
    record = MailRecord(
        id="m1",
        outcome=MailOutcome.FEEDBACK,
        at=now,
        feedback_id=revision.feedback.id,
        whole="Late.\n\nOn 14 March <b>we</b> wrote:\n> How was it?",
    )
    received = Mails(store.client, store.table)
    assert store.transact([received.saving(record), received.filing(record)])
    page = tills.get("tills", feedback=revision.feedback.id)
    assert "<summary>Show all of it</summary>" in page.html
    assert "On 14 March <b>we</b> wrote: > How was it?" in page.text


def test_of_what_is_shown_whole_there_is_no_more_to_show(
    tills: Browser, store: Store, config: Config, now: datetime
) -> None:
    revision = store.capture(an_answer(comment="Late."), config, now).revision
    record = MailRecord(id="m1", outcome=MailOutcome.FEEDBACK, at=now, feedback_id=revision.feedback.id)
    received = Mails(store.client, store.table)
    assert store.transact([received.saving(record), received.filing(record)])
    assert "Show all of it" not in tills.get("tills", feedback=revision.feedback.id).text
