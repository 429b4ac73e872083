"""What is known of each target: whether it may be sent something, what an attempt says, and what its owner is told.

Several workers change what is known of one target. So each change is made on top of what is stored, and again where
another worker was first.
"""

from collections.abc import Callable
from datetime import datetime

from functions.notify.breaker import Admission, Verdict, admit, after, away
from functions.notify.retries import Attempt
from shared.addresses.targets import Target
from shared.config.model import Route
from shared.deliveries.deliveries import Deliveries
from shared.deliveries.delivery import Delivery
from shared.deliveries.health import Health
from shared.observe import count

TRIES = 5

Tell = Callable[[str, Route, Target, str], bool]
"""Tells the owner of a route's target what has become of it, and why; returns whether anybody was reached."""


class TargetHealth:
    """How the targets of one stage fare."""

    def __init__(
        self,
        deliveries: Deliveries,
        *,
        disabled: Tell,
        given_up: Tell,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        retry_speed: int,
    ) -> None:
        """`disabled` and `given_up` tell an owner; `chance` gives numbers from 0 to 1."""
        self._deliveries = deliveries
        self._tell_disabled = disabled
        self._tell_given_up = given_up
        self._clock = clock
        self._chance = chance
        self._retry_speed = retry_speed

    def ask(self, delivery: Delivery, *, aside: bool) -> tuple[Health, Admission]:
        """Whether a target may be sent something, and its health with the place that was taken for it."""
        for _ in range(TRIES):
            health = self._deliveries.health(delivery.route, delivery.target)
            admission = admit(health, self._clock(), self._chance(), delivery.waits, aside=aside)
            if admission.claims is None:
                return health, admission
            claimed = self._deliveries.save_health(admission.claims)
            if claimed is not None:
                return claimed, admission
        return health, Admission(Verdict.WAIT, self._clock() + away(delivery.waits, self._chance()))

    def learn(self, health: Health, attempt: Attempt, place: datetime, route: Route, target: Target) -> None:
        """Save what an attempt says about its target, and give its place back."""
        for _ in range(TRIES):
            learnt = after(health, attempt, self._clock(), place, self._retry_speed)
            if learnt is health:
                return
            saved = self._deliveries.save_health(learnt)
            if saved is not None:
                if saved.disabled_at is not None:
                    self.knows_of_disabled(saved, route, target)
                return
            health = self._deliveries.health(health.route, health.target)

    def knows_of_disabled(self, health: Health, route: Route, target: Target) -> bool:
        """Whether the owner has been told that nothing more is sent; tells them otherwise, after a crash twice."""
        if health.noticed:
            return True
        count("TargetDisabled")
        if not self._tell_disabled(health.route, route, target, health.disabled_why or ""):
            return False
        self._deliveries.save_health(health.model_copy(update={"noticed": True}))
        return True

    def knows_of_given_up(self, delivery: Delivery, route: Route, target: Target, why: str) -> bool:
        """Whether the owner has been told that deliveries are given up; tells them otherwise, of the first one only."""
        count("DeliveryGivenUp")
        health = self._deliveries.health(delivery.route, delivery.target)
        if health.warned or health.noticed:
            return True
        if not self._tell_given_up(delivery.route, route, target, why):
            return False
        self._deliveries.save_health(health.model_copy(update={"warned": True}))
        return True
