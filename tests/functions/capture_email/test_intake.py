import importlib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from functions.capture_email.intake import SETUP_NOTICE, Intake
from functions.capture_email.mailroom import Mailroom
from shared.feedback.store import Store
from shared.mail.received import MailOutcome, MailRecord, Mails
from tests.functions.capture_email.conftest import BUCKET
from tests.functions.capture_email.test_mime import HOSTILE
from tests.kit.samples import load_bytes


def put(key: str, body: bytes) -> str:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    return key


def kept(prefix: str) -> dict[str, bytes]:
    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())
    return {each["Key"]: s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in found}


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def waiting(intake: Intake) -> Iterator[str]:
    return intake.waiting(older_than=soon(), not_before=soon() - timedelta(days=1), has_time=lambda: True)


def test_a_mail_in_the_bucket_becomes_feedback(intake: Intake, store: Store) -> None:
    record = intake.take(put("mail/m1", load_bytes("samples/mail/fresh_mail.eml")))
    assert record is not None
    assert record.feedback_id is not None
    assert store.get(record.feedback_id) is not None


@pytest.mark.parametrize("name", [name for name in HOSTILE if "40" not in name and "41" not in name])
def test_what_cannot_be_read_is_kept_whole_and_recorded(name: str, intake: Intake, mails: Mails) -> None:
    build, reason = HOSTILE[name]
    raw = build()[:2_000_000]
    record = intake.take(put("mail/m1", raw))
    assert record is not None
    assert (record.outcome, record.reason) == (MailOutcome.QUARANTINED, reason)
    assert kept("quarantine/") == {"quarantine/m1": raw}
    assert mails.get("m1") == record


def test_a_mail_that_is_too_large_is_not_even_fetched(intake: Intake) -> None:
    record = intake.take(put("mail/m1", bytes(41_000_001)))
    assert record is not None
    assert record.reason == "too-large"
    assert len(kept("quarantine/")["quarantine/m1"]) == 41_000_001


