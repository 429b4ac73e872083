"""The main table: every key, conditional write and query that Earshot makes. The table is the truth."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple

from pydynox import DynamoDBClient
from pydynox.exceptions import ConditionalCheckFailedException
from pydynox.pydynox_core import item_from_dynamo

from shared.config.model import Config
from shared.errors import InvalidInput, TooManyChanges
from shared.feedback.owners import owner
from shared.feedback.promises import needs_somebody, taken_by
from shared.ids import answer_id
from shared.model.feedback import MAX_REVISIONS, Answer, Channel, Customer, Feedback, Flag, Revision
from shared.model.scales import Mood, Scale
from shared.table.items import CLAIM, FEEDBACK
from shared.table.table import NEW, Operation, Table, again, due_shard
from shared.table.upsert import Upsert
from shared.values import to_iso

TEAM_SHARDS = 4  # one index key takes 1,000 writes a second
PAGE = 250  # items per request where many shards are read side by side, and each may be left half read


class CaptureStatus(StrEnum):
    """What an answer did to the table."""

    NEW = "new"
    AMENDED = "amended"
    REPEATED = "repeated"


class Captured(NamedTuple):
    """The outcome of a capture and the feedback as it now is."""

    status: CaptureStatus
    revision: Revision


class Store:
    """The main table of one stage."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self.client = client
        self.table = table
        self._table = Table(client, table)

    def capture(self, answer: Answer, config: Config, now: datetime, *, needs_rating: bool = False) -> Captured:
        """Store an answer in exactly one request: new, merged into what was said before, or already there.

        The owner team and the due time are decided in the same write. Raises `TooManyChanges` after `MAX_REVISIONS`,
        and `InvalidInput` for a first answer without a rating where one is needed.
        """
        said, write = _write(answer, config, now)
        # An answer that changes nothing is not written, so that a repeated tap makes no revision and no event.
        condition = f"({write.below('answers', MAX_REVISIONS)} AND ({write.differs(said)}))"
        opens = answer.rating is not None or not needs_rating
        condition = f"attribute_not_exists(pk) OR {condition}" if opens else f"attribute_exists(pk) AND {condition}"
        try:
            item: Any = again(
                lambda: self.client.sync_update_item(
                    self.table,
                    _feedback_key(answer.id),
                    update_expression=write.expression,
                    condition_expression=condition,
                    expression_attribute_names=dict(write.names),
                    expression_attribute_values=write.values,
                    return_values="ALL_NEW",
                    return_values_on_condition_check_failure=True,
                )
            )
        except ConditionalCheckFailedException as refusal:
            stored: dict[str, Any] | None = getattr(refusal, "item", None)
            if stored is None:
                raise InvalidInput("rating is missing.", field="rating") from None
            revision = read_item(stored)
            if all(stored.get(name) == value for name, value in said.items()):
                return Captured(CaptureStatus.REPEATED, revision)
            raise TooManyChanges(
                f"This answer was changed {MAX_REVISIONS - 1} times, which is as often as it can be."
            ) from None
        revision = read_item(item)
        return Captured(CaptureStatus.NEW if revision.number == 1 else CaptureStatus.AMENDED, revision)

    def revise(self, answer: Answer, config: Config, before: Revision | None, now: datetime) -> Operation:
        """The capture as one operation of a transaction, refused when the feedback is no longer as it was `before`."""
        _, write = _write(answer, config, now)
        unchanged = write.equals("revision", before.number) if before else "attribute_not_exists(pk)"
        return {
            "type": "update",
            "table": self.table,
            "key": _feedback_key(answer.id),
            "update_expression": write.expression,
            "condition_expression": unchanged,
            "expression_attribute_names": dict(write.names),
            "expression_attribute_values": write.values,
        }

    def get(self, id: str) -> Revision | None:
        """The feedback as it now is, or None."""
        item = self._table.get(_feedback_key(id))
        return read_item(item) if item else None

    def partition(self, id: str) -> list[Mapping[str, Any]]:
        """The feedback's item and all that lies beside it, such as its case's timeline; empty where there is none."""
        return list(self._table.partition(FEEDBACK.partition(id)))

    def claim(self, identity: str, now: datetime) -> Operation:
        """Claiming a message from outside, as one operation of a transaction that is refused the second time."""
        return self._table.putting(_claim_key(identity) | {"kind": CLAIM.kind, "ttl": CLAIM.ttl(now)}, NEW)

    def is_claimed(self, identity: str) -> bool:
        """Whether a message from outside was taken before."""
        return self._table.get(_claim_key(identity)) is not None

    def transact(self, operations: Sequence[Operation]) -> bool:
        """Write all or nothing; False when one of the operations was refused."""
        return self._table.transact(operations)

    def by_team(self, team: str, since: datetime, *, newest_first: bool = False) -> Iterator[Revision]:
        """Feedback owned by a team that was received or amended at or after `since`, in order of change per shard."""
        for shard in range(TEAM_SHARDS):
            yield from map(read_item, self._table.changed(f"{team}#{shard}", to_iso(since), newest_first=newest_first))

    def newest(self, teams: Iterable[str], since: datetime) -> Iterator[Revision]:
        """Feedback of all these teams that was received or amended at or after `since`, the last changed first."""
        shards = (
            self._table.changed(f"{team}#{shard}", to_iso(since), newest_first=True, page_size=PAGE)
            for team in teams
            for shard in range(TEAM_SHARDS)
        )
        return map(read_item, heapq.merge(*shards, key=itemgetter("changed_at"), reverse=True))


