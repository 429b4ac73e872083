"""One seed's cases: customers, the people of teams, the clock, and those who carry messages and remedies.

It runs over the night in which the clocks go forward, with an admin who changes the file meanwhile. All of it goes
through the functions' own code, on a table that fails; `Watch` looks at every write.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError, ReadTimeoutError
from pydynox.exceptions import PydynoxException

from functions.capture_sms.conversation import Text
from functions.capture_sms.hearing import Ear
from functions.close.reports import Reports, read_report
from functions.escalate.overdue import move_on
from functions.escalate.promises import PromisesKept, promise_anew
from functions.publish import records as publish
from functions.publish.bus import Bus
from functions.receipts.receipt import Receipt
from functions.receipts.receipts import Receipts
from functions.send.handler import send
from functions.send.sender import Sender
from functions.sweep.sweep import wake
from shared.cases.answers import Answers
from shared.cases.arrivals import Arrivals
from shared.cases.cases import Cases
from shared.cases.changes import Now
from shared.cases.hearing import heard
from shared.cases.work import Action, Work
from shared.config.model import Config, Person, Promise, Promises
from shared.customers.invitations import Invitations
from shared.customers.messages import TAG, Messages, Purpose
from shared.customers.people import People, Silence
from shared.errors import Contended, EarshotError, Unavailable
from shared.feedback.joining import joined
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.mail.received import Mails
from shared.model.case import Found
from shared.model.feedback import Answer, Channel, Customer
from shared.table.items import FEEDBACK, MESSAGE
from tests.faults import queues, stream
from tests.faults.bus import EVENT, EventBridge, RuleTarget
from tests.faults.clock import Clock
from tests.faults.dynamo import Image, MemoryDynamo
from tests.faults.faults import Faults
from tests.faults.people import FaultyDynamo
from tests.faults.queues import Queue
from tests.faults.watch import Watch

START = datetime(2026, 3, 28, 17, 0, tzinfo=UTC)
"""The evening before the clocks of the tests' business go forward."""
HOUR = 3_600.0
FOUL_HOURS, HOURS = 22, 32
TABLE, KEYS = "earshot", "keys"
SMS, WEB = "sms", "web"
SHOP = "shop.payments"
"""The system that gives remedies, as the tests' file lists it."""
ACTIONS = {  # and how often people choose each
    Action.TAKE: 5,
    Action.REPLY: 4,
    Action.RESOLVE: 5,
    Action.THANK: 2,
    Action.ACT: 6,
    Action.PASS: 1,
    Action.RULE: 1,
    Action.SNOOZE: 1,
}
VERDICTS = ("yes", "Yes, thank you!", "not yet", "partly", "no", "Thanks!", "It is worse than before.", "?")
WORDS = ("Twenty minutes, one till open.", "Nobody knew where my order was.", "And the ice cream had melted 😡")


class Watched:
    """The table, with a look at it after each request."""

    def __init__(self, memory: MemoryDynamo, look: Callable[[], None]) -> None:
        self._memory = memory
        self._look = look

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._memory, name)

        def watched(*args: Any, **options: Any) -> Any:
            try:
                return call(*args, **options)
            finally:
                self._look()

        return watched


