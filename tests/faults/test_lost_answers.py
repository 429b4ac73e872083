"""Every conditional write of the project, on a DynamoDB whose answers are lost, late or refusals.

A write that was made and not answered counts as made, once; one that was not made for now is made in the end.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, cast

import boto3
import pytest
from pydynox import DynamoDBClient
from pydynox.exceptions import (
    ConnectionException,
    ProvisionedThroughputExceededException,
    PydynoxException,
    TransactionCanceledException,
)

from functions.notify.floods import Flood, Floods
from shared.cases import changes
from shared.cases.cases import Cases
from shared.cases.remedies import Remedies
from shared.config.load import load
from shared.customers.budget import Budget
from shared.customers.invitations import Invitations
from shared.customers.messages import Message, Messages, Purpose
from shared.customers.people import People, Silence
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery
from shared.deliveries.health import Health
from shared.feedback.store import Captured, CaptureStatus, Store
from shared.keys.sessions import Browser, Session, Sessions
from shared.keys.signing import Keys
from shared.keys.webhook_secrets import WebhookSecrets
from shared.mail.received import MailOutcome, MailRecord, Mails
from shared.model.feedback import Channel, Customer
from shared.model.invitation import Invitation, InvitationStatus
from shared.routes.route_table import RouteTable, TeamRoute
from shared.values import utc_now
from tests.faults.scripted import Fault, ScriptedDynamo, scripted
from tests.kit.factories import an_answer
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE

ROOT = Path(__file__).parents[2]
TABLE, KEYS = MAIN_TABLE["TableName"], KEYS_TABLE["TableName"]
BROWSER = Browser.new()
NOW = utc_now()
MESSAGE = Message(id="m", channel=Channel.SMS, to="+447400123456", purpose=Purpose.THANKS, text="Hi", created_at=NOW)
INVITATION = Invitation(
    id="i",
    status=InvitationStatus.SENDING,
    reason=None,
    touchpoint="checkout",
    place=None,
    channel=Channel.SMS,
    language="en",
    customer=Customer(phone="+447400123456"),
    requested_at=NOW,
    expires_at=NOW + timedelta(days=30),
)
DELIVERY = Delivery(
    feedback_id="0f", route="r", target="t", subject="r1", to="webhook:x", created_at=NOW, changed_at=NOW
)
ROUTE = TeamRoute(id="late", team="tills", to=("email:a@fernleaf.example",), created_by="a", changed_at=NOW)
business = cache(load)
MAIL = MailRecord(id="mail", outcome=MailOutcome.FEEDBACK, at=NOW)


class FakeKms:
    """Seals by writing it backwards."""

    def encrypt(self, **request: Any) -> dict[str, bytes]:
        return {"CiphertextBlob": request["Plaintext"][::-1]}

    def decrypt(self, **request: Any) -> dict[str, bytes]:
        return {"Plaintext": request["CiphertextBlob"][::-1]}


class Write(NamedTuple):
    """A conditional write: what it takes before, the write itself, and whether it counts as made, by its answer."""

    prepare: Callable[[DynamoDBClient], object]
    write: Callable[[DynamoDBClient], Any]
    made: Callable[[Any], bool] = bool
    after: int = 0
    """How many other requests that write come before it."""


def nothing(client: DynamoDBClient) -> None:
    """It takes no item."""


def transacting(*operations: Callable[[DynamoDBClient], Any]) -> Callable[[DynamoDBClient], bool]:
    return lambda client: Store(client, TABLE).transact([operation(client) for operation in operations])


def stored_message(client: DynamoDBClient) -> object:
    return transacting(lambda client: Messages(client, TABLE).saving(MESSAGE))(client)


def started_message(client: DynamoDBClient) -> object:
    stored_message(client)
    return Messages(client, TABLE).start("m", NOW)


def held_message(client: DynamoDBClient) -> object:
    started_message(client)
    return Messages(client, TABLE).hold(MESSAGE, NOW, "messagerejected")


def stored_invitation(client: DynamoDBClient) -> object:
    return Store(client, TABLE).transact(Invitations(client, TABLE).saving(INVITATION, None))


def sessions(client: DynamoDBClient) -> Sessions:
    return Sessions(client, TABLE, Keys(client, KEYS))


def signed_in(client: DynamoDBClient) -> object:
    token = sessions(client).link("a@fernleaf.example", NOW, BROWSER.id)
    return sessions(client).begin(sessions(client).read_link(str(token), NOW), NOW, [BROWSER])


def secrets(client: DynamoDBClient) -> WebhookSecrets:
    return WebhookSecrets(client, KEYS, cast(Any, FakeKms()), "key")


def rotated(client: DynamoDBClient) -> list[str]:
    secrets(client).rotate("r", "t", timedelta(days=1))
    return secrets(client).live("r", "t")


def capture(client: DynamoDBClient, rating: int = 2) -> Captured:
    return Store(client, TABLE).capture(an_answer(rating=rating), business(), NOW)


def linked(client: DynamoDBClient) -> str | None:
    return sessions(client).link("a@fernleaf.example", NOW, BROWSER.id)


def typed(client: DynamoDBClient) -> Session:
    link = sessions(client).read_link(str(linked(client)), NOW)
    return sessions(client).begin(link, NOW, [], BROWSER.code)


def taken_case(client: DynamoDBClient) -> bool:
    config, cases = business(), Cases(client, TABLE)
    found = cases.get(an_answer().id)
    assert found is not None
    return cases.move(changes.take(found, "a@fernleaf.example", "page", changes.Now(config, NOW)))


def granted(client: DynamoDBClient) -> bool:
    cases, now = Cases(client, TABLE), changes.Now(business(), NOW)
    found = cases.get(an_answer().id)
    assert found is not None
    return cases.move(*Remedies(cases).grant(found, "refund", "5", "a@fernleaf.example", "page", now))


def budget(client: DynamoDBClient) -> Budget:
    return Budget(client, TABLE, of_stage=9, of_source=9)


def noted(answer: None) -> bool:
    """What is only noted has no answer."""
    return answer is None


WRITES = {
    "an answer": Write(nothing, capture, lambda captured: captured.revision.number == 1),
    "an answer's amendment": Write(
        capture,
        lambda client: capture(client, rating=5),
        lambda captured: captured.revision.number == 2 and captured.revision.feedback.rating == 5,
    ),
    "a text and its claim": Write(
        nothing,
        transacting(
            lambda client: Store(client, TABLE).revise(an_answer(), business(), None, NOW),
            lambda client: Store(client, TABLE).claim("sms#aws#1", NOW),
            lambda client: Messages(client, TABLE).saving(MESSAGE),
        ),
    ),
    "taking a message to send it": Write(stored_message, lambda client: Messages(client, TABLE).start("m", NOW)),
    "a message that waits": Write(
        started_message,
        lambda client: Messages(client, TABLE).hold(MESSAGE, NOW, "messagerejected"),
    ),
    "waking a message": Write(
        held_message, lambda client: Messages(client, TABLE).wake(next(Messages(client, TABLE).due(NOW)), NOW)
    ),
    "a text of the day's budget": Write(nothing, lambda client: budget(client).take("com.shop", NOW)),
    "a text that the day's budget gets back": Write(
        lambda client: [budget(client).take("com.shop", NOW) for _ in range(5)],
        lambda client: budget(client).give_back("com.shop", NOW),
        noted,
    ),
    "a message's receipt": Write(started_message, lambda client: Messages(client, TABLE).delivered("m", NOW), noted),
    "a case's step": Write(capture, taken_case),
    "a remedy and the day's count of it": Write(capture, granted),
    "what comes about one thing": Write(
        nothing, lambda client: Floods(client, TABLE).save(Flood(about="a", since=NOW, last_at=NOW), NOW)
    ),
    "an invitation": Write(nothing, stored_invitation),
    "an invitation's step": Write(
        stored_invitation, lambda client: Invitations(client, TABLE).move("i", InvitationStatus.SENT, NOW)
    ),
    "a person": Write(
        nothing,
        lambda client: People(client, TABLE).change("a@x.example", lambda p: p.silenced(Silence.STOPPED, NOW), NOW),
        lambda person: person.silence is Silence.STOPPED,
    ),
    "a delivery": Write(nothing, lambda client: Deliveries(client, TABLE).save(DELIVERY)),
    "a target's health": Write(
        nothing, lambda client: Deliveries(client, TABLE).save_health(Health(route="r", target="t", failures=1))
    ),
    "a route": Write(nothing, lambda client: RouteTable(client, TABLE).save(ROUTE)),
    "a mail's record": Write(nothing, lambda client: Mails(client, TABLE).save(MAIL)),
    "a mail's record beside what the mail says": Write(
        nothing, transacting(lambda client: Mails(client, TABLE).saving(MAIL))
    ),
    "the first signing key": Write(nothing, lambda client: Keys(client, KEYS).dumps("link", [1])),
    "a rotation of keys": Write(
        lambda client: Keys(client, KEYS).dumps("link", [1]),
        lambda client: Keys(client, KEYS).rotate(timedelta(days=1)),
        lambda keys: len(keys) == 2,
    ),
    "a webhook's first secret, shown once": Write(nothing, lambda client: secrets(client).reveal("r", "t")),
    "showing it": Write(nothing, lambda client: secrets(client).reveal("r", "t"), after=1),
    "a webhook's new secret": Write(
        lambda client: secrets(client).reveal("r", "t"),
        rotated,
        lambda live: len(live) == 2,
    ),
    "a link for signing in": Write(lambda client: Keys(client, KEYS).dumps("link", [1]), linked),
    "a link that could not be mailed": Write(
        lambda client: [linked(client) for _ in range(3)],
        lambda client: sessions(client).unlink("a@fernleaf.example", NOW),
        noted,
    ),
    "a code that is typed": Write(lambda client: Keys(client, KEYS).dumps("link", [1]), typed, after=2),
    "a sign-in": Write(lambda client: Keys(client, KEYS).dumps("link", [1]), signed_in, after=2),
}
COUNTERS = ("revision", "version", "answers", "taken", "given", "asked", "tries", "moves", "waits", "heard", "told")
ATTEMPTS = 2
"""Of pydynox alone, at each request."""


@pytest.fixture
def dynamo(client: DynamoDBClient, moto_server: str) -> Iterator[ScriptedDynamo]:
    with scripted(moto_server) as dynamo:
        yield dynamo


def writes(name: str, dynamo: ScriptedDynamo, client: DynamoDBClient, faults: list[Fault]) -> Any:
    """The write's answer, where these faults befall its requests one after the other."""
    write = WRITES[name]
    write.prepare(client)
    dynamo.faults.extend([*[None] * write.after, *faults])
    answer = write.write(dynamo.connect())
    assert not dynamo.faults
    return answer


