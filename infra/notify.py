"""Notify: the queues of deliveries to people and webhooks, and the function that makes them."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from constructs import Construct

from infra.alarms import Alarms
from infra.failures import KEPT, DeadLetterQueue
from infra.function import Function
from infra.mail import let_send_mail
from infra.stage import Stage
from infra.store import Store
from shared.settings import NotifySettings
from shared.table import items

TIMEOUT = Duration.seconds(60)
# Of 10 in a new account; sign-in links take two more, briefly, and what is left is for customers.
MAX_CONCURRENCY = 4
MAX_CONCURRENCY_ASIDE = 2  # the least that a mapping takes


class Notify(Construct):
    """One message per event and route; a card or a request per target leaves from here."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        store: Store,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, id)
        self.undelivered = DeadLetterQueue(
            self,
            "Undelivered",
            stage=stage,
            alarms=alarms,
            means="Cards could not be delivered: read the log of notify, mend the cause, then run `earshot redrive`.",
        )
        self.queue = self._queue("Deliveries", stage)
        self.aside = self._queue("Aside", stage)  # what goes to targets in trouble, which may hold workers for long
        function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.notify.handler.handler",
            settings=NotifySettings(
                table=store.table.table_name,
                keys_table=store.keys.table_name,
                public_url=stage.public_url,
                deliveries_queue_url=self.queue.queue_url,
                aside_queue_url=self.aside.queue_url,
                secrets_key=store.secrets_key.key_id,
                settling_seconds=3 if stage.local else 45,
                retry_speed=60 if stage.local else 1,
                outbound_gateway=stage.local.outbox_url if stage.local else "",
            ),
            timeout=TIMEOUT,
            memory_mb=512,
            may_call_itself=True,  # functions/notify bounds the hops of a message itself (MOST_HOPS)
        )
        for queue, at_once in ((self.queue, MAX_CONCURRENCY), (self.aside, MAX_CONCURRENCY_ASIDE)):
            function.resource.add_event_source(
                SqsEventSource(queue, batch_size=10, report_batch_item_failures=True, max_concurrency=at_once)
            )
            queue.grant_send_messages(function.resource)
        store.grant(function.resource, "dynamodb:GetItem")
        store.grant(function.resource, "dynamodb:Query", only=(items.FEEDBACK,))  # a case, and the mails it is made of
        store.grant_query(function.resource, index="by_team")  # how many say the same
        store.grant_signing(function.resource)  # of the links to cases
        # It may write of deliveries, targets and floods, never a feedback.
        store.grant(function.resource, "dynamodb:PutItem", only=(items.DELIVERY, items.HEALTH, items.FLOOD))
        store.grant_webhook_secrets(function.resource)
        let_send_mail(function, stage)
        alarms.when(
            "DeliveriesWait",
            self.queue.metric_approximate_age_of_oldest_message(
                period=Duration.minutes(1), statistic=cloudwatch.Stats.MAXIMUM
            ),
            at_least=1200,
            minutes=3,
            means="Cards wait 20 minutes and more: read the log of notify.",
        )
        alarms.when(
            "TroubledTargetsWait",
            self.aside.metric_approximate_age_of_oldest_message(
                period=Duration.minutes(5), statistic=cloudwatch.Stats.MAXIMUM
            ),
            at_least=6 * 3600,
            means="Cards to targets in trouble wait six hours and more to be looked at: read the log of notify.",
        )
        for name, means in (
            ("TargetDisabled", "A target is switched off: `earshot doctor` names it. Its team is told by mail."),
            ("DeliveryGivenUp", "A target took a delivery in none of ten attempts: the log of notify names its route."),
            ("AttemptBroken", "Earshot itself fails to make deliveries: read the log of notify and mend the cause."),
        ):
            alarms.when_counted("notify", name, means=means)

    def _queue(self, id: str, stage: Stage) -> sqs.Queue:
        return sqs.Queue(
            self,
            id,
            visibility_timeout=Duration.seconds(TIMEOUT.to_seconds() * 6),  # what Lambda recommends
            retention_period=KEPT,  # what is older is gone, and no dead letter
            enforce_ssl=stage.demands_tls,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.undelivered.queue, max_receive_count=5),
            removal_policy=stage.removal_policy,
        )
