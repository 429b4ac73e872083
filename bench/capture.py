"""CPU of a capture as deployed, from a cold start and warm, against the conventional handler; and its requests."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

from pydynox import DynamoDBClient

from bench import deployed, stub
from bench.environment import ENVIRONMENT, REGION
from bench.figures import Figure
from shared.keys.links import Link
from shared.keys.signing import Keys
from shared.values import utc_now

OURS, CONVENTIONAL = "functions.capture_web.handler", "conventional"
PROGRAMS = {"ours": OURS, "in-place": OURS, "conventional": CONVENTIONAL, "conventional-compiled": CONVENTIONAL}
"""Folder (`deployed.folders`) -> the module of the handler in it."""
ROUNDS = 15
ANSWERS = 100
KEYS_TABLE = "keys"

Costs = dict[str, float]


def measure() -> Iterator[Figure]:
    """All in turns, each time in a fresh process.

    What else the machine does slows those of a round alike, so the median of the rounds' ratios counts.
    """
    with stub.serve() as dynamodb, deployed.folders() as folders:
        target = f"/f/{_token(dynamodb.url)}"
        for folder in folders.values():
            run(folder, target, dynamodb.url, answers=0)  # so that the files are in the machine's cache
        dynamodb.requests.clear()
        rounds: dict[str, list[Costs]] = {name: [] for name in PROGRAMS}
        for _ in range(ROUNDS):
            for name, costs in rounds.items():
                costs.append(run(folders[name], target, dynamodb.url, ANSWERS))
        requests = {
            name: sum(number for table, number in dynamodb.requests.items() if table.partition("-idem")[0] == name)
            / sum(each["answers"] for each in costs)
            for name, costs in rounds.items()
        }

    def ratio(kind: str, name: str, other: str) -> float:
        pairs = zip(rounds[name], rounds[other], strict=True)
        return round(median(mine[kind] / theirs[kind] for mine, theirs in pairs), 3)

    for kind, limit in (("cold", 0.35), ("warm", 0.25)):
        for name, whose in (("ours", ""), ("conventional", ", conventional")):
            yield Figure(
                f"{kind} capture{whose}", round(median(each[kind] * 1000 for each in rounds[name]), 3), "ms CPU"
            )
        yield Figure(f"{kind} capture, ratio", ratio(kind, "ours", "conventional"), "", limit)
    yield Figure("cold capture, against bytecode in place", ratio("cold", "ours", "in-place"), "", 1.15)
    yield Figure("cold capture, ratio were both compiled", ratio("cold", "ours", "conventional-compiled"), "", 0.55)
    yield Figure("DynamoDB requests per answer", round(requests["ours"], 3), "", 1)
    yield Figure("DynamoDB requests per answer, conventional", round(requests["conventional"], 3), "")


def _token(dynamodb: str) -> str:
    keys = Keys(
        DynamoDBClient(endpoint_url=dynamodb, region=REGION, access_key="bench", secret_key="bench"), KEYS_TABLE
    )
    return Link("checkout", "leeds-3", None, utc_now() + timedelta(days=1)).token(keys)


def run(folder: Path, target: str, dynamodb: str, answers: int) -> Costs:
    """What the program in a folder costs from its start on; its table has the folder's name."""
    environment = ENVIRONMENT | {
        "EARSHOT_TABLE": folder.name,
        "EARSHOT_KEYS_TABLE": KEYS_TABLE,
        "AWS_ENDPOINT_URL": dynamodb,
    }
    costs: Costs = json.loads(deployed.run(folder, [PROGRAMS[folder.name], target, str(answers)], environment))
    return costs
