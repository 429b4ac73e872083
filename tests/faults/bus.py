"""EventBridge: PutEvents, and rules that bring events to targets with retries and a dead-letter queue.

Events arrive late, twice and in any order.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.faults.clock import Clock
from tests.faults.faults import Faults
from tests.faults.queues import Queue

RETRIES = 185
MAX_AGE_SECONDS = 86_400
EVENT = "<aws.events.event.json>"


@dataclass(frozen=True)
class RuleTarget:
    """A target of a rule, which wants the events that `matches` holds for."""

    rule: str
    queue: Queue
    template: str
    matches: Callable[[dict[str, Any]], bool]
    service: str
    """Whose outages it shares."""

    @property
    def rule_arn(self) -> str:
        return f"arn:aws:events:eu-west-1:111122223333:rule/earshot/{self.rule}"


class EventBridge:
    """The bus, with the calls that publish and redrive make."""

    def __init__(
        self, rng: random.Random, clock: Clock, faults: Faults, targets: list[RuleTarget], refused: Queue
    ) -> None:
        self._rng = rng
        self._clock = clock
        self._faults = faults
        self._targets = targets
        self._refused = refused
        self.accepted: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        """Take each entry or refuse it; the request as a whole may be refused, or taken without an answer."""
        assert 1 <= len(Entries) <= 10
        assert sum(len(entry["Detail"]) for entry in Entries) <= 1024 * 1024
        self._faults.step()
        if self._faults.refuses("bus"):
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "PutEvents")
        results: list[dict[str, str]] = []
        for entry in Entries:
            if self._faults.chance(self._faults.refusal):
                results.append({"ErrorCode": "InternalFailure", "ErrorMessage": "Unexpected error"})
            else:
                results.append({"EventId": self._accept(entry)})
        self._faults.step()
        if self._faults.chance(self._faults.refusal):
            raise ReadTimeoutError(endpoint_url="https://events.eu-west-1.amazonaws.com")
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def list_targets_by_rule(self, *, Rule: str, EventBusName: str) -> dict[str, Any]:  # noqa: N803
        """As redrive reads them."""
        self._faults.step()
        return {
            "Targets": [
                {"Id": str(index), "Arn": target.queue.arn, "InputTransformer": {"InputTemplate": target.template}}
                for index, target in enumerate(self._targets)
                if target.rule == Rule
            ]
        }

    def _accept(self, entry: dict[str, str]) -> str:
        event = {
            "version": "0",
            "id": str(UUID(int=self._rng.getrandbits(128))),
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": "111122223333",
            "time": f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "region": "eu-west-1",
            "resources": [],
            "detail": json.loads(entry["Detail"]),
        }
        self.accepted.append(event)
        for target in self._targets:
            if target.matches(event):
                for _ in range(2 if self._faults.chance(self._faults.repeat) else 1):
                    self._try(target, event, 0, self._clock.seconds)
        return str(event["id"])

    def _try(self, target: RuleTarget, event: dict[str, Any], attempt: int, since: float) -> None:
        wait = self._rng.uniform(0.05, 2) if attempt == 0 else min(900, 2**attempt) * self._rng.uniform(0.5, 1)
        self._clock.after(wait, lambda: self._deliver(target, event, attempt, since))

    def _deliver(self, target: RuleTarget, event: dict[str, Any], attempt: int, since: float) -> None:
        body = json.dumps(event)
        if not self._faults.refuses(target.service):
            target.queue.send(target.template.replace(EVENT, body))
        elif (
            attempt >= RETRIES
            or self._clock.seconds - since > MAX_AGE_SECONDS
            or self._faults.chance(self._faults.refusal)  # an error that is not retried, such as a missing permission
        ):
            self._refused.send(body, {"RULE_ARN": target.rule_arn, "TARGET_ARN": target.queue.arn})
        else:
            self._try(target, event, attempt + 1, since)
