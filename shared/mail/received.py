"""What became of each mail that came in, and which mails of ours an answer may name.

The record of a mail is written in the transaction that stores its words, so a mail delivered twice is one feedback, and
the sweep finds what has no record.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from pydynox import DynamoDBClient

from shared.model.feedback import Flag
from shared.table.items import FILED_MAIL, MAIL, SENT_MAIL
from shared.table.table import Condition, Operation, Table
from shared.values import Model, Moment

MAIL_FOLDER, QUARANTINE_FOLDER = "mail/", "quarantine/"
"""The prefixes of the bucket: what SES puts there, and what could not be read."""

MAX_WHOLE_BYTES = 60_000
"""Of a mail's whole text, as much is kept beside what is shown of it; the raw mail is in the bucket."""


class MailOutcome(StrEnum):
    """What became of a mail."""

    FEEDBACK = "feedback"
    AUTOMATIC = "automatic"
    """A machine wrote it: kept, and nothing else."""
    UNSUBSCRIBED = "unsubscribed"
    """It asked for silence, and said nothing else; what it is about, if anything, says so since."""
    ANSWER = "answer"
    """Somebody of a team answered a card with it, and so its customer."""
    REFUSED = "refused"
    """It was to answer a card, and nobody was answered."""
    QUARANTINED = "quarantined"
    """It could not be read, or was tried too often: kept whole, and a person is told."""
    FAILED = "failed"
    """It was tried and will be tried again."""

    @property
    def is_final(self) -> bool:
        """Whether the mail is not to be tried again by itself."""
        return self is not MailOutcome.FAILED

    @property
    def is_settled(self) -> bool:
        """Whether trying again could change nothing."""
        return self not in (MailOutcome.FAILED, MailOutcome.QUARANTINED)


class MailRecord(Model):
    """What became of one mail. `id` is SES's, which is the last part of its key in the bucket."""

    id: str
    outcome: MailOutcome
    at: Moment
    reason: str | None = None
    feedback_id: str | None = None
    sender: str | None = None
    subject: str | None = None
    attachments: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    whole: str | None = None
    """All of its text, where what is shown as the customer's words is not all of it."""
    attempts: int = 1


class Mails:
    """The records of one stage's mails, in its main table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def get(self, id: str) -> MailRecord | None:
        """What became of a mail, or None where nothing has yet."""
        item = self._table.get(_key(id))
        return MailRecord.model_validate(item) if item else None

    def final(self, ids: Iterable[str]) -> set[str]:
        """Those of many mails that are not to be tried again by themselves, in one request for each hundred."""
        keys = [_key(id) for id in dict.fromkeys(ids)]
        found = self._table.client.sync_batch_get(
            self._table.name, keys, consistent_read=True, projection=["id", "outcome"]
        )
        return {item["id"] for item in found if MailOutcome(item["outcome"]).is_final}

    def saving(self, record: MailRecord) -> Operation:
        """Storing what became of a mail as one operation of a transaction, refused where that is settled already."""
        return self._table.putting(_item(record), _UNSETTLED)

    def filing(self, record: MailRecord) -> Operation:
        """Filing a mail with its feedback, as one operation of a transaction."""
        key = {"pk": FILED_MAIL.partition(str(record.feedback_id)), "sk": MAIL.partition(_short(record.id))}
        return self._table.putting(key | {"kind": FILED_MAIL.kind, "id": record.id, "ttl": FILED_MAIL.ttl(record.at)})

    def of_feedback(self, feedback_id: str) -> list[MailRecord]:
        """The mails that a feedback is made of, oldest first."""
        filed = self._table.client.sync_query(
            self._table.name,
            key_condition_expression="pk = :feedback AND begins_with(sk, :mail)",
            expression_attribute_values={":feedback": FILED_MAIL.partition(feedback_id), ":mail": MAIL.partition("")},
        )
        records = (self.get(item["id"]) for item in filed)
        return sorted((record for record in records if record), key=lambda record: record.at)

    def save(self, record: MailRecord) -> bool:
        """Store what became of a mail; False where that is settled already."""
        return self._table.put(_item(record), _UNSETTLED)

    def sent(self, message_id: str, reply_to: str, now: datetime) -> None:
        """Remember the signed reply address of a mail of ours by the id that SES gave it, without the `@…` part."""
        self._table.put(
            _sent_key(message_id) | {"kind": SENT_MAIL.kind, "reply_to": reply_to, "ttl": SENT_MAIL.ttl(now)}
        )

    def reply_address(self, message_id: str) -> str | None:
        """The signed reply address of the mail of ours that a Message-ID names; None for a mail of someone else."""
        item = self._table.get(_sent_key(message_id))
        return item["reply_to"] if item else None


_UNSETTLED: Condition = {
    "condition_expression": "attribute_not_exists(pk) OR #outcome IN (:failed, :quarantined)",
    "expression_attribute_names": {"#outcome": "outcome"},
    "expression_attribute_values": {
        ":failed": MailOutcome.FAILED.value,
        ":quarantined": MailOutcome.QUARANTINED.value,
    },
}


def _item(record: MailRecord) -> dict[str, Any]:
    return _key(record.id) | {"kind": MAIL.kind, "ttl": MAIL.ttl(record.at)} | record.model_dump(mode="json")


def _key(id: str) -> dict[str, str]:
    return MAIL.key(_short(id))


def _sent_key(message_id: str) -> dict[str, str]:
    return SENT_MAIL.key(_short(message_id.partition("@")[0]))


def _short(id: str) -> str:
    """An id from outside as part of a key: the id itself, or its hash where it is long or has unusual characters."""
    return id if len(id) <= 100 and id.isascii() and id.isprintable() else sha256(id.encode()).hexdigest()
