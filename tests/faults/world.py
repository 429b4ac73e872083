"""One seed's world: customers who answer, the real publish on the way to the bus, and those who wait for the events."""

import json
import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast

from cli.redrive import command as redrive
from cli.stage import Stage
from functions.publish import records as publish
from functions.publish.bus import Bus
from shared.conditions.reader import parse
from shared.config.model import Config, Route
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.model.events import feedback_event
from shared.model.feedback import Answer, Channel, Customer, Feedback, Flag, Revision
from shared.model.life import transition
from tests.faults import stream
from tests.faults.bus import EVENT, EventBridge, RuleTarget
from tests.faults.clock import Clock
from tests.faults.dynamo import MemoryDynamo
from tests.faults.faults import Crash, Faults
from tests.faults.people import People
from tests.faults.queues import Queue, Sqs

FOUL_WEATHER_SECONDS = 900
LIMIT = timedelta(hours=8)
TABLE = "earshot"
ROUTES = {  # beside those of earshot.toml
    "at-once": Route(team="care", to=("email:at-once@fernleaf.example",), settling=0),
    "hooks": Route(team="care", to=("webhook:https://hooks.fernleaf.example/all",)),
}
MACHINES = {"everything": "", "unhappy": "mood = unhappy"}  # routes to teams' own queues, and what they want
WORDS = (
    "Twenty minutes, one till open 😤",
    "وصل الطلب متأخرًا ساعتين والآيس كريم ذائب 😡",
    "The lady at till 4 was lovely, thank you!",
    "“Click & collect” said ready; it wasn’t.\nNobody knew where my order was.",
)
ADDRESSES = ("sam@mail.example", "sam.okafor@work.example")


class Violation(AssertionError):
    """A promise that this seed's world broke."""