def read_item(item: Mapping[str, Any]) -> Revision:
    """An item of the table, as plain Python values, as the model."""
    feedback = Feedback(
        id=item["id"],
        touchpoint=item["touchpoint"],
        place=item["place"],
        team=item["team"],
        channel=Channel(item["channel"]),
        rating=item["rating"],
        scale=Scale(item["scale"]),
        mood=Mood(item["mood"]),
        reasons=tuple(item["reasons"]),
        comment=item["comment"],
        language=item["language"],
        customer=Customer(
            ref=item.get("customer_ref"),
            name=item.get("customer_name"),
            email=item.get("customer_email"),
            phone=item.get("customer_phone"),
        ),
        other_contact=_other_contact(item),
        flags=_flags(item),
        received_at=datetime.fromisoformat(item["received_at"]),
    )
    number = int(item["revision"])
    return Revision(
        number, datetime.fromisoformat(item["changed_at"]), feedback, answers=int(item.get("answers", number))
    )


def _flags(item: Mapping[str, Any]) -> tuple[Flag, ...]:
    """Those that are stored, and the one that follows from what else is."""
    flags = {Flag(flag) for flag in item.get("flags", ())}
    if _other_contact(item):
        flags.add(Flag.OTHER_CONTACT)
    return tuple(sorted(flags)) if flags else ()


def _other_contact(item: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(item[name] for name in ("other_email", "other_phone") if item.get(name))


def read_image(image: Mapping[str, Any]) -> Revision:
    """An image of a stream record, in DynamoDB's own JSON, as the model."""
    return read_item(item_from_dynamo(dict(image)))


def _feedback_key(id: str) -> dict[str, str]:
    return FEEDBACK.key(id)


def _claim_key(identity: str) -> dict[str, str]:
    return CLAIM.key(answer_id("claim", identity))


def _write(answer: Answer, config: Config, now: datetime) -> tuple[dict[str, Any], "Upsert"]:
    """What the answer says, and the update that creates the item or merges the answer into it."""
    scale = config.touchpoints[answer.touchpoint].scale
    mood = scale.mood(answer.rating)
    team = owner(config, answer.touchpoint, answer.reasons or ())
    said, first = _split(answer, scale, mood)
    at = to_iso(now)
    write = Upsert()
    for name, value in said.items():
        write.set(name, value)
    for name, value in first.items():
        write.set_once(name, value)
    _own(write, answer, team)
    if needs_somebody(mood if answer.rating is not None else None, bool(answer.comment or answer.reasons)):
        _open_case(write, answer, team, taken_by(config, team, mood, now), at)
    write.set_once("received_at", at)
    write.set_once("ttl", FEEDBACK.ttl(now))
    write.set("changed_at", at)
    write.count("revision")
    write.count("answers")
    return said, write


def _split(answer: Answer, scale: Scale, mood: Mood) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes that this answer sets, and those that only a first answer does."""
    first: dict[str, Any] = {
        "kind": FEEDBACK.kind,
        "id": answer.id,
        "touchpoint": answer.touchpoint,
        "place": answer.place,
        "channel": answer.channel.value,
    }
    said = _given(answer)
    first |= {name: value for name, value in _customer(answer.customer).items() if name not in said}
    (first if answer.rating is None else said).update(rating=answer.rating, scale=scale.value, mood=mood.value)
    # The language is that of the words: cards set them in its direction.
    (first if answer.comment is None else said).update(comment=answer.comment or "", language=answer.language)
    (first if answer.flags is None else said).update(flags=list(answer.flags or ()))
    (first if answer.reasons is None else said).update(reasons=list(answer.reasons or ()))
    return said, first


def _own(write: Upsert, answer: Answer, team: str) -> None:
    """The owner follows from the reasons, unless a team has passed the feedback on."""
    shard = team_shard(answer.id, team)
    for name, value in (("team", team), ("team_shard", shard)):
        if answer.reasons is None:
            write.set_once(name, value)
        else:
            write.set_unless(f"kept_{name}", name, value)


def _open_case(write: Upsert, answer: Answer, team: str, due: datetime, opened_at: str) -> None:
    """What makes the feedback a case, or a closed case wait for its team again (`shared.cases.cases` reads it).

    A case that waits keeps the due time that it has.
    """
    at = to_iso(due)
    write.set_once("case", {"state": "open", "opened_at": opened_at})
    write.set_once("due_at", at)
    write.set_once("due_shard", due_shard(FEEDBACK.kind, answer.id))
    write.set_once("promised_at", at)
    write.set_unless("promised_at", "inbox_at", at)
    write.set_unless("team" if answer.reasons is None else "kept_team", "inbox", team)


def _given(answer: Answer) -> dict[str, Any]:
    """What they give now, told apart from an address that is known to be the customer's: a link can be passed on."""
    given = _customer(answer.given)
    for way, known in (("email", answer.customer.email), ("phone", answer.customer.phone)):
        told = given.get(f"customer_{way}")
        if known and told and told.lower() != known.lower():
            given[f"other_{way}"] = given.pop(f"customer_{way}")
    return given


def _customer(customer: Customer) -> dict[str, Any]:
    """What is known of them, and nothing of what is not, so that it can be learnt later."""
    return {f"customer_{name}": value for name, value in customer.model_dump(exclude_none=True).items()}


def team_shard(id: str, team: str) -> str:
    """The partition of the index by_team for a feedback of a team."""
    return f"{team}#{ord(id[-1]) % TEAM_SHARDS}"