def counted(client: DynamoDBClient) -> list[list[tuple[str, Any]]]:
    """What is counted in each item of both tables; ids and secrets differ from run to run."""
    items = [item for table in (TABLE, KEYS) for item in client.sync_scan(table)]
    return sorted([(name, item[name]) for name in COUNTERS if name in item] for item in items)


@cache
def counted_without_faults(name: str) -> list[list[tuple[str, Any]]]:
    """What a write leaves where nothing befalls it, in the tables of the first test that asks, emptied again."""
    client = DynamoDBClient()
    WRITES[name].prepare(client)
    assert WRITES[name].made(WRITES[name].write(client))
    found = counted(client)
    for table, names in ((TABLE, ("pk", "sk")), (KEYS, ("name",))):
        for item in list(client.sync_scan(table)):
            client.sync_delete_item(table, {each: item[each] for each in names})
    return found


@pytest.mark.parametrize(
    "faults",
    [
        [Fault.LOST],
        [Fault.LOST] * ATTEMPTS,
        [Fault.HANGS],
        [Fault.FAILED],
        [Fault.THROTTLED],
        [Fault.CONFLICT] * 4,
        [Fault.IN_PROGRESS] * ATTEMPTS,
        [Fault.CONFLICT, Fault.LOST, Fault.CONFLICT, Fault.FAILED],
    ],
    ids=lambda faults: ", ".join(faults),
)
@pytest.mark.parametrize("name", WRITES)
def test_a_write_is_made_once_whatever_befalls_its_first_requests(
    name: str, faults: list[Fault], dynamo: ScriptedDynamo, client: DynamoDBClient
) -> None:
    expected = counted_without_faults(name)
    assert WRITES[name].made(writes(name, dynamo, client, faults))
    assert counted(client) == expected