class World:
    """Everything that one seed decides. `run` it, `check` it, `redrive` it, and check again."""

    def __init__(self, seed: int, config: Config) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - it must be the same every time
        self.config = config
        self.clock = Clock()
        self.faults = Faults(self.rng, self.clock, FOUL_WEATHER_SECONDS)
        self.memory = MemoryDynamo(lambda before, after: self.mapping.append(before, after))
        self.bucket = stream.Bucket(self.clock, self.faults)
        self.refused = Queue("refused", self.clock)
        self.undelivered = Queue("undelivered", self.clock)
        self.deliveries = Queue("deliveries", self.clock)
        self.aside = Queue("aside", self.clock)
        self.machines = {name: Queue(name, self.clock) for name in MACHINES}
        self.sqs = Sqs(
            self.faults, self.refused, self.undelivered, self.deliveries, self.aside, *self.machines.values()
        )
        self.rules = [
            RuleTarget(f"earshot-route-{name}", queue, EVENT, _wants(MACHINES[name]), "target")
            for name, queue in self.machines.items()
        ]
        routes = config.declared_routes() | ROUTES
        self.rules += [
            RuleTarget(
                f"earshot-route-{id}",
                self.deliveries,
                f'{{"route": "{id}", "target": "{target.id}", "event": {EVENT}}}',
                _wants(route.when),
                "deliveries",
            )
            for id, route in routes.items()
            for target in route.targets
        ]
        self.bridge = EventBridge(self.rng, self.clock, self.faults, self.rules, self.refused)
        self.bus = Bus(self.bridge, "earshot")  # type: ignore[arg-type]
        self.people = People(
            config=config,
            routes=routes,
            rng=self.rng,
            clock=self.clock,
            faults=self.faults,
            memory=self.memory,
            table=TABLE,
            deliveries=self.deliveries,
            aside=self.aside,
            undelivered=self.undelivered,
            sqs=self.sqs,
        )
        self.mapping = stream.Mapping(self.rng, self.clock, self.faults, self.bucket, self.publish)
        self.store = Store(cast(Any, self.memory), TABLE)
        self.revisions: dict[str, Revision] = {}
        self.poisoned: set[str] = set()
        """Feedback that publish cannot read, until the mistake is mended."""
        self._plan_customers()

    def publish(self, event: dict[str, Any]) -> dict[str, Any]:
        """The publish function; its handler only adds the log and the metrics of Lambda."""
        failed = publish.publish(event["Records"], self.bus, self.config)
        return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}

    def run(self) -> None:
        """Until nothing is left to do."""
        if not self.clock.run(LIMIT):
            raise Violation(f"the world does not come to rest in {LIMIT}")

    def redrive(self) -> None:
        """Mend what is broken, and run the real redrive: twice where it may be cut short anywhere, then to its end."""
        self.poisoned.clear()
        self.clock.after(max(0, self.faults.over() - self.clock.seconds), lambda: None)
        self.run()
        stage = cast(Stage, _StageOf(self))
        for _ in range(2):
            self.faults.clears_at = self.clock.seconds + 60
            self.faults.invoke(partial(_redrive, stage), 300, lambda answer: None)
            self.run()
        self.faults.clears_at = 0
        tallies: list[int | None] = []
        self.faults.invoke(partial(_redrive, stage), 300, tallies.append)
        self.run()
        if tallies != [0]:
            raise Violation(f"redrive left {tallies[0]} failures where they were")

    def _plan_customers(self) -> None:
        for number in range(self.rng.randint(2, 7)):
            touchpoint = self.rng.choice(list(self.config.touchpoints))
            first = Answer(
                id=answer_id("faults", str(number)),
                touchpoint=touchpoint,
                place=self.rng.choice([None, "leeds-3"]),
                channel=Channel.WEB,
                language=self.rng.choice(["en", "ar"]),
                customer=Customer(ref=f"order-{number}"),
                rating=self._rating(touchpoint),
            )
            if self.rng.random() < 0.05:
                self.poisoned.add(first.id)
            moment = self.rng.uniform(0, 300)
            self.clock.after(moment, partial(self._answer, first))
            for _ in range(self.rng.randint(0, 4)):
                moment += self.rng.choice([0.2, 20, 60, 200]) * self.rng.random()
                self.clock.after(moment, partial(self._answer, self._more(first)))

    def _more(self, first: Answer) -> Answer:
        """A second thought, some words, a reason, an address, a wish for silence or its end, or the same tap again."""
        offered = [reason.id for reason in self.config.touchpoints[first.touchpoint].reasons]
        return self.rng.choice(
            [
                first,
                first._replace(rating=self._rating(first.touchpoint)),
                first._replace(rating=None, comment=self.rng.choice(WORDS)),
                first._replace(rating=None, comment=self.rng.choice(WORDS), reasons=tuple(self.rng.sample(offered, 1))),
                first._replace(rating=None, given=Customer(email=self.rng.choice(ADDRESSES))),
                first._replace(rating=None, flags=self.rng.choice([(), (Flag.OPTED_OUT,)])),
            ]
        )

    def _rating(self, touchpoint: str) -> int:
        return self.rng.choice(self.config.touchpoints[touchpoint].scale.ratings)

    def _answer(self, answer: Answer) -> None:
        """Capture's one write; what came before is kept to know what must be heard of it."""
        for _ in range(self.rng.choice([1, 1, 1, 2])):  # an impatient finger, or a retry of capture's own
            revision = self.store.capture(answer, self.config, self.clock.now()).revision
            self.revisions.setdefault(f"{answer.id}-{revision.number}", revision)

    # The promises

    def check(self) -> None:
        """Raise `Violation` where a stored change is neither heard of nor kept, or where nobody said what was heard."""
        expected = self._expected()
        for name, queue in self.machines.items():
            wanted = _wants(MACHINES[name])
            heard = [json.loads(body) for body in queue.bodies()]
            for event in heard:
                if event["detail"] != expected.get(event["detail"]["id"], {}).get("detail"):
                    raise Violation(f"{name} heard of {event['detail']['id']} what nobody said")
                if not wanted(event):
                    raise Violation(f"{name} heard of {event['detail']['id']}, which it did not ask for")
            missing = {id for id, event in expected.items() if wanted(event)} - {each["detail"]["id"] for each in heard}
            lost = missing - self._unpublished() - self._refused(queue)
            if lost:
                raise Violation(f"{name} never heard of {sorted(lost)}, which nothing keeps")

    def check_all_arrived(self) -> None:
        """After a redrive nothing is kept any more, so all of it must have arrived."""
        self.check()
        for broken in self.people.check(self._expected(), self.revisions):
            raise Violation(broken)
        kept = [*self.bucket.objects, *self.refused.messages, *self.undelivered.messages]
        if kept:
            raise Violation(f"{len(kept)} failures are still kept after a redrive")

    def _expected(self) -> dict[str, dict[str, Any]]:
        """The event of every stored revision, by its id."""
        events = {}
        for id, revision in self.revisions.items():
            before = self.revisions.get(f"{revision.feedback.id}-{revision.number - 1}")
            name = transition(before, revision)
            assert name is not None
            events[id] = {"detail-type": name, "detail": feedback_event(name, before, revision).detail()}
        return events

    def _unpublished(self) -> set[str]:
        images = (record["dynamodb"]["NewImage"] for record in self.bucket.records())
        return {f"{image['id']['S']}-{image['revision']['N']}" for image in images}

    def _refused(self, queue: Queue) -> set[str]:
        messages = self.refused.messages.values()
        return {
            json.loads(each.body)["detail"]["id"] for each in messages if each.attributes["TARGET_ARN"] == queue.arn
        }


def _wants(when: str) -> Callable[[dict[str, Any]], bool]:
    condition = parse(when)
    return lambda event: condition.matches(event["detail-type"], Feedback.model_validate(event["detail"]["feedback"]))


def _redrive(stage: Stage) -> int:
    """Send again what is kept on the way of an answer; returns how much has to stay."""
    return sum(redrive.PLACES[place].send(stage).kept for place in ("unpublished", "refused", "undelivered"))


class _StageOf:
    """The stage of the command line, whose clients lead into the world."""

    endpoint_url = None
    outputs = {  # noqa: RUF012
        "UnpublishedBucket": "unpublished",
        "PublishFunction": "publish",
        "RulesDeadLetterQueueUrl": "refused",
        "DeliveriesDeadLetterQueueUrl": "undelivered",
        "DeliveriesQueueUrl": "deliveries",
    }

    def __init__(self, world: World) -> None:
        self._clients = {"s3": world.bucket, "sqs": world.sqs, "events": world.bridge, "lambda": self}
        self._world = world
        self.session = SimpleNamespace(client=lambda service, **options: self.client(service))

    def client(self, service: str) -> Any:
        return self._clients[service]

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """Lambda's Invoke of publish."""
        try:
            answer = self._world.publish(json.loads(Payload))
        except Crash:
            return {"FunctionError": "Unhandled"}
        return {"Payload": BytesIO(json.dumps(answer).encode())}
