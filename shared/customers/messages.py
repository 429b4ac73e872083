"""Messages to customers: rendered once, stored in the write that causes them, and sent from the table's stream.

So a thank-you is as safe as the answer it belongs to, and functions that take answers need no permission to send.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field
from pydynox import DynamoDBClient
from pydynox.pydynox_core import item_from_dynamo

from shared.model.feedback import Channel
from shared.table.items import MESSAGE, RECEIPT
from shared.table.table import NEW, Operation, Table, due_shard
from shared.values import Model, Moment, to_iso

TAG = "earshot_message"  # under this name a message's id travels with it, and comes back in its receipts


KEPT_FOR = timedelta(days=7)
"""How long a message waits for an account that cannot send: AWS takes days to let one out of the sandbox."""
LOOK_AGAIN = timedelta(minutes=15)
"""When a message that was woken is woken again, should what woke it be lost."""


class Purpose(StrEnum):
    """Why something is said."""

    INVITATION = "invitation"
    THANKS = "thanks"
    STOPPED = "stopped"
    RESUMED = "resumed"
    HELP = "help"
    REPLY = "reply"
    RESOLVED = "resolved"
    PASSED_ON = "passed-on"
    """Their thanks have reached whom they are for."""
    REMEDY = "remedy"
    PRAISE = "praise"
    """To somebody of a team: what a customer said of them."""
    SENT_ANSWER = "sent-answer"
    """To somebody of a team: what became of the answer that they gave by mail."""

    @property
    def passes_silence(self) -> bool:
        """Whether it may go to someone who asked for silence: what confirms that wish, answers their HELP, or goes to
        a team.
        """
        return self in (Purpose.STOPPED, Purpose.HELP, Purpose.PRAISE, Purpose.SENT_ANSWER)

    @property
    def is_answer(self) -> bool:
        """Whether somebody of a team says it to a customer, and is to hear where it does not arrive."""
        return self in (Purpose.REPLY, Purpose.RESOLVED, Purpose.PASSED_ON, Purpose.REMEDY)


class Message(Model):
    """One text or mail to a customer. `subject`, `html` and `headers` are a mail's."""

    id: str
    channel: Channel
    to: str
    purpose: Purpose
    text: str
    created_at: Moment
    subject: str = ""
    html: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    feedback_id: str | None = None
    invitation_id: str | None = None
    zones: tuple[str, ...] = ()
    """Where quiet hours keep it from leaving; none for what may leave at any hour."""
    expires_at: Moment | None = None
    """When there is no more use in it, if that is sooner than it is kept."""
    held: str | None = None
    """Why it waits, while it does: what AWS answered, or quiet hours."""
    waits: int = 0
    """How often it was put off since AWS did not take it."""

    @property
    def leave_by(self) -> datetime:
        """When it is given up."""
        kept = self.created_at + KEPT_FOR
        return min(kept, self.expires_at) if self.expires_at else kept


class Waiting(NamedTuple):
    """A message that waits, until when, and why."""

    id: str
    due_at: datetime
    held: str


