"""The local stage as `make run` starts it, once as it is and once with IAM enforced, for the tests of this folder."""

from collections.abc import Iterator

import pytest

from local.stage import Running, running
from tests.end_to_end.world import Subscriber, World


@pytest.fixture(scope="session", params=[False, True], ids=["as-it-is", "iam-enforced"])
def running_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The real app, deployed by the real CDK to a MiniStack of its own."""
    folder = tmp_path_factory.mktemp("local") / ".earshot"
    with running(folder, port=0, enforce_iam=request.param) as stage:
        yield stage


@pytest.fixture
def world(running_stage: Running) -> World:
    """The stage from outside."""
    return World(running_stage)


@pytest.fixture
def subscriber(world: World) -> Iterator[Subscriber]:
    """A team's own queue, which gets every event."""
    with world.subscribed() as queue:
        yield queue
