"""`earshot invite`, with the deployed function in this process behind Lambda's API."""

import importlib
import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from cli.invite import Customer
from cli.invite import _customer as of_row
from cli.stage import Stage
from shared.addresses import contact
from shared.config.model import Config
from shared.customers.people import People, Silence
from shared.feedback.store import Store
from tests.cli.conftest import Earshot
from tests.kit.factories import a_context
from tests.kit.samples import load_bytes, load_rows
from tests.kit.tables import KEYS_TABLE, MAIN_TABLE

MODULE = "functions.invite.handler"
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


class FakeLambda:
    """Runs the function where it is invoked."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.batches: list[int] = []
        self.error: str | None = None

    def invoke(self, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803
        if self.error:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps({"errorType": self.error}).encode())}
        event = json.loads(Payload)
        self.batches.append(len(event["requests"]))
        return {"Payload": io.BytesIO(json.dumps(self.module.handler(event, a_context())).encode())}


@pytest.fixture
def function(stage: str, monkeypatch: pytest.MonkeyPatch) -> FakeLambda:
    monkeypatch.setenv("EARSHOT_TABLE", MAIN_TABLE["TableName"])
    monkeypatch.setenv("EARSHOT_KEYS_TABLE", KEYS_TABLE["TableName"])
    monkeypatch.setenv("EARSHOT_PUBLIC_URL", "https://feedback.fernleaf.example")
    sys.modules.pop(MODULE, None)
    module = importlib.import_module(MODULE)
    monkeypatch.setattr(module, "utc_now", lambda: NOON)
    fake = FakeLambda(module)
    client = Stage.client
    monkeypatch.setattr(Stage, "client", lambda self, service: fake if service == "lambda" else client(self, service))
    return fake


def asked(out: str) -> dict[str, Any]:
    """The JSON report, which follows what the function logs to the same place."""
    return dict(json.loads(out[out.index('{\n  "dry_run"') :]))


def test_one_customer_is_asked_and_told_of_in_segments_and_price(earshot: Earshot, function: FakeLambda) -> None:
    ran = earshot("invite", "delivery", "--to", "+447400123456", "--name", "Layla", "--ref", "order-9")
    assert ran.status == 0
    assert "1 asked: 1 by text, 0 by mail" in ran.out
    assert "1 segment, about $0.04" in ran.out
    assert "How did your delivery go?" in ran.out
    assert "`earshot show " in ran.out


def test_a_dry_run_asks_nobody(earshot: Earshot, function: FakeLambda) -> None:
    for _ in range(2):
        ran = earshot("invite", "delivery", "--to", "layla@example.com", "--dry-run")
        assert "1 would be asked: 0 by text, 1 by mail" in ran.out


def test_a_file_is_asked_in_batches_and_says_who_was_left_out_and_why(
    earshot: Earshot, function: FakeLambda, store: Store, tmp_path: Path
) -> None:
    people = People(store.client, store.table)
    people.change("+447400123401", lambda person: person.silenced(Silence.STOPPED, NOON), NOON)
    rows = [f"+4474001234{number:02},,Customer {number}" for number in range(45)]
    rows += ["+449098790123,,Premium", ",nobody,", "+447400123400,,Again", "", ",tom@example.com,Tom"]
    file = tmp_path / "customers.csv"
    file.write_text("\ufeffphone,email,name\n" + "\n".join(rows) + "\n", encoding="utf-8")
    ran = earshot("invite", "delivery", "--csv", str(file), "--json")
    told = asked(ran.out)
    assert len(told["asked"]) == 45
    assert {(each["line"], each["reason"]) for each in told["left_out"]} == {
        (3, "asked-for-silence"),
        (47, "address-refused"),
        (48, "address-refused"),
        (49, "twice-in-file"),
    }
    assert function.batches == [20, 20, 8]
    assert told["segments"] == 44


def test_a_spreadsheets_semicolons_are_read(earshot: Earshot, function: FakeLambda, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("name;phone;language\nليلى;07400 123456;ar\n", encoding="utf-8")
    [outcome] = asked(earshot("invite", "delivery", "--csv", str(file), "--json").out)["asked"]
    assert (outcome["to"], outcome["channel"]) == ("+447400123456", "sms")
    assert "كيف كان توصيل طلبك؟" in outcome["text"]


def test_who_is_left_out_is_told_in_words(earshot: Earshot, function: FakeLambda) -> None:
    ran = earshot("invite", "delivery", "--to", "+33612345678")
    assert "0 asked" in ran.out
    assert "+33612345678 is in a country that sms.countries does not list (country-not-allowed)" in ran.out


def test_a_field_that_cannot_be_taken_leaves_that_customer_out_and_is_named(
    earshot: Earshot, function: FakeLambda, tmp_path: Path
) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(f'phone,place\n+447400123456,"Leeds\n{"x" * 60}"\n+447400123457,Leeds\n')
    ran = earshot("invite", "delivery", "--csv", str(file))
    assert "1 asked" in ran.out
    assert "line 2: +447400123456 has a field that cannot be taken" in ran.out
    assert "(request-unreadable: place)" in ran.out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("telephone\n1", "has a column 'telephone'"),
        ("name\nLayla", "has neither phone nor email"),
        ("phone,channel\n+447400123456,fax", "Line 2: the channel is sms or email, not 'fax'"),
        ("", "has neither phone nor email"),
    ],
)
def test_a_file_that_cannot_be_read_is_bad_usage(
    earshot: Earshot, function: FakeLambda, tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(content)
    ran = earshot("invite", "delivery", "--csv", str(file))
    assert (ran.status, message in ran.err) == (2, True)
    assert function.batches == []


def test_a_file_in_another_encoding_is_bad_usage(earshot: Earshot, function: FakeLambda, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes("phone,name\n+447400123456,José".encode("latin-1"))
    assert earshot("invite", "delivery", "--csv", str(file)).status == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("gone", "--to", "a@example.com"),
        ("delivery",),
        ("delivery", "--to", "a@example.com", "--csv", "customers.csv"),
        ("delivery", "--csv", "nowhere.csv"),
    ],
)
def test_bad_usage_asks_nobody(
    earshot: Earshot, function: FakeLambda, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "customers.csv").write_text("phone\n+447400123456")
    assert earshot("invite", *arguments).status == 2
    assert function.batches == []


def test_a_function_that_cannot_run_names_who_was_not_asked_and_what_to_do(
    earshot: Earshot, function: FakeLambda
) -> None:
    function.error = "MissingSetting"
    ran = earshot("invite", "delivery", "--to", "a@example.com")
    assert ran.status == 1
    assert "a@example.com could not be asked now (not-asked: MissingSetting)" in ran.out
    assert "1 of 1 could not be asked; read the log of invite, then run the same again" in ran.err


# --- Long lists -------------------------------------------------------------------------------------------------------


class ManyAsked:
    """A function that asks whoever is handed over once, as `functions.invite` does; each of its faults comes once."""

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}
        self.handed_over = 0
        self.faults: dict[int, Callable[[], None]] = {}
        self.unlucky: set[str] = set()
        self.cannot_run_after: int | None = None

    def invoke(self, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803
        event = json.loads(Payload)
        self.handed_over += 1
        if self.cannot_run_after is not None and len(self.asked) >= self.cannot_run_after:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType": "MissingSetting"}')}
        outcomes = [self._ask(*each) for each in zip(event["ids"], event["requests"], strict=True)]
        if fault := self.faults.pop(self.handed_over, None):
            fault()
        return {"Payload": io.BytesIO(json.dumps({"outcomes": outcomes}).encode())}

    def _ask(self, id: str, request: dict[str, Any]) -> dict[str, Any]:
        to = request["customer"]["phone"]
        outcome = {"id": id, "channel": "sms", "to": to, "text": "?", "segments": 1, "price": 0.04, "reason": None}
        if to in self.unlucky:
            self.unlucky.remove(to)
            return outcome | {"reason": "not-asked: Contended"}
        if to in self.asked:
            return outcome | {"reason": None if self.asked[to] == id else "asked-recently"}
        self.asked[to] = id
        return outcome


@pytest.fixture
def many(stage: str, monkeypatch: pytest.MonkeyPatch) -> ManyAsked:
    fake = ManyAsked()
    client = Stage.client
    monkeypatch.setattr(Stage, "client", lambda self, service: fake if service == "lambda" else client(self, service))
    return fake


@pytest.fixture
def list_of_3000(tmp_path: Path) -> str:
    file = tmp_path / "many.csv"
    file.write_text("phone,name\n" + "".join(f"+44740090{number:04},N{number}\n" for number in range(3000)))
    return str(file)


def test_of_3000_customers_all_are_asked_in_one_run(earshot: Earshot, many: ManyAsked, list_of_3000: str) -> None:
    ran = earshot("invite", "delivery", "--csv", list_of_3000)
    assert (ran.status, len(many.asked), many.handed_over) == (0, 3000, 150)
    assert "3000 asked: 3000 by text" in ran.out


def test_a_try_whose_answer_is_lost_is_repeated_and_asks_nobody_twice(
    earshot: Earshot, many: ManyAsked, list_of_3000: str
) -> None:
    def lost() -> None:
        raise ReadTimeoutError(endpoint_url="https://lambda.eu-west-1.amazonaws.com")

    many.faults = {12: lost, 13: lost, 80: lost}
    many.unlucky = {"+447400900007", "+447400902999"}
    ran = earshot("invite", "delivery", "--csv", list_of_3000)
    assert (ran.status, len(many.asked), many.handed_over) == (0, 3000, 155)
    assert "3000 asked" in ran.out
    assert "left out" not in ran.out


def test_where_the_function_cannot_go_on_everyone_who_was_not_asked_is_named(
    earshot: Earshot, many: ManyAsked, list_of_3000: str
) -> None:
    many.cannot_run_after = 240
    ran = earshot("invite", "delivery", "--csv", list_of_3000)
    assert (ran.status, len(many.asked), many.handed_over) == (1, 240, 15)
    assert "240 asked" in ran.out
    assert "2760 left out:\n  line 242: +447400900240 could not be asked now (not-asked: MissingSetting)" in ran.out
    assert "line 3001: +447400902999 could not be asked now" in ran.out
    assert "2760 of 3000 could not be asked" in ran.err
    many.cannot_run_after = None
    again = earshot("invite", "delivery", "--csv", list_of_3000)
    assert "2760 asked" in again.out
    assert "240 left out" in again.out


def test_a_customer_is_named_by_how_they_are_reached() -> None:
    assert Customer(0, {"customer": {"email": "a@example.com"}}).name == "a@example.com"
    assert Customer(0, {"customer": {}}).name == "(nobody)"


@pytest.mark.parametrize(
    "row", [each for each in load_rows("samples/edges/languages.jsonl") if each.values[0]["via"] == "csv"]
)
def test_a_language_is_understood_or_said_and_never_silently_english(config: Config, row: dict[str, Any]) -> None:
    customer = of_row(2, config, {"touchpoint": "delivery"}, {"phone": "+447400123456", "language": row["value"]})
    language = customer.request.get("language")
    if customer.problem:
        assert row.get("not_offered_said") or not row.get("sure", True)
        assert customer.problem == f"language-not-offered: {row['value'][:40]}; offered: en, ar"
    else:
        assert language == row["language"]
        assert not row.get("not_offered_said")


@pytest.mark.parametrize("row", load_rows("samples/edges/csv.jsonl"))
def test_a_list_is_asked_as_it_was_saved_or_refused_in_a_line_that_says_what_to_do(
    earshot: Earshot, function: FakeLambda, tmp_path: Path, row: dict[str, Any]
) -> None:
    file = tmp_path / Path(row.get("file", "made.csv")).name
    if "made" in row:
        file.write_text("".join(text * times for text, times in row["made"]))
    else:
        file.write_bytes(load_bytes(f"samples/edges/{row['file']}"))
    given: list[dict[str, Any]] = []
    invoke = function.invoke

    def listening(**call: str) -> dict[str, Any]:
        answer = invoke(**call)
        content = json.loads(answer["Payload"].read())
        requests = json.loads(call["Payload"])["requests"]
        pairs = zip(requests, content["outcomes"], strict=True)
        given.extend(request for request, outcome in pairs if not outcome["reason"])
        return {"Payload": io.BytesIO(json.dumps(content).encode())}

    function.invoke = listening  # type: ignore[assignment, method-assign]
    ran = earshot("invite", "delivery", "--csv", str(file), "--any-hour")
    said = ran.out + ran.err
    assert "Traceback" not in said
    asked = [{"language": request.get("language", "en"), **request["customer"]} for request in given]
    if "asked_count" in row:
        assert sum(function.batches) == row["asked_count"]
        return
    assert len(asked) == len(row["asked"])
    for each, wanted in zip(asked, row["asked"], strict=True):
        for name, value in wanted.items():
            assert each[name].lower() == (contact.email(value) if name == "email" else value).lower()
    for mention in row["mention"]:
        assert any(each.lower() in said.lower() for each in ([mention] if isinstance(mention, str) else mention))
    assert not any(garble in str(given) for garble in row.get("never", ()))
    assert len(said) < 5_000