class Messages:
    """The messages of one stage, in its main table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def saving(self, message: Message) -> Operation:
        """Storing a message as one operation of a transaction; it is sent once that is through."""
        more = {"kind": MESSAGE.kind, "ttl": MESSAGE.ttl(message.created_at)}
        return self._table.putting(_key(message.id) | more | message.model_dump(mode="json"), NEW)

    def get(self, id: str) -> Message | None:
        """A message that was stored, or None."""
        item = self._table.get(_key(id))
        return Message.model_validate(item) if item else None

    def progress(self, id: str) -> dict[str, str]:
        """What became of a message: sent and delivered when, its provider's id, the failure; or until when it waits."""
        item: Any = self._table.get(_key(id)) or {}
        names = ("sent_at", "provider_id", "delivered_at", "failure", *(("due_at", "held") if "due_at" in item else ()))
        return {name: item[name] for name in names if name in item}

    def start(self, id: str, now: datetime) -> bool:
        """Take a message to send it; False for one that was taken before, waits, or is gone.

        A message is sent at most once: one whose sender died between taking and recording stays unsent, since a
        customer texted twice is worse than a thank-you that is missing.
        """
        return self._table.update(
            _key(id),
            "SET started_at = :now REMOVE due_at, due_shard, woken",
            {
                "condition_expression": "attribute_exists(pk) AND attribute_not_exists(started_at) "
                "AND (attribute_not_exists(due_at) OR attribute_exists(woken))",
                "expression_attribute_values": {":now": to_iso(now)},
            },
        )

    def hold(self, message: Message, until: datetime, reason: str) -> bool:
        """Undo `start`, where it is certain that nothing was sent, and owe the message from then on.

        False where it was not started.
        """
        return self._table.update(
            _key(message.id),
            "SET due_at = :until, due_shard = :shard, held = :reason, waits = :waits REMOVE started_at",
            {
                "condition_expression": "attribute_exists(started_at)",
                "expression_attribute_values": {
                    ":until": to_iso(until),
                    ":shard": due_shard(MESSAGE.kind, message.id),
                    ":reason": reason,
                    ":waits": message.waits,
                },
            },
        )

    def due(self, until: datetime) -> Iterator[Waiting]:
        """The messages that wait no longer than `until`, the most overdue first."""
        for item in self._table.due(MESSAGE.kind, to_iso(until)):
            yield Waiting(item["id"], datetime.fromisoformat(item["due_at"]), item["held"])

    def wake(self, waiting: Waiting, now: datetime) -> bool:
        """Let the table's stream bring a message that is due to its sender again; False where that was done."""
        return self._table.update(
            _key(waiting.id),
            "SET due_at = :later, woken = :yes",
            {
                "condition_expression": "due_at = :due",
                "expression_attribute_values": {
                    ":due": to_iso(waiting.due_at),
                    ":later": to_iso(now + LOOK_AGAIN),
                    ":yes": True,
                },
            },
        )

    def sent(self, message: Message, provider_id: str, now: datetime) -> None:
        """Note that a message left, under the id by which its receipts will name it."""
        self._set(message.id, "attribute_exists(pk)", sent_at=to_iso(now), provider_id=provider_id)
        more = {"kind": RECEIPT.kind, "message_id": message.id, "ttl": RECEIPT.ttl(message.created_at)}
        self._table.put(_receipt_key(provider_id) | more)

    def delivered(self, id: str, now: datetime) -> None:
        """Note that a message arrived."""
        self._set(id, "attribute_exists(pk)", delivered_at=to_iso(now))

    def failed(self, id: str, reason: str) -> None:
        """Note why a message did not arrive, or did not leave: then it is not owed any more."""
        self._set(id, "attribute_exists(pk)", removes=" REMOVE due_at, due_shard, woken", failure=reason)

    def of_receipt(self, provider_id: str) -> Message | None:
        """The message that a receipt names by its provider's id; None for one that is not ours."""
        item: Any = self._table.get(_receipt_key(provider_id))
        return self.get(item["message_id"]) if item else None

    def _set(self, id: str, condition: str, removes: str = "", **values: str) -> bool:
        return self._table.update(
            _key(id),
            "SET " + ", ".join(f"#{name} = :{name}" for name in values) + removes,
            {
                "condition_expression": condition,
                "expression_attribute_names": {f"#{name}": name for name in values},
                "expression_attribute_values": {f":{name}": value for name, value in values.items()},
            },
        )


def is_to_send(record: Mapping[str, Any]) -> bool:
    """Whether a record of the table's stream brings a message to send: a new one, or one that was woken."""
    image = record["dynamodb"].get("NewImage", {})
    if image.get("kind") != {"S": MESSAGE.kind}:
        return False
    return record["eventName"] == "INSERT" or (record["eventName"] == "MODIFY" and "woken" in image)


def read_message(image: Mapping[str, Any]) -> Message:
    """An image of a stream record, in DynamoDB's own JSON, as the model."""
    return Message.model_validate(item_from_dynamo(dict(image)))


def _key(id: str) -> dict[str, str]:
    return MESSAGE.key(id)


def _receipt_key(provider_id: str) -> dict[str, str]:
    # SES gives the id of a mail with its domain or without, and names it without.
    return RECEIPT.key(provider_id.partition("@")[0][:100])
