"""What is known of a target that is in trouble."""

from shared.table.items import HEALTH
from shared.values import Model, Moment


class Health(Model):
    """How one target of one route fares. A target without trouble has no item, and costs no write."""

    route: str
    target: str
    failures: int = 0
    """In a row, without a success between."""
    failing_since: Moment | None = None
    opens_at: Moment | None = None
    """The breaker lets nothing through before this."""
    troubled_at: Moment | None = None
    """When it last failed or was slow, until it is trusted again."""
    places: tuple[Moment, ...] = ()
    """When the places end that requests on their way to it hold, while it is in trouble."""
    warned: bool = False
    """Whether its owner was told that deliveries are given up, since it is in trouble."""
    disabled_at: Moment | None = None
    disabled_why: str | None = None
    noticed: bool = False
    """Whether its owner was told that it is disabled."""
    version: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Partition and sort key."""
        return HEALTH.partition(self.route), self.target
