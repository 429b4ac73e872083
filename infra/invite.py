"""Invite: who asks a customer, and how a request comes to it."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from constructs import Construct

from infra.alarms import Alarms
from infra.bus import Bus
from infra.function import Function
from infra.sources import BusEvents
from infra.stage import Stage
from infra.store import Store
from shared.model.events import SOURCE, InvitationRequested
from shared.settings import InviteSettings
from shared.table import items


class Invite(Construct):
    """Any system's `InvitationRequested` becomes a question; `earshot invite` calls the function itself."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        store: Store,
        bus: Bus,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, id)
        self.function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.invite.handler.handler",
            settings=InviteSettings(
                table=store.table.table_name, keys_table=store.keys.table_name, public_url=stage.public_url
            ),
            timeout=Duration.seconds(60),
            memory_mb=512,
        )
        store.grant(self.function.resource, "dynamodb:GetItem", only=(items.PERSON, items.INVITATION))
        written = (items.PERSON, items.INVITATION, items.LINK, items.WAY_OUT, items.MESSAGE)
        store.grant(self.function.resource, "dynamodb:PutItem", only=written)
        store.grant(self.function.resource, "dynamodb:UpdateItem", only=(items.BUDGET,))
        store.grant_signing(self.function.resource)
        alarms.when_counted(
            "invite",
            "InvitationsOverBudget",
            means="A day has no room for more texts, so invitations are held back: see who asks for them with `earshot "
            "tail`, and raise sms.sent_per_day or sms.sent_per_source if they are wanted.",
        )
        BusEvents(
            self,
            "Requests",
            stage=stage,
            alarms=alarms,
            function=self.function,
            bus=bus.bus,
            pattern=events.EventPattern(
                source=events.Match.anything_but(SOURCE), detail_type=[InvitationRequested.detail_type]
            ),
            means="Requested invitations were not made: read the log of invite, mend the cause, request them again.",
        )