def test_a_table_that_never_answers_is_given_up_after_two_attempts(
    dynamo: ScriptedDynamo, client: DynamoDBClient
) -> None:
    stored_message(client)
    dynamo.faults.extend([Fault.HANGS] * 9)
    with pytest.raises(ConnectionException):
        Messages(dynamo.connect(), TABLE).start("m", NOW)
    assert len(dynamo.writes) == ATTEMPTS


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.CONFLICT, PydynoxException), (Fault.THROTTLED, ProvisionedThroughputExceededException)],
)
def test_a_write_that_cannot_be_made_says_so_in_the_end(
    fault: Fault, error: type[Exception], dynamo: ScriptedDynamo, client: DynamoDBClient
) -> None:
    dynamo.faults.extend([fault] * 99)
    with pytest.raises(error):
        capture(dynamo.connect())
    assert len(dynamo.writes) <= 10
    assert Store(client, TABLE).get(an_answer().id) is None


def test_an_answer_whose_writing_was_not_answered_is_stored_once(
    dynamo: ScriptedDynamo, client: DynamoDBClient
) -> None:
    captured = writes("an answer", dynamo, client, [Fault.LOST])
    assert captured.status is CaptureStatus.REPEATED
    assert Store(client, TABLE).get(an_answer().id) == captured.revision


