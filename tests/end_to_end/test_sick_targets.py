"""Two hundred answers through fifty webhooks, deployed, with one endpoint dead, one slow and one flapping."""

import pytest

from bench import sick_targets
from tests.end_to_end.world import World


@pytest.mark.parametrize("running_stage", [False], indirect=True, ids=["as-it-is"])
def test_beside_sick_targets_nothing_is_lost_and_nothing_seen_twice(world: World) -> None:
    seen = sick_targets.run(world.running, world.stage.config, events=200, a_second=5, sick=True)
    assert (seen.lost, seen.doubled) == (0, 0)
