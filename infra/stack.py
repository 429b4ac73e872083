"""The map: what there is, and which way feedback flows through it."""

from aws_cdk import CfnOutput, IStackSynthesizer, Stack
from constructs import Construct

from infra import local_stage, regions
from infra.alarms import Alarms
from infra.bus import Bus
from infra.capture_email import CaptureEmail
from infra.capture_sms import CaptureSms
from infra.capture_web import CaptureWeb
from infra.close import Close
from infra.escalate import Escalate
from infra.http import HttpApi
from infra.invite import Invite
from infra.notify import Notify
from infra.publish import Publish
from infra.receipts import Receipts
from infra.routes import Routes
from infra.schemas import Schemas
from infra.send import Send
from infra.stage import Stage
from infra.store import Store
from infra.sweep import Sweep
from infra.team import Team
from infra.unsubscribe import Unsubscribe
from shared.mail.received import MAIL_FOLDER


class EarshotStack(Stack):
    """The flow, in the order of its stages.

    web, texts ─► capture ─► store ─► (stream) publish ─► bus ─► routes ─► teams' own targets, or notify ─► people
    bus, CLI ─► invite ─► store ─► (stream) send ─► customers ─► receipts ─► store
    bus ─► close (heard, remedies) ─► store;   schedule ─► sweep, escalate ─► store
    """

    def __init__(self, scope: Construct, *, stage: Stage, synthesizer: IStackSynthesizer) -> None:
        super().__init__(scope, stage.qualified_name, synthesizer=synthesizer)
        alarms = Alarms(self, "Alarms", stage=stage)
        store = Store(self, "Store", stage=stage)
        api = HttpApi(self, "Http", alarms=alarms)

        CaptureWeb(self, "CaptureWeb", stage=stage, api=api, store=store)
        texts = CaptureSms(self, "CaptureSms", stage=stage, api=api, store=store, alarms=alarms)
        mails = CaptureEmail(self, "CaptureEmail", stage=stage, store=store, alarms=alarms)

        bus = Bus(self, "EventBus", stage=stage)
        bus.let_in(stage.config.accounts)
        if regions.has(stage.region, "AWS::EventSchemas::Registry"):
            Schemas(self, "Schemas", stage=stage)
        publish = Publish(self, "Publish", stage=stage, store=store, bus=bus, alarms=alarms)

        notify = Notify(self, "Notify", stage=stage, store=store, alarms=alarms)
        Sweep(self, "Sweep", stage=stage, store=store, notify=notify, alarms=alarms)
        escalate = Escalate(self, "Escalate", stage=stage, store=store, alarms=alarms)
        routes = Routes(self, "Routes", stage=stage, bus=bus, notify=notify, alarms=alarms)
        Team(self, "Team", stage=stage, api=api, store=store, bus=bus, notify=notify, routes=routes, alarms=alarms)

        invite = Invite(self, "Invite", stage=stage, store=store, bus=bus, alarms=alarms)
        send = Send(self, "Send", stage=stage, store=store, alarms=alarms)
        Receipts(self, "Receipts", stage=stage, store=store, alarms=alarms)
        Close(self, "Close", stage=stage, store=store, bus=bus, alarms=alarms)
        Unsubscribe(self, "Unsubscribe", stage=stage, api=api, store=store)

        # What the `earshot` command and the local stage read.
        for name, value in {
            "PublicUrl": stage.public_url,
            "ApiUrl": api.api.api_endpoint,
            "Table": store.table.table_name,
            "KeysTable": store.keys.table_name,
            "SecretsKey": store.secrets_key.key_id,
            "Bus": bus.bus.event_bus_name,
            "DeliveriesQueueUrl": notify.queue.queue_url,
            "AsideQueueUrl": notify.aside.queue_url,
            "DeliveriesQueueArn": notify.queue.queue_arn,
            "DeliveriesDeadLetterQueueUrl": notify.undelivered.queue.queue_url,
            "RulesDeadLetterQueueUrl": routes.refused.queue.queue_url,
            "RulesDeadLetterQueueArn": routes.refused.queue.queue_arn,
            "PublishFunction": publish.function.resource.function_name,
            "UnpublishedBucket": publish.unpublished.bucket.bucket_name,
            "MailBucket": mails.bucket.bucket_name,
            "MailPrefix": MAIL_FOLDER,
            "UnheardMailQueueUrl": mails.unheard.queue.queue_url,
            "CaptureEmailFunction": mails.function.resource.function_name,
            "EscalateFunction": escalate.function.resource.function_name,
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