def test_any_surprise_of_the_reader_is_quarantine_not_a_retry_storm(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise(*_: Any, **__: Any) -> None:
        raise RecursionError

    monkeypatch.setattr("functions.capture_email.incoming.customers_words", surprise)
    record = intake.take(put("mail/m1", load_bytes("samples/mail/fresh_mail.eml")))
    assert record is not None
    assert (record.outcome, record.reason) == (MailOutcome.QUARANTINED, "RecursionError")


def test_a_reader_that_never_ends_is_stopped(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    def for_ever(*_: Any, **__: Any) -> None:
        while True:
            pass

    monkeypatch.setattr("functions.capture_email.incoming.customers_words", for_ever)
    monkeypatch.setattr("functions.capture_email.incoming.TIME_LIMIT_SECONDS", 0.05)
    record = intake.take(put("mail/m1", load_bytes("samples/mail/fresh_mail.eml")))
    assert record is not None
    assert record.reason == "too-slow"


def test_what_was_quarantined_is_taken_once_it_can_be_read(intake: Intake, store: Store, mails: Mails) -> None:
    put("mail/m1", load_bytes("samples/mail/fresh_mail.eml"))
    intake.quarantine("mail/m1", "RecursionError")
    record = intake.take("quarantine/m1")
    assert record is not None
    assert record.outcome is MailOutcome.FEEDBACK
    assert mails.get("m1") == record


def test_what_is_feedback_is_never_quarantined_after(intake: Intake, mails: Mails) -> None:
    intake.take(put("mail/m1", load_bytes("samples/mail/fresh_mail.eml")))
    intake.quarantine("mail/m1", "late")
    record = mails.get("m1")
    assert record is not None
    assert record.outcome is MailOutcome.FEEDBACK


@pytest.mark.parametrize("key", [f"mail/{SETUP_NOTICE}", "mail/", "mail/gone"])
def test_what_is_no_mail_is_passed_over(key: str, intake: Intake) -> None:
    put(f"mail/{SETUP_NOTICE}", b"hello from SES")
    assert intake.take(key) is None


def test_the_sweep_finds_what_has_no_record(intake: Intake) -> None:
    raw = load_bytes("samples/mail/fresh_mail.eml")
    intake.take(put("mail/taken", raw))
    intake.take(put("mail/unreadable", b""))
    put(f"mail/{SETUP_NOTICE}", b"hello from SES")
    put("mail/missed", raw)
    assert list(waiting(intake)) == ["mail/missed"]
    intake.try_again("mail/missed", 5)
    assert list(waiting(intake)) == []


def test_the_sweep_leaves_alone_what_is_too_new_or_too_old(intake: Intake) -> None:
    put("mail/m1", b"Subject: hi\n\nhello")
    now = datetime.now(UTC)
    for older_than, not_before in ((now - timedelta(minutes=10), now - timedelta(days=1)), (soon(), soon())):
        assert list(intake.waiting(older_than, not_before, lambda: True)) == []


def test_a_mail_that_always_fails_is_tried_so_often_and_then_kept_apart(
    intake: Intake, mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError("the table is away")

    monkeypatch.setattr(Mailroom, "take", fail)
    put("mail/m1", load_bytes("samples/mail/fresh_mail.eml"))
    for _ in range(3):
        assert list(waiting(intake)) == ["mail/m1"]
        assert intake.try_again("mail/m1", 3) is None
    record = intake.try_again("mail/m1", 3)
    assert record is not None
    assert (record.outcome, record.reason) == (MailOutcome.QUARANTINED, "tried-too-often")
    assert list(waiting(intake)) == []


def test_records_are_read_many_at_a_time(intake: Intake, mails: Mails, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(230):
        mails.save(MailRecord(id=f"m{number}", outcome=MailOutcome.AUTOMATIC, at=soon()))
        put(f"mail/m{number}", b"Subject: hi\n\nhello")
    put("mail/again/m1", b"Subject: hi\n\nhello")
    put("mail/new", b"Subject: hi\n\nhello")
    monkeypatch.setattr(Mails, "get", None)
    assert list(waiting(intake)) == ["mail/new"]


def test_a_sweep_without_time_looks_no_further(intake: Intake) -> None:
    put("mail/m1", b"Subject: hi\n\nhello")
    assert list(intake.waiting(soon(), soon() - timedelta(days=1), lambda: False)) == []


def test_a_mail_that_vanishes_before_it_is_quarantined_is_gone(
    intake: Intake, mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Intake, "_fetch", lambda *_: b"")  # which cannot be read
    assert intake.take("mail/gone") is None
    assert intake.try_again("mail/gone", 0) is None
    assert mails.get("gone") is None
    assert kept("quarantine/") == {}


def test_a_mail_that_cannot_even_be_quarantined_does_not_hold_up_the_others(
    intake: Intake, store: Store, load_handler: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = load_handler("sweep")
    module = sys.modules["functions.capture_email.sweep"]
    monkeypatch.setattr(module, "SETTLED", timedelta(hours=-1))
    put("mail/a", load_bytes("samples/mail/fresh_mail.eml"))
    put("mail/b", load_bytes("samples/mail/fresh_mail.eml"))
    quarantine = Intake.quarantine

    def refuse(self: Intake, key: str, reason: str, *, attempts: int = 1) -> Any:
        if key == "mail/a":
            raise OSError("the bucket is away")
        return quarantine(self, key, reason, attempts=attempts)

    monkeypatch.setattr(Intake, "quarantine", refuse)
    monkeypatch.setattr(module, "MAX_ATTEMPTS", 0)
    sweep({}, A_CONTEXT)
    assert list(kept("quarantine/")) == ["quarantine/b"]


def test_a_failing_table_leaves_the_mail_for_the_next_try(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("the table is away")

    key = put("mail/m1", load_bytes("samples/mail/fresh_mail.eml"))
    with monkeypatch.context() as patch:
        patch.setattr(Mailroom, "take", fail)
        with pytest.raises(OSError, match="away"):
            intake.take(key)
    record = intake.take(key)
    assert record is not None
    assert record.outcome is MailOutcome.FEEDBACK


def test_the_handler_takes_the_key_that_the_event_names(
    intake: Intake, store: Store, monkeypatch: pytest.MonkeyPatch, load_handler: Callable[[str], Any]
) -> None:
    handler = load_handler("handler")
    key = put("mail/m1", load_bytes("samples/mail/fresh_mail.eml"))
    event = {"detail-type": "Object Created", "detail": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 1}}}
    assert handler(event, A_CONTEXT) == {"outcome": "feedback"}
    assert handler(event, A_CONTEXT) == {"outcome": "feedback"}


def test_the_sweep_takes_what_was_missed_and_leaves_what_just_came(
    intake: Intake, mails: Mails, load_handler: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = load_handler("sweep")
    put("mail/m1", load_bytes("samples/mail/fresh_mail.eml"))
    sweep({}, A_CONTEXT)  # just arrived: its event may still be on its way
    assert mails.get("m1") is None
    monkeypatch.setattr(sys.modules["functions.capture_email.sweep"], "SETTLED", timedelta(hours=-1))
    sweep({}, A_CONTEXT)
    assert mails.get("m1") is not None


class A_CONTEXT:  # noqa: N801
    function_name = "capture_email"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:capture_email"
    aws_request_id = "request"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


@pytest.fixture
def load_handler(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A function of capture_email as Lambda loads it."""
    monkeypatch.setenv("EARSHOT_TABLE", store.table)
    monkeypatch.setenv("EARSHOT_KEYS_TABLE", "earshot-test-keys")
    monkeypatch.setenv("EARSHOT_MAIL_BUCKET", BUCKET)

    def load(module: str) -> Any:
        name = f"functions.capture_email.{module}"
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name).handler

    return load