class CaseWorld:
    """Everything that one seed decides. `run` it; `watch.broken` says what was broken."""

    def __init__(self, seed: int, config: Config) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - it must be the same every time
        self.config = _with_people(config)
        self.clock = Clock(START)
        self.faults = Faults(self.rng, self.clock, FOUL_HOURS * HOUR)
        self.watch = Watch(lambda: self.config)
        self.memory = MemoryDynamo(self._changed)
        self.client = cast(Any, FaultyDynamo(cast(Any, Watched(self.memory, self.watch.look)), self.faults, _nothing))
        bucket = stream.Bucket(self.clock, self.faults)
        self.remedies = Queue("remedies", self.clock)
        self.undelivered = Queue("undelivered", self.clock)
        rule = RuleTarget(
            "remedies", self.remedies, EVENT, lambda event: event["detail-type"] == "RemedyGranted", "bus"
        )
        self.bridge = EventBridge(self.rng, self.clock, self.faults, [rule], self.undelivered)
        mapping = partial(stream.Mapping, self.rng, self.clock, self.faults, bucket)
        self._mappings = mapping(self._publish), mapping(self._send, kind=MESSAGE.kind)
        queues.Mapping(self.rng, self.faults, self.remedies, self.undelivered, self._carry_out)
        self.keys = cast(Any, SimpleNamespace(dumps=_first, tag=_first))
        self.refusals = 0
        """How often somebody was told that what they wanted did not fit any more."""
        self.moves = 0
        self._presses = 0
        self._outcomes: dict[str, str] = {}
        self._next_minute = float("inf")
        self._plan_customers()
        for address in sorted({each for team in self.config.teams for each in self.config.members(team)}):
            for _ in range(self.rng.randint(0, 6)):
                self.clock.after(self.rng.uniform(0, FOUL_HOURS) * HOUR, partial(self._visit, address))
        for _ in range(self.rng.choice([0, 1, 2])):
            self.clock.after(self.rng.uniform(1, FOUL_HOURS) * HOUR, self._change_the_file)

    def run(self) -> None:
        """Through the faults, and long enough after them for all that they held up."""
        self._plan_minute(0)
        self.clock.run(timedelta(hours=HOURS))
        self.watch.at_rest(self.clock.now())
        mistakes = [error for error in self.faults.raised if not isinstance(error, _EXPECTED)]
        if mistakes:
            raise mistakes[0]

    # The functions, each with what its handler gives it

    @property
    def cases(self) -> Cases:
        return Cases(self.client, TABLE)

    @property
    def answers(self) -> Answers:
        return Answers(self.client, TABLE, self.keys, self.config)

    def _publish(self, event: dict[str, Any]) -> dict[str, Any]:
        failed = publish.publish(event["Records"], Bus(cast(Any, self.bridge), "earshot"), self.config)
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}

    def _send(self, event: dict[str, Any]) -> dict[str, Any]:
        client = self.client
        sender = Sender(
            messages=Messages(client, TABLE),
            invitations=Invitations(client, TABLE),
            people=People(client, TABLE),
            mails=Mails(client, TABLE),
            arrivals=Arrivals(self.cases, self.config),
            config=self.config,
            sms=cast(Any, self),
            ses=cast(Any, self),
            now=self.clock.now,
            sleep=self.clock.pause,
        )
        failed = send(event["Records"], sender, lambda: 20_000)
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}

    def _escalate(self, at: datetime) -> bool:
        now = Now(self.config, at)
        promise_anew(self.cases, PromisesKept(self.client, TABLE), now, lambda: True)
        self.moves += len(move_on(self.cases, now, lambda: True))
        return True

    def _report(self, id: str, grant: str, failure: str | None) -> bool:
        detail = {"version": 1, "feedback_id": id, "grant": grant} | ({"reason": failure} if failure else {})
        name = "RemedyFailed" if failure else "RemedyCarriedOut"
        report = read_report({"source": SHOP, "detail-type": name, "detail": detail}, self.config.remedy_sources)
        assert report is not None
        Reports(self.cases, self.answers, self.config).take(report, self.clock.now())
        return True

    # Time: the schedules of each minute; minutes in which nothing is due are left out

    def _changed(self, before: Image | None, after: Image) -> None:
        self.watch.changed(before, after)
        for mapping in self._mappings:
            mapping.append(before, after)
        if after.get("kind", {}).get("S") in (FEEDBACK.kind, MESSAGE.kind) and "due_at" in after:
            self._plan_minute((datetime.fromisoformat(after["due_at"]["S"]) - START).total_seconds())

    def _plan_minute(self, seconds: float) -> None:
        at = max(self.clock.seconds, seconds) // 60 * 60 + 60
        if at < self._next_minute:
            self._next_minute = at
            self.clock.after(at - self.clock.seconds, partial(self._minute, at))

    def _minute(self, at: float) -> None:
        if at != self._next_minute:
            return
        self._next_minute = float("inf")
        for _ in range(2 if self.faults.chance(self.faults.repeat) else 1):
            self.faults.invoke(partial(self._escalate, self.clock.now()), 60, self._plan_all)
        messages = Messages(self.client, TABLE)
        self.faults.invoke(lambda: wake(messages, self.clock.now(), lambda: True), 60, self._plan_all)

    def _plan_all(self, answer: Any) -> None:
        if answer is None:
            self._plan_minute(self.clock.seconds + 240)  # it is tried each minute; that is enough of them
        for item in self.memory.items(TABLE):
            if "due_at" in item and item["kind"] in (FEEDBACK.kind, MESSAGE.kind):
                self._plan_minute((datetime.fromisoformat(item["due_at"]) - START).total_seconds())

    def _change_the_file(self) -> None:
        """Somebody leaves, a team is dissolved, or another promise is made."""
        teams = dict(self.config.teams)
        id = self.rng.choice(["tills", "care", "delivery", "web"])
        if id not in teams:
            return
        team = teams[id]
        match self.rng.choice(["leaves", "dissolved", "promise"]):
            case "leaves":
                teams[id] = team.model_copy(update={"people": team.people[1:] or team.people})
            case "promise":
                hours = timedelta(hours=self.rng.choice([1, 2, 5]))
                new = Promises(unhappy=Promise(take=hours / 2, resolve=hours))
                teams[id] = team.model_copy(update={"promise": new})
            case "dissolved" if id in ("delivery", "web"):
                del teams[id]
        touchpoints = {
            name: each.model_copy(update={"team": each.team if each.team in teams else None})
            for name, each in self.config.touchpoints.items()
        }
        self.config = _with(self.config, teams=teams, touchpoints=touchpoints)
        self._plan_minute(self.clock.seconds)

    # Customers

    def _plan_customers(self) -> None:
        for number in range(self.rng.randint(1, 4)):
            start = self.rng.uniform(0, 12) * HOUR
            if self.rng.random() < 0.5:
                say = partial(self._text, f"+4474001234{number:02}")
                self.clock.after(start, partial(say, self.rng.choice(["1 ", "2 ", "5 ", ""]) + WORDS[number % 3]))
            else:
                touchpoint = self.rng.choice(list(self.config.touchpoints))
                first = Answer(
                    id=answer_id("cases", str(number)),
                    touchpoint=touchpoint,
                    place="leeds-3",
                    channel=Channel.WEB,
                    language=self.rng.choice(["en", "ar"]),
                    customer=Customer(email=self.rng.choice([None, f"sam{number}@mail.example"])),
                    rating=self._rating(touchpoint),
                    comment=self.rng.choice([None, *WORDS]),
                )
                self.clock.after(start, partial(self._tap, first))
                for _ in range(self.rng.randint(0, 3)):
                    self.clock.after(start + self.rng.uniform(1, 9 * HOUR), partial(self._tap, self._more(first)))

    def _more(self, first: Answer) -> Answer:
        reasons = [reason.id for reason in self.config.touchpoints[first.touchpoint].reasons]
        return self.rng.choice(
            [
                first,
                first._replace(rating=self._rating(first.touchpoint), comment=None),
                first._replace(rating=None, comment=self.rng.choice(WORDS)),
                first._replace(rating=None, comment=None, reasons=(self.rng.choice(reasons),)),
            ]
        )

    def _rating(self, touchpoint: str) -> int:
        return self.rng.choice(self.config.touchpoints[touchpoint].scale.ratings)

    def _tap(self, answer: Answer) -> None:
        store = Store(self.client, TABLE)
        self._until_answered(lambda: store.capture(answer, self.config, self.clock.now()))

    def _text(self, number: str, body: str) -> None:
        """A text as its provider brings it: until it was taken, sometimes twice, and late."""
        self._presses += 1
        text = Text("aws", f"text-{self._presses}", number, body, self.clock.now())
        for _ in range(2 if self.faults.chance(0.2) else 1):
            self._until_answered(
                lambda: Ear.of(self.client, TABLE, self.config).hear(text, self.clock.now(), sends_reply=True),
                first=self.rng.choice([0.1, 0.1, 300]),
            )

    def _say(self, id: str, words: str) -> None:
        """An answer by another way than text: it says whether it is fixed, or adds to what was said."""

        def hear() -> bool:
            for _ in range(5):
                now, found = Now(self.config, self.clock.now()), self.cases.get(id)
                if found is None:
                    return True
                change = heard(found, words, WEB, now)
                if change is None:
                    comment = joined(found.revision, words, "\n")
                    feedback = found.feedback
                    more = Answer(
                        id=id,
                        touchpoint=feedback.touchpoint,
                        place=feedback.place,
                        channel=feedback.channel,
                        language=feedback.language,
                        customer=feedback.customer,
                        rating=None,
                        comment=comment,
                    )
                    Store(self.client, TABLE).capture(more, self.config, now.at)
                    return True
                if self.cases.move(change):
                    return True
            raise Contended("too many at once")

        self._until_answered(hear)

    def _answer(self, to: str, id: str, purpose: Purpose) -> None:
        """What somebody says who was told something: late, and sometimes more than once."""
        for _ in range(self.rng.choice([0, 1, 1, 2]) if purpose is not Purpose.THANKS else 0):
            words = self.rng.choice(VERDICTS)
            say = partial(self._text, to, words) if to.startswith("+") else partial(self._say, id, words)
            self.clock.after(self.rng.choice([30, HOUR, 8 * HOUR]) * self.rng.random(), say)

    def _until_answered(self, function: Callable[[], Any], *, tries: int = 12, first: float = 0) -> None:
        """Somebody who tries again until it is taken, or has had enough."""

        def then(answer: Any) -> None:
            if answer is None and tries:
                again = self.rng.uniform(1, 600)
                self.clock.after(again, lambda: self._until_answered(function, tries=tries - 1))

        def shown() -> Any:
            try:
                return function()
            except (Contended, Unavailable):
                return None  # "try again"
            except EarshotError as refusal:
                self.refusals += 1
                return refusal

        self.clock.after(first, lambda: self.faults.invoke(shown, 30, then))

    # The people of teams

    def _visit(self, who: str) -> None:
        """Somebody opens their page, thinks, and does something about one of the cases there."""
        teams = [team for team in self.config.teams if who in self.config.members(team)]
        if not teams:
            return
        team = self.rng.choice(teams)
        cases = self.cases

        def then(found: list[Found] | None) -> None:
            if found:
                chosen = self.rng.choice(found)
                thinks = self.rng.choice([5, 60, 1_800]) * self.rng.random()
                self.clock.after(thinks, partial(self._press, who, team, chosen))

        self.faults.invoke(lambda: [*cases.inbox(team), *cases.done(team, 3)], 30, then)

    def _press(self, who: str, team: str, found: Found) -> None:
        self._presses += 1
        action = self.rng.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        remedy = self.rng.choice(["refund", "coffee"])
        form = {
            "seen": str(found.revision.number),
            "text": f"Done: words-{self._presses}",
            "to": "" if action is Action.THANK else self.rng.choice(list(self.config.teams)),
            "remedy": remedy,
            "amount": self.rng.choice(["5", "12.50", "20"]) if remedy == "refund" else "1",
            "until": (self.clock.now() + timedelta(hours=self.rng.uniform(0.1, 9))).isoformat(),
        }

        def act() -> Found:
            work = Work(self.config, self.cases, self.answers)
            return work.act(found.feedback.id, team, who, action, form, "page", self.clock.now())

        for _ in range(self.rng.choice([1, 1, 2])):  # an impatient finger
            self._until_answered(act, tries=3, first=self.rng.uniform(0, 0.3))
        if self.rng.random() < 0.5:
            self.clock.after(self.rng.uniform(1, HOUR), partial(self._visit, who))

    # Outside: carriers, and the system that gives remedies

    def send_text_message(self, **text: Any) -> dict[str, str]:
        """End User Messaging."""
        return self._take(text["Context"][TAG], "sms")

    def send_email(self, **mail: Any) -> dict[str, str]:
        """SES."""
        return self._take(mail["EmailTags"][0]["Value"], "mail")

    def _take(self, id: str, service: str) -> dict[str, str]:
        self.faults.step()
        if self.faults.refuses(service):
            raise ClientError({"Error": {"Code": "ServiceUnavailableException"}}, "Send")
        message = Messages(cast(Any, self.memory), TABLE).get(id)
        assert message is not None
        self.watch.left(message)
        if message.feedback_id:
            self._answer(message.to, message.feedback_id, message.purpose)
        failure = self.rng.choice([None, None, None, "carrier-unreachable"])
        silence = Silence.BOUNCED if failure and self.rng.random() < 0.2 else None
        receipt = Receipt(f"provider-{id}", self.rng.choice([id, None]), failure, silence)
        for _ in range(self.rng.choice([0, 1, 1, 2])):
            late = self.rng.choice([1, 60, 6 * HOUR]) * self.rng.random()
            self.clock.after(late, partial(self._until_answered, partial(self._receive, receipt)))
        self.faults.step()
        if self.faults.chance(self.faults.refusal / 4):
            raise ReadTimeoutError(endpoint_url="https://a.carrier.example")
        return {"MessageId": f"provider-{id}"}

    def _receive(self, receipt: Receipt) -> bool:
        client, arrivals = self.client, Arrivals(self.cases, self.config)
        messages, invitations = Messages(client, TABLE), Invitations(client, TABLE)
        Receipts(messages, invitations, People(client, TABLE), arrivals).take(receipt, self.clock.now())
        return True

    def _carry_out(self, batch: Sequence[queues.Message]) -> set[str]:
        """Each grant once; its reports come late, twice and in any order."""
        for message in batch:
            detail = json.loads(message.body)["detail"]
            id, grant = detail["feedback"]["id"], detail["entry"]["grant"]
            if grant in self._outcomes:
                continue
            outcome = self._outcomes[grant] = self.rng.choice(["done", "done", "failed", "failed, then done", "silent"])
            reports: list[str | None] = []
            if outcome in ("failed", "failed, then done"):
                reports.append("The till is closed.")
            if outcome in ("done", "failed, then done"):
                self.watch.carried_out[id] += 1
                reports.append(None)
            for report in reports * self.rng.choice([1, 2]):
                late = self.rng.choice([1, 60, 6 * HOUR]) * self.rng.random()
                self.clock.after(late, partial(self._until_answered, partial(self._report, id, grant, report)))
        return set()


