"""The table's stream and Lambda's mapping from it, as AWS documents them.

A shard is read in order, one batch at a time. A batch that raised is split in two, which costs no retry; one that
reported failures is taken up again from the lowest of them. When retries or age are used up, what is left of the batch
goes whole to the failure destination in S3, and the shard moves on.
"""

import io
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from shared.table.items import FEEDBACK
from tests.faults.clock import Clock
from tests.faults.dynamo import Image
from tests.faults.faults import Faults

BATCH = 100
RETRIES = 8
MAX_AGE_SECONDS = 3_600
TIMEOUT_SECONDS = 30
SHARDS = 3

Record = dict[str, Any]
Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Batch(NamedTuple):
    """Records on their way, and how often they have been tried."""

    records: list[Record]
    attempts: int = 0


class Mapping:
    """Reads the shards of the stream and invokes publish with what it finds."""

    def __init__(
        self,
        rng: random.Random,
        clock: Clock,
        faults: Faults,
        bucket: "Bucket",
        publish: Handler,
        kind: str = FEEDBACK.kind,
    ) -> None:
        self._rng = rng
        self._clock = clock
        self._faults = faults
        self._bucket = bucket
        self._publish = publish
        self._kind = kind
        self._shards: list[list[Record]] = [[] for _ in range(SHARDS)]
        self._busy = [False] * SHARDS
        self._sequence = 0
        self._batch_size = rng.choice([1, 3, 10, BATCH])

    def append(self, before: Image | None, after: Image) -> None:
        """A change of the table, as the stream carries it; other kinds are filtered out, as in the template."""
        if after.get("kind") != {"S": self._kind}:
            return
        self._sequence += self._rng.randint(1, 100)
        change: dict[str, Any] = {
            "ApproximateCreationDateTime": self._clock.now().timestamp(),
            "Keys": {"pk": after["pk"], "sk": after["sk"]},
            "NewImage": after,
            "SequenceNumber": f"{3_416_500_000_000_000_000 + self._sequence}",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
        if before is not None:
            change["OldImage"] = before
        name = "INSERT" if before is None else "MODIFY"
        record = {"eventID": f"{self._sequence:032x}", "eventName": name, "eventVersion": "1.1", "dynamodb": change}
        shard = ord(after["pk"]["S"][-1]) % SHARDS
        self._shards[shard].append(record)
        self._clock.after(self._rng.uniform(0.1, 0.5), lambda: self._poll(shard))

    def _poll(self, shard: int) -> None:
        if self._busy[shard] or not self._shards[shard]:
            return
        self._busy[shard] = True
        taken = self._shards[shard][: self._batch_size]
        self._work(shard, [Batch(taken)], len(taken))

    def _work(self, shard: int, batches: list[Batch], taken: int) -> None:
        """Take the batches one after the other; then move on in the shard."""
        if not batches:
            if self._faults.chance(self._faults.repeat):  # the poller was replaced before it saved how far it came
                self._work(shard, [Batch(self._shards[shard][:taken])], taken)
                return
            del self._shards[shard][:taken]
            self._busy[shard] = False
            self._poll(shard)
            return
        batch, *rest = batches
        age = self._clock.now().timestamp() - batch.records[0]["dynamodb"]["ApproximateCreationDateTime"]
        if age > MAX_AGE_SECONDS or batch.attempts > RETRIES:
            self._bucket.keep(batch, "RetryAttemptsExhausted" if batch.attempts > RETRIES else "RecordAgeExceeded")
            self._work(shard, rest, taken)
            return

        def again(batches: list[Batch]) -> None:
            waits = min(60.0, 0.5 * 2**batch.attempts) if batches[0].attempts else 0.1
            self._clock.after(waits, lambda: self._work(shard, [*batches, *rest], taken))

        def then(answer: Any) -> None:
            if answer is None:
                again(_halves(batch))
                return
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            numbers = [record["dynamodb"]["SequenceNumber"] for record in batch.records]
            if not failed:
                self._work(shard, rest, taken)
            elif failed <= set(numbers):
                first = min(numbers.index(number) for number in failed)
                again([Batch(batch.records[first:], batch.attempts + 1)])
            else:  # an identifier that is none fails the whole batch
                again(_halves(batch))

        if self._faults.refuses("publish"):  # throttled before it is invoked: tried until too old
            self._clock.after(30, lambda: self._work(shard, batches, taken))
            return
        event = json.loads(json.dumps({"Records": batch.records}))
        self._faults.invoke(lambda: self._publish(event), TIMEOUT_SECONDS, then)


def _halves(batch: Batch) -> list[Batch]:
    if len(batch.records) == 1:
        return [Batch(batch.records, batch.attempts + 1)]
    middle = len(batch.records) // 2
    return [Batch(batch.records[:middle], batch.attempts), Batch(batch.records[middle:], batch.attempts)]


class Bucket:
    """The failure destination, with the S3 calls that redrive makes."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self.objects: dict[str, bytes] = {}
        self.kept = 0

    def keep(self, batch: Batch, condition: str) -> None:
        """Write what Lambda gave up as Lambda does."""
        moment = self._clock.now()
        kept = {
            "requestContext": {"condition": condition, "approximateInvokeCount": batch.attempts},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None},
            "version": "1.0",
            "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S.000Z}",
            "DDBStreamBatchInfo": {"batchSize": len(batch.records)},
            "payload": json.dumps({"Records": batch.records}, ensure_ascii=False),
        }
        self.kept += 1
        self.objects[f"aws/lambda/mapping/shard/{moment:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{self.kept:08}"] = json.dumps(
            kept
        ).encode()

    def records(self) -> Iterator[Record]:
        """Everything that is kept."""
        for content in self.objects.values():
            yield from json.loads(json.loads(content)["payload"])["Records"]

    def get_paginator(self, operation: str) -> "Bucket":
        """Of list_objects_v2."""
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        """One page, which is without `Contents` when it is empty."""
        self._faults.step()
        return [{"Contents": [{"Key": key} for key in self.objects]} if self.objects else {}]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        """An object."""
        self._faults.step()
        return {"Body": io.BytesIO(self.objects[Key])}

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        """Gone, also when it was gone before."""
        self._faults.step()
        self.objects.pop(Key, None)
        self._faults.step()
