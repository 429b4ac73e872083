"""The cases of one stage, in its main table: a case lies in its feedback's item, its timeline beside it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from pydynox import DynamoDBClient
from pydynox.pydynox_core import item_from_dynamo

from shared.cases.changes import Change
from shared.feedback.store import read_item, team_shard
from shared.model.case import CUSTOMER, Case, CaseState, Entry, Found, Move, Term
from shared.model.feedback import Revision
from shared.table.items import ENTRY, FEEDBACK
from shared.table.table import Operation, Table, due_shard
from shared.values import to_iso

PAGE = 50
"""Cases of one look at a team's inbox."""
_DONE = "done"
_NUMBER = 6  # digits, so that entries sort as they came


class Cases:
    """Reads cases, and writes their moves: one conditional write each."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self.table = Table(client, table)

    def get(self, id: str) -> Found | None:
        """A feedback's case with its timeline as they now are; None where there is no such case."""
        return read_partition(self.table.partition(FEEDBACK.partition(id)))

    def inbox(self, team: str, limit: int = PAGE) -> list[Found]:
        """The cases that wait for a team, the oldest due first, in one query; without their timelines."""
        return self._listed(team, limit, newest_first=False)

    def done(self, team: str, limit: int = PAGE) -> list[Found]:
        """The cases that a team has closed, the last first."""
        return self._listed(f"{team}#{_DONE}", limit, newest_first=True)

    def due(self, until: datetime) -> Iterator[Found]:
        """The cases that are to move on by themselves by a moment, the most overdue first."""
        return map(read_case, self.table.due(FEEDBACK.kind, to_iso(until)))

    def waiting(self, team: str, since: datetime | None = None) -> Iterator[Found]:
        """All cases that wait for a team, however many: those that are due from `since` on, the first due first."""
        return map(read_case, self._query(team, newest_first=False, since=since))

    def move(self, change: Change, *others: Operation) -> bool:
        """Write a change and what goes with it, all or nothing; False where somebody else was first."""
        return self.table.transact([*self.moving(change), *others])

    def moving(self, change: Change) -> list[Operation]:
        """Writing a change as operations of a transaction, refused where somebody else was first."""
        before, after = change.before, change.case
        fresh = [*before.timeline_unsaved, change.entry]
        numbers = range(after.moves - len(fresh), after.moves)
        puts = [
            self.table.putting(_entry_item(before.feedback.id, number, entry, change.at))
            for number, entry in zip(numbers, fresh, strict=True)
        ]
        return [self._update(change), *puts]

    def _update(self, change: Change) -> Operation:
        id, case, team = change.before.feedback.id, change.case, change.team
        values: dict[str, Any] = {
            ":case": case.model_dump(mode="json", exclude={"due_at", "wake_at"}, exclude_none=True),
            ":one": 1,
            ":seen": change.before.revision.number,
            ":inbox": f"{team}#{_DONE}" if case.state.is_closed else team,
        }
        sets = ["#case = :case", "revision = revision + :one", "inbox = :inbox", "inbox_at = :inbox_at"]
        removes = ""
        if case.due_at is None or case.wake_at is None:
            values[":inbox_at"] = to_iso(change.at)
            removes = " REMOVE due_at, due_shard, promised_at"
        else:
            values[":inbox_at"] = to_iso(case.due_at)
            values |= {":wake": to_iso(case.wake_at), ":shard": due_shard(FEEDBACK.kind, id)}
            sets += ["promised_at = :inbox_at", "due_at = :wake", "due_shard = :shard"]
        if case.passed:
            values |= {":team": team, ":team_shard": team_shard(id, team)}
            sets += ["team = :team", "kept_team = :team", "team_shard = :team_shard", "kept_team_shard = :team_shard"]
        return {
            "type": "update",
            "table": self.table.name,
            "key": FEEDBACK.key(id),
            "update_expression": f"SET {', '.join(sets)}{removes}",
            "condition_expression": "revision = :seen",
            "expression_attribute_names": {"#case": "case"},
            "expression_attribute_values": values,
        }

    def _listed(self, partition: str, limit: int, *, newest_first: bool) -> list[Found]:
        return [
            read_case(item) for item in islice(self._query(partition, newest_first=newest_first, limit=limit), limit)
        ]

    def _query(
        self, partition: str, *, newest_first: bool, limit: int | None = None, since: datetime | None = None
    ) -> Iterable[Mapping[str, Any]]:
        bound = {":since": to_iso(since)} if since else {}
        return self.table.client.sync_query(
            self.table.name,
            key_condition_expression="inbox = :inbox AND inbox_at >= :since" if since else "inbox = :inbox",
            expression_attribute_values={":inbox": partition, **bound},
            index_name="by_inbox",
            scan_index_forward=not newest_first,
            limit=limit,
        )


def read_partition(items: Iterable[Mapping[str, Any]]) -> Found | None:
    """All that lies in a feedback's partition as its case with its timeline; None where there is no such case."""
    item: Mapping[str, Any] | None = None
    entries: list[Entry] = []
    for each in items:
        if each["kind"] == FEEDBACK.kind:
            item = each
        elif each["kind"] == ENTRY.kind:
            entries.append(Entry.model_validate(each))
    if item is None or "case" not in item:
        return None
    found = read_case(item)
    return found._replace(timeline=(*entries, *found.timeline))


def read_case(item: Mapping[str, Any]) -> Found:
    """A feedback's item, as plain Python values, as its case; KeyError for a feedback that is none.

    A closed case that has a due time was opened again by its customer: capture's single write cannot set
    a state that depends on the one before.
    """
    revision = read_item(item)
    case = Case.model_validate({**item["case"], "due_at": item.get("promised_at"), "wake_at": item.get("due_at")})
    if not case.state.is_closed or case.due_at is None:
        return Found(revision, case)
    entry = _reopened(revision)
    state = CaseState.TAKEN if case.owner else CaseState.OPEN
    again = {"state": state, "opened_at": entry.at, "step": None, "last": entry, "moves": case.moves + 1}
    again |= {"term": Term.TAKE, "since": None}
    return Found(revision, case.model_copy(update=again), (entry,), (entry,))


def read_image(image: Mapping[str, Any]) -> Found | None:
    """An image of a stream record, in DynamoDB's own JSON; None for a feedback that is no case."""
    return read_case(item_from_dynamo(dict(image))) if "case" in image else None


def _reopened(revision: Revision) -> Entry:
    return Entry(at=revision.changed_at, who=CUSTOMER, what=Move.REOPEN, way=revision.feedback.channel.value)


def _entry_item(id: str, number: int, entry: Entry, now: datetime) -> dict[str, Any]:
    key = {"pk": ENTRY.partition(id), "sk": f"{ENTRY.kind}#{number:0{_NUMBER}d}"}
    return key | {"kind": ENTRY.kind, "ttl": ENTRY.ttl(now)} | entry.model_dump(mode="json", exclude_none=True)