def test_somebody_elses_write_is_still_told_from_ones_own(dynamo: ScriptedDynamo, client: DynamoDBClient) -> None:
    stored_message(client)
    assert Messages(client, TABLE).start("m", NOW)
    dynamo.faults.append(Fault.FAILED)
    assert not Messages(dynamo.connect(), TABLE).start("m", NOW)


def test_a_transaction_that_others_keep_in_conflict_is_no_refusal(
    dynamo: ScriptedDynamo, client: DynamoDBClient
) -> None:
    dynamo.faults.extend([Fault.CONFLICT] * 99)
    with pytest.raises(TransactionCanceledException):
        stored_message(dynamo.connect())
    assert len(dynamo.writes) == 5


def conditional(path: Path) -> set[str]:
    """The functions of a module that state a condition, or hand one to a put, by their qualified names."""
    found: set[str] = set()

    def visit(node: ast.AST, within: tuple[str, ...]) -> None:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            within = (*within, node.name)
        states = isinstance(node, ast.Constant) and node.value == "condition_expression"
        states = states or (isinstance(node, ast.keyword) and node.arg == "condition_expression")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            states = states or (
                ast.unparse(node.func) in ("self._table.put", "self._table.putting")
                and len(node.args) + len(node.keywords) > 1
            )
        if states and within:
            found.add(f"{path.relative_to(ROOT).as_posix()} {'.'.join(within)}")
        for each in ast.iter_child_nodes(node):
            visit(each, within)

    visit(ast.parse(path.read_text(encoding="utf-8")), ())
    return found


def test_every_conditional_write_of_the_product_stands_in_the_table(aws: str) -> None:
    """By the functions that run while the table's writes are made."""
    sources = [path for folder in ("shared", "functions", "cli") for path in (ROOT / folder).rglob("*.py")]
    stated = set().union(*(conditional(path) for path in sources if path.name != "table.py"))
    run: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(ROOT)):
            run.add(f"{Path(code.co_filename).relative_to(ROOT).as_posix()} {code.co_qualname}")

    dynamodb = boto3.client("dynamodb")
    for write in WRITES.values():
        for table in (MAIN_TABLE, KEYS_TABLE):
            dynamodb.create_table(**table)
        client = DynamoDBClient()
        write.prepare(client)
        sys.setprofile(note)
        try:
            write.write(client)
        finally:
            sys.setprofile(None)
        for table in (TABLE, KEYS):
            dynamodb.delete_table(TableName=table)
    assert len(stated) > 15
    assert stated - run == set()


def test_conditional_writes_are_made_in_two_modules_alone() -> None:
    """What makes one by itself would take its own lost answer for somebody else's write."""
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("shared", "functions", "cli")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in ("sync_update_item", "sync_transact_write", "sync_put_item")
        and path.name != "twilio_tokens.py"  # puts without a condition
    }
    assert found == {"shared/table/table.py", "shared/feedback/store.py"}
