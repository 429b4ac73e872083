"""The map: what there is, and which way feedback flows through it."""

from aws_cdk import CfnOutput, IStackSynthesizer, Stack
from constructs import Construct

from infra import local_stage
from infra.bus import Bus
from infra.capture import CaptureWeb, HttpApi
from infra.capture_email import CaptureEmail
from infra.customers import Invite, Receipts, Send, Unsubscribe
from infra.failures import Alarms
from infra.function import Platform
from infra.notify import Notify
from infra.publish import Publish
from infra.routes import Routes
from infra.schemas import Schemas
from infra.stage import Stage
from infra.store import Store
from infra.sweep import Sweep
from infra.team import Team
from infra.texts import CaptureSms
from shared.config import Config
from shared.mails import MAIL


class EarshotStack(Stack):
    """The flow, in the order of its stages.

    web, texts ─► capture ─► store ─► (stream) publish ─► bus ─► routes ─► teams' own targets, or notify ─► people
    bus, CLI ─► invite ─► store ─► (stream) send ─► customers ─► receipts ─► store
    """

    def __init__(
        self, scope: Construct, *, stage: Stage, config: Config, platform: Platform, synthesizer: IStackSynthesizer
    ) -> None:
        super().__init__(scope, stage.qualified_name, synthesizer=synthesizer)
        public_url = stage.local.public_url if stage.local else config.business.public_url

        alarms = Alarms(self, "Alarms", stage=stage)
        store = Store(self, "Store", stage=stage)
        api = HttpApi(self, "Http", alarms=alarms)
        CaptureWeb(self, "CaptureWeb", platform=platform, api=api, store=store)
        mail = CaptureEmail(
            self, "CaptureEmail", stage=stage, platform=platform, config=config, store=store, alarms=alarms
        )

        texts = CaptureSms(
            self,
            "CaptureSms",
            stage=stage,
            platform=platform,
            config=config,
            public_url=public_url,
            api=api,
            store=store,
            alarms=alarms,
        )
        Unsubscribe(self, "Unsubscribe", platform=platform, api=api, store=store)

        bus = Bus(self, "EventBus", stage=stage)
        bus.let_in(config.accounts)
        Schemas(self, "Schemas", stage=stage)
        publish = Publish(self, "Publish", stage=stage, platform=platform, store=store, bus=bus, alarms=alarms)

        notify = Notify(
            self,
            "Notify",
            stage=stage,
            platform=platform,
            config=config,
            public_url=public_url,
            store=store,
            alarms=alarms,
        )
        Sweep(self, "Sweep", platform=platform, store=store, notify=notify, alarms=alarms)
        routes = Routes(
            self, "Routes", stage=stage, platform=platform, config=config, bus=bus, notify=notify, alarms=alarms
        )

        invite = Invite(
            self, "Invite", stage=stage, platform=platform, public_url=public_url, store=store, bus=bus, alarms=alarms
        )
        send = Send(self, "Send", stage=stage, platform=platform, config=config, store=store, alarms=alarms)
        Receipts(self, "Receipts", stage=stage, platform=platform, store=store, alarms=alarms)

        Team(
            self,
            "Team",
            stage=stage,
            platform=platform,
            config=config,
            public_url=public_url,
            api=api,
            store=store,
            bus=bus,
            notify=notify,
            routes=routes,
        )

        # What the `earshot` command and the local stage read.
        for name, value in {
            "PublicUrl": public_url,
            "ApiUrl": api.api.api_endpoint,
            "Table": store.table.table_name,
            "KeysTable": store.keys.table_name,
            "SecretsKey": store.secrets_key.key_id,
            "Bus": bus.bus.event_bus_name,
            "DeliveriesQueueUrl": notify.queue.queue_url,
            "DeliveriesQueueArn": notify.queue.queue_arn,
            "DeliveriesDeadLetterQueueUrl": notify.undelivered.queue.queue_url,
            "RulesDeadLetterQueueUrl": routes.refused.queue.queue_url,
            "RulesDeadLetterQueueArn": routes.refused.queue.queue_arn,
            "PublishFunction": publish.function.resource.function_name,
            "UnpublishedBucket": publish.unpublished.bucket.bucket_name,
            "MailBucket": mail.bucket.bucket_name,
            "MailPrefix": MAIL,
            "UnheardMailQueueUrl": mail.unheard.queue.queue_url,
            "CaptureEmailFunction": mail.function.resource.function_name,
            "InviteFunction": invite.function.resource.function_name,
            "SendFunction": send.function.resource.function_name,
            "UnsentBucket": send.unsent.bucket.bucket_name,
            "TextsFunction": texts.function.resource.function_name,
            "TextsDeadLetterQueueUrl": texts.untaken.queue.queue_url,
            "SmsTopic": texts.topic.topic_arn,
            "AlarmTopic": alarms.topic.topic_arn,
            "RuleArnPrefix": routes.rule_arn_prefix,
        }.items():
            CfnOutput(self, name, value=value)
        if stage.local:
            local_stage.leave_out(self)
