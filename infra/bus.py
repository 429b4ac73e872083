"""The event bus, and its archive from which events can be replayed."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from constructs import Construct

from infra.stage import Stage
from shared.events import SOURCE

# Single events cannot be taken out of an archive, so its age is how long an erased person's words can outlive them.
ARCHIVED = Duration.days(14)


class Bus(Construct):
    """Where every event of Earshot is published, and every subscriber reads."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.bus = events.EventBus(self, "Bus", event_bus_name=stage.qualified_name)
        self.bus.archive("Archive", event_pattern=events.EventPattern(source=[SOURCE]), retention=ARCHIVED)
