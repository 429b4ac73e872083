"""Looks at every write to the table, and at every message that leaves, and notes what breaks a promise about cases.

The rules are written down here once more, as plainly as they can be said, and not taken from the code.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from pydynox.pydynox_core import item_from_dynamo

from shared.config.model import Config
from shared.customers.messages import Message, Purpose
from shared.model.case import remedy_line
from tests.faults.dynamo import Image, Item

CLOSED = ("resolved", "confirmed")
OWNED = ("team", "inbox", "inbox_at", "promised_at", "due_at", "due_shard")
"""Without each of these, nobody sees a case that waits, or it does not move on by itself."""
ENDS = ("resolved", "thanked")
GIVES_BACK = ("released", "passed", "overdue", "not-carried-out")


class Watch:
    """What has become of each feedback so far, and what was broken."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config
        self.items: dict[str, Item] = {}
        """Each feedback's item as it was last written."""
        self.timelines: dict[str, list[Item]] = defaultdict(list)
        self.carried_out: Counter[str] = Counter()
        """Of each feedback, how many remedies the other system has really carried out."""
        self.broken: list[str] = []
        self._before: dict[str, Item | None] = {}
        """The feedback that the present request has written, as it was before."""
        self._fresh: dict[str, list[Item]] = defaultdict(list)
        self._left: Counter[str] = Counter()
        self._told: Counter[tuple[str, Purpose]] = Counter()
        self._given: Counter[tuple[str, str, str]] = Counter()

    def changed(self, before: Image | None, after: Image) -> None:
        """A write of one item."""
        item = item_from_dynamo(after)
        if item["kind"] == "feedback":
            self._before.setdefault(item["id"], item_from_dynamo(before) if before else None)
            self.items[item["id"]] = item
        elif item["kind"] == "entry":
            id, number = item["pk"].partition("#")[2], int(item["sk"].partition("#")[2])
            if before is not None or number != len(self.timelines[id]):
                self.broken.append(f"the timeline of {id} lost an entry: {number} was written over")
            else:
                self.timelines[id].append(item)
            self._fresh[id].append(item)

    def look(self) -> None:
        """Once a request is done, with all that it has written."""
        for id, before in self._before.items():
            self._look_at(id, before, self.items[id])
        self._before.clear()
        self._fresh.clear()

    def left(self, message: Message) -> None:
        """A message was handed to the carrier."""
        self._left[message.id] += 1
        if self._left[message.id] > 1:
            self.broken.append(f"{message.purpose} {message.id} left twice")
        if message.feedback_id is None:
            return
        told = self._told
        told[message.feedback_id, message.purpose] += 1
        for word in set(message.text.split()):
            if word.startswith("words-"):  # each press has one of its own, however often it is sent
                self._left[word] += 1
                if self._left[word] > 1:
                    self.broken.append(f"the customer of {message.feedback_id} was told {word} twice")
        ends = sum(entry["what"] == "resolved" for entry in self.timelines[message.feedback_id])
        if told[message.feedback_id, Purpose.RESOLVED] > ends:
            self.broken.append(f"{message.feedback_id} was resolved {ends} times, and its customer told more often")
        if told[message.feedback_id, Purpose.REMEDY] > self.carried_out[message.feedback_id]:
            self.broken.append(f"the customer of {message.feedback_id} was told of a remedy that was not carried out")

    def at_rest(self, now: datetime) -> None:
        """When nothing has gone wrong for long: whatever is due has moved on, and nobody who is gone holds anything."""
        config = self._config()
        for id, item in self.items.items():
            case = item.get("case")
            if case is None or (case["state"] in CLOSED and "due_at" not in item):
                continue
            if (now - datetime.fromisoformat(item["due_at"])).total_seconds() > 600:
                self.broken.append(f"{id} has been due since {item['due_at']}, and has not moved on")
            if item["team"] not in config.teams:
                self.broken.append(f"{id} is with {item['team']}, which is no team any more")
            elif case["state"] == "taken" and not any(case["owner"] in config.members(each) for each in config.teams):
                self.broken.append(f"{id} is held by {case['owner']}, who has left")

    def _look_at(self, id: str, before: Item | None, after: Item) -> None:
        case = after.get("case")
        if case is None:
            if after["mood"] == "unhappy":
                self.broken.append(f"{id} is unhappy, and nobody's")
            return
        if case["state"] not in CLOSED or "due_at" in after:
            missing = [name for name in OWNED if not after.get(name)]
            if missing or after["inbox"] != after["team"]:
                self.broken.append(f"{id} is nobody's, or without due time: {missing}, {after['inbox']}")
        if case.get("moves", 0) != len(self.timelines[id]):
            self.broken.append(f"the timeline of {id} lost an entry: {case['moves']} were counted")
        fresh = self._fresh.get(id, [])
        if before is None or "case" not in before:
            return
        if not fresh and before["case"] != case:
            self.broken.append(f"{id}: the customer's words took away what the team did")
        if before.get("kept_team") and not fresh and after["team"] != before["team"]:
            self.broken.append(f"{id}: the customer's words took it from whom it was passed to")
        self._follow(id, before, fresh, after["team"])

    def _follow(self, id: str, before: Item, fresh: list[Item], team: str) -> None:
        """Nobody takes what another has, and nothing that is done is done again."""
        holder = before["case"].get("owner")
        taken = before["case"]["state"] == "taken" and holder in self._config().members(before["team"])
        done = before["case"]["state"] in CLOSED
        for entry in fresh:
            what, who = entry["what"], entry["who"]
            if what == "taken" and taken and who != holder:
                self.broken.append(f"{id}: {who} took what {holder} had")
            if what in ENDS and done:
                self.broken.append(f"{id}: {who} has done what was done before")
            if what == "granted":
                self._grant(id, entry, team)
            done = what in ENDS if what in (*ENDS, "reopened") else done
            taken = taken and what not in GIVES_BACK

    def _grant(self, id: str, entry: Item, team: str) -> None:
        """Of one feedback, what was not carried out counts no more; of a day, all that was granted."""
        line = remedy_line(entry["remedy"], entry.get("currency"))
        remedy = self._config().teams[team].remedies[entry["remedy"]]
        said: dict[str, set[str]] = defaultdict(set)
        for each in self.timelines[id]:
            if each.get("remedy") == entry["remedy"]:
                said[each["grant"]].add(each["what"])
        amounts = {each["grant"]: each["amount"] for each in self.timelines[id] if each["what"] == "granted"}
        alive = [grant for grant in said if "not-carried-out" not in said[grant] or "carried-out" in said[grant]]
        if sum(amounts[grant] for grant in alive) > remedy.units(remedy.per_feedback):
            self.broken.append(f"the limit of {line} for {id} was exceeded")
        day = datetime.fromisoformat(entry["at"]).astimezone(ZoneInfo(self._config().business.time_zone)).date()
        self._given[team, line, day.isoformat()] += entry["amount"]
        if self._given[team, line, day.isoformat()] > remedy.units(remedy.per_day):
            self.broken.append(f"the limit of {line} for a day of {team} was exceeded")
