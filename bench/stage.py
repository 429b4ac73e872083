"""The deployed stage as a whole: how soon it is ready, how soon a route takes effect, and what sick targets cost."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import urllib3

from bench import sick_targets
from bench.figures import Figure
from bench.sick_targets import Endpoints, answer, place
from local.stage import Running, running
from shared.config.model import Config
from shared.routes.drafts import draft
from shared.values import utc_now

ROUTES = 1_000
CARD_SECONDS = 3 + 15  # settling, and what is promised beyond it
ROUNDS = 3
EVENTS = 200
A_SECOND = 3.0
_EARSHOT = str(Path(sys.executable).with_name("earshot"))


def measure() -> Iterator[Figure]:
    """On MiniStack, through the real deployment."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with running(Path(folder, ".earshot"), port=0) as stage:
            yield Figure("local stage, ready", round(time.monotonic() - began, 1), "s", 20)
            yield _card(stage)
            yield from _beside_sick_targets(stage, stage.stage.config)
            yield from _beside_many_routes(stage, stage.stage.config, Path(folder))


def _card(stage: Running) -> Figure:
    """From an answer to the team's card in the outbox, of which the local stage's settling is 3 s."""
    took = []
    for number in range(ROUNDS):
        began = time.monotonic()
        id = answer(stage, number)
        while not any(left.get("feedback_id") == id and left["kind"] == "email" for left in _outbox(stage)):
            time.sleep(0.05)
            if time.monotonic() - began > CARD_SECONDS:
                break
        took.append(time.monotonic() - began)
    return Figure("from an answer to its card", round(median(took), 1), "s", CARD_SECONDS)


def _outbox(stage: Running) -> Any:
    return urllib3.request("GET", f"{stage.description['outbox_url']}.json", timeout=10, retries=False).json()


def _beside_sick_targets(stage: Running, config: Config) -> Iterator[Figure]:
    well, sick = (
        sick_targets.run(stage, config, events=EVENTS, a_second=A_SECOND, sick=sick) for sick in (False, True)
    )
    yield Figure("events lost beside sick targets", well.lost + sick.lost, "", 0)
    yield Figure("events seen twice beside sick targets", well.doubled + sick.doubled, "", 0)
    yield Figure("p95 of healthy targets, all healthy", round(well.p95, 2), "s")
    yield Figure("p95 of healthy targets, beside the sick", round(sick.p95, 2), "s", 5)
    yield Figure("p95 of healthy targets, ratio", round(sick.p95 / well.p95, 2), "", 2)


def _beside_many_routes(stage: Running, config: Config, folder: Path) -> Iterator[Figure]:
    """From the command that adds a route until a customer's answer has arrived where it leads."""
    routes = stage.stage.routes
    for number in range(ROUTES):
        routes.add(
            draft(
                config,
                id=f"route-{number}",
                team="care",
                when=f"place = nowhere-{number}",
                to=("email:care@fernleaf.example",),
                created_by="bench",
                changed_at=utc_now(),
            )
        )
    took = []
    endpoints = Endpoints(sick=False)
    with endpoints.serving():
        for number in range(ROUNDS):
            began = time.monotonic()
            subscribe = [
                *(_EARSHOT, "routes", "add", place(number)),
                *("--when", f"place = {place(number)}", "--to", f"webhook:{endpoints.url}/{number}"),
            ]
            subprocess.run(subscribe, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            answer(stage, number)
            endpoints.wait_for(number + 1)
            took.append(time.monotonic() - began)
    yield Figure("a route beside 1,000 others, in effect", round(median(took), 2), "s", 5)
    began = time.monotonic()
    doctor = subprocess.run([_EARSHOT, "doctor", "--json"], cwd=folder, check=False, stdout=subprocess.PIPE, text=True)
    counted = json.loads(doctor.stdout)["rules"]["number"]
    yield Figure("rules that doctor counts", counted, "", ROUTES, "at least")
    yield Figure("doctor beside 1,000 routes", round(time.monotonic() - began, 1), "s")
