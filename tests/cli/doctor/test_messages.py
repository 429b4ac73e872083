"""What `earshot doctor` says of messages to customers that wait."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from cli.doctor.messages import check_waiting
from shared.customers.messages import Message, Messages, Purpose
from shared.feedback.store import Store
from shared.model.feedback import Channel
from shared.values import utc_now


def test_what_aws_does_not_take_is_told_by_its_reason_and_quiet_hours_are_not(store: Store) -> None:
    now, messages = utc_now(), Messages(store.client, store.table)
    stage = cast(Any, SimpleNamespace(dynamodb=store.client, outputs={"Table": store.table}))
    assert list(check_waiting(stage)) == []
    for number, reason in enumerate(["messagerejected", "messagerejected", "resource-not-active", "quiet-hours"]):
        message = Message(
            id=f"m{number}", channel=Channel.SMS, to="+447400123456", purpose=Purpose.THANKS, text="Hi", created_at=now
        )
        store.transact([messages.saving(message)])
        messages.start(message.id, now)
        messages.hold(message, now + timedelta(hours=1), reason)
    findings = list(check_waiting(stage))
    assert [finding.message.split(";")[0] for finding in findings] == [
        "2 to customers could not be sent yet (messagerejected)",
        "1 to customers could not be sent yet (resource-not-active)",
    ]
