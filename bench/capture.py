"""CPU of a capture, from a cold start and warm, against the conventional handler; and its requests to DynamoDB."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

from pydynox import DynamoDBClient

from bench import stub
from bench.environment import ENVIRONMENT, REGION
from bench.figures import Figure
from shared.keys.links import Link
from shared.keys.signing import Keys
from shared.values import utc_now

OURS, CONVENTIONAL = "functions.capture_web.handler", "bench.conventional"
ROUNDS = 15
ANSWERS = 100
KEYS_TABLE = "keys"

Costs = dict[str, float]


def measure() -> Iterator[Figure]:
    """Both in turns, each time in a fresh process, with bytecode compiled beforehand.

    What else the machine does slows the two of a round alike, so the median of the rounds' ratios counts.
    """
    with stub.serve() as dynamodb, tempfile.TemporaryDirectory() as bytecode:
        target = f"/f/{_token(dynamodb.url)}"
        for module in (OURS, CONVENTIONAL):
            _run(module, target, dynamodb.url, bytecode, answers=0)  # compiles
        dynamodb.requests.clear()
        rounds: dict[str, list[Costs]] = {OURS: [], CONVENTIONAL: []}
        for _ in range(ROUNDS):
            for module, costs in rounds.items():
                costs.append(_run(module, target, dynamodb.url, bytecode, ANSWERS))
        requests = {
            module: sum(number for table, number in dynamodb.requests.items() if table.startswith(module))
            / sum(each["answers"] for each in costs)
            for module, costs in rounds.items()
        }
    for kind, limit in (("cold", 0.55), ("warm", 0.25)):
        ours, conventional = ([each[kind] * 1000 for each in rounds[module]] for module in rounds)
        ratios = [mine / theirs for mine, theirs in zip(ours, conventional, strict=True)]
        yield Figure(f"{kind} capture", round(median(ours), 3), "ms CPU")
        yield Figure(f"{kind} capture, conventional", round(median(conventional), 3), "ms CPU")
        yield Figure(f"{kind} capture, ratio", round(median(ratios), 3), "", limit)
    yield Figure("DynamoDB requests per answer", round(requests[OURS], 3), "", 1)
    yield Figure("DynamoDB requests per answer, conventional", round(requests[CONVENTIONAL], 3), "")


def _token(dynamodb: str) -> str:
    keys = Keys(
        DynamoDBClient(endpoint_url=dynamodb, region=REGION, access_key="bench", secret_key="bench"), KEYS_TABLE
    )
    return Link("checkout", "leeds-3", None, utc_now() + timedelta(days=1)).token(keys)


def _run(module: str, target: str, dynamodb: str, bytecode: str, answers: int) -> Costs:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_"))}
    environment |= {"EARSHOT_TABLE": module, "EARSHOT_KEYS_TABLE": KEYS_TABLE, "PYTHONPYCACHEPREFIX": bytecode}
    environment |= ENVIRONMENT | {"AWS_ENDPOINT_URL": dynamodb}
    child = subprocess.run(
        [sys.executable, "-m", "bench.child", module, target, str(answers)],
        env=environment,
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    costs: Costs = json.loads(child.stdout.splitlines()[-1])
    return costs
