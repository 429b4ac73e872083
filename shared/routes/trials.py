"""The made-up feedback that tests a route."""

import secrets
from datetime import datetime
from typing import Any

from shared.config.model import Config, Route
from shared.languages.packs import texts
from shared.model.events import FeedbackEvent
from shared.model.feedback import Channel, Customer, Feedback

TEST_ID = "test-"  # what the ids of tests begin with, and those of feedback cannot


def trial(config: Config, id: str, route: Route, test_id: str, by: str, now: datetime) -> Feedback:
    """Made-up feedback for a test, whose words say that it is one."""
    touchpoint, asked = next(iter(config.touchpoints.items()))
    rating = asked.scale.ratings[0]
    return Feedback(
        id=test_id,
        touchpoint=touchpoint,
        place=None,
        team=route.team,
        channel=Channel.WEB,
        rating=rating,
        scale=asked.scale,
        mood=asked.scale.mood(rating),
        reasons=(),
        comment=texts(config.language)["route.test"].format(route=id, by=by[:200]),
        language=config.language,
        customer=Customer(),
        received_at=now,
    )


def trial_detail(config: Config, id: str, route: Route, by: str, now: datetime) -> dict[str, Any]:
    """The detail of a test: that of an event about a `trial`, under an id that no feedback has."""
    test_id = f"{TEST_ID}{secrets.token_hex(8)}"
    feedback = trial(config, id, route, test_id, by, now)
    event = FeedbackEvent(id=f"{test_id}-1", revision=1, occurred_at=now, feedback=feedback)
    return event.detail() | {"route": id, "asked_by": by}