_EXPECTED = (PydynoxException, ClientError, ReadTimeoutError, EarshotError)
"""What a service that fails raises, and what the code raises then."""


def _nothing(item: Mapping[str, Any]) -> None:
    """Nobody else has to know of a write."""


def _first(purpose: str, *payload: Any) -> str:
    return purpose[:16].ljust(16, "a")


def _with(config: Config, **changes: Any) -> Config:
    """The file with other content, without what was worked out from it."""
    copy = config.model_copy(update=changes)
    copy.__dict__.pop("_work_times", None)
    return copy


def _with_people(config: Config) -> Config:
    """More people, so that they get in each other's way, and little to give, so that the limits are met."""
    teams = {}
    for id, team in config.teams.items():
        more = [Person(name=f"{name} of {id}", email=f"{name.lower()}@{id}.example") for name in ("Ada", "Ben")]
        remedies = {
            name: remedy.model_copy(update={"per_day": remedy.per_feedback + 1})
            for name, remedy in config.teams["care"].remedies.items()
        }
        teams[id] = team.model_copy(update={"people": (*team.people, *more), "remedies": remedies})
    return _with(config, teams=teams)


def broken(seeds: Iterator[int] | Sequence[int], config: Config) -> Iterator[str]:
    """What the worlds of these seeds have broken."""
    for seed in seeds:
        world = CaseWorld(seed, config)
        world.run()
        yield from (f"seed {seed}: {each}" for each in world.watch.broken)
