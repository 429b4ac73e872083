"""Buckets with the invocations that Lambda gave up on the table's stream."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from cli.redrive.places import FUNCTIONS, Kept, Tally, invoke, keys
from cli.stage import Stage


def invoke_again(bucket: str, function: str, stage: Stage) -> Tally:
    """Invoke a function with the stream's records again: only its own role may do what it does."""
    tally = Tally()
    s3 = stage.client("s3")
    for batch in _batches(stage, bucket, tally):
        try:
            failed = len(invoke(stage, function, batch.payload)["batchItemFailures"])
        except Kept as error:
            tally.keep(batch.records, str(error))
            continue
        tally.sent += batch.records - failed
        if failed:
            reason = f"{FUNCTIONS[function]} could not read or put a record; its log names the sequence numbers"
            tally.keep(failed, reason)
        else:
            s3.delete_object(Bucket=stage.outputs[bucket], Key=batch.key)
    return tally


def count_records(bucket: str, stage: Stage) -> Tally:
    """How many records can be sent, and what else lies in the bucket."""
    foreign = Tally()
    records = sum(batch.records for batch in _batches(stage, bucket, foreign))
    return Tally(kept=records, reasons=foreign.reasons)


class _Batch(NamedTuple):
    """An invocation that Lambda kept: where it lies, what the function was invoked with, and of how many records."""

    key: str
    payload: str
    records: int


def _batches(stage: Stage, bucket: str, tally: Tally) -> Iterator[_Batch]:
    """All that Lambda kept in a bucket. What someone else put there stays, and the tally says so."""
    s3, name = stage.client("s3"), stage.outputs[bucket]
    for key in keys(stage, bucket):
        kept = s3.get_object(Bucket=name, Key=key)["Body"].read()
        try:
            payload = json.loads(kept)["payload"]  # as text: Lambda's S3 destination keeps the invocation whole
            records = len(json.loads(payload)["Records"])
        except (ValueError, TypeError, LookupError):
            tally.keep(1, f"s3://{name}/{key} is no invocation that Lambda kept; look at it, then remove it")
        else:
            yield _Batch(key, payload, records)
