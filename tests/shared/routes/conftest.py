"""Routes as a team writes them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from shared.config.model import Config
from shared.routes.drafts import draft
from shared.routes.route_table import TeamRoute

Drafted = Callable[..., TeamRoute]


@pytest.fixture
def drafted(config: Config, now: datetime) -> Drafted:
    def make(**changes: Any) -> TeamRoute:
        said = {
            "id": "refunds",
            "team": "care",
            "when": "mood = unhappy and reason = refund",
            "to": ["email:care@fernleaf.example"],
            "created_by": "amal@fernleaf.example",
            "changed_at": now,
        }
        return draft(config, **(said | changes))

    return make
