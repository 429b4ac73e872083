"""The team's pages, behind `/t/{link}`."""

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from constructs import Construct

from infra.alarms import Alarms
from infra.bus import Bus
from infra.function import Function
from infra.http import HttpApi
from infra.mail import let_send_mail
from infra.notify import Notify
from infra.routes import Routes
from infra.stage import Stage
from infra.store import Store
from shared.keys.sessions import LINK_WORKS_FOR
from shared.model.events import RouteTested
from shared.routes.rules import RULE_PREFIX
from shared.settings import SignInSettings, TeamSettings
from shared.table import items
from shared.table.items import KeyItem


class Team(Construct):
    """Where a team acts on its cases and changes its own routes, signed in by a mailed link."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        api: HttpApi,
        store: Store,
        bus: Bus,
        notify: Notify,
        routes: Routes,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, id)
        asked = _sign_ins(self, stage=stage, store=store)
        unlisted = _unlisted(self, stage=stage)
        function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.team.handler.handler",
            settings=TeamSettings(
                table=store.table.table_name,
                keys_table=store.keys.table_name,
                bus=bus.bus.event_bus_name,
                public_url=stage.public_url,
                deliveries_queue=notify.queue.queue_arn,
                refused_queue=routes.refused.queue.queue_arn,
                secrets_key=store.secrets_key.key_id,
                sign_ins_queue_url=asked.queue_url,
                unlisted_queue_url=unlisted.queue_url,
            ),
            timeout=Duration.seconds(25),  # a rehearsal reads 90 days; the API gives up at 30
            memory_mb=1024,
        )
        # Routes and sessions, and what became of deliveries; of feedback, what the indexes show, and one to read with
        # the mails that it is made of and the invitation it came by.
        store.grant(
            function.resource, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", only=(items.ROUTE,)
        )
        store.grant(
            function.resource, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", only=(items.SESSION,)
        )
        store.grant(
            function.resource, "dynamodb:Query", only=(items.ROUTE, items.SESSION, items.DELIVERY, items.FILED_MAIL)
        )
        store.grant(function.resource, "dynamodb:GetItem", only=(items.FEEDBACK, items.MAIL, items.INVITATION))
        # Cases, whatever is done about them: what the customer is told and whether they can be, and what a day gives.
        store.grant_cases(function.resource)
        store.grant(function.resource, "dynamodb:GetItem", "dynamodb:PutItem", only=(items.MESSAGE, items.PERSON))
        store.grant(function.resource, "dynamodb:UpdateItem", only=(items.BUDGET,))
        store.grant(function.resource, "dynamodb:GetItem", "dynamodb:UpdateItem", only=(items.REMEDIES_GIVEN,))
        store.grant_query(function.resource, index="by_inbox")
        store.grant_signing(function.resource)  # reads the keys on cards, signs what customers are sent
        # What is known of targets: shown, forgotten where one is taken up again or removed.
        store.grant(
            function.resource, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", only=(items.HEALTH,)
        )
        store.grant_query(function.resource, index="by_team")
        store.grant_signing(function.resource, KeyItem.SESSIONS)
        store.grant_webhook_secrets(function.resource, keeps=True)
        asked.grant_send_messages(function.resource)
        unlisted.grant_send_messages(function.resource)
        function.resource.add_to_role_policy(
            iam.PolicyStatement(
                actions=[
                    *("events:PutRule", "events:DescribeRule", "events:DeleteRule"),
                    *("events:ListTargetsByRule", "events:RemoveTargets"),
                ],
                resources=bus.rule_arns(RULE_PREFIX),
            )
        )
        # From the page, a route leads to people and webhooks, which is to say into our queue.
        into_the_queue: dict[str, dict[str, str]] = {
            "ForAllValues:ArnEquals": {"events:TargetArn": notify.queue.queue_arn}
        }
        if not stage.local:  # MiniStack does not tell a policy the target
            into_the_queue["Null"] = {"events:TargetArn": "false"}
        function.resource.add_to_role_policy(
            iam.PolicyStatement(
                actions=["events:PutTargets"], resources=bus.rule_arns(RULE_PREFIX), conditions=into_the_queue
            )
        )
        function.resource.add_to_role_policy(
            iam.PolicyStatement(
                actions=["events:PutEvents"],
                resources=[bus.bus.event_bus_arn],
                # MiniStack does not tell a policy the source.
                conditions={
                    "StringEqualsIfExists" if stage.local else "StringEquals": {"events:source": RouteTested.source}
                },
            )
        )
        named = f"arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/{stage.qualified_name}/{RULE_PREFIX}*"
        Validations.of(function.role).acknowledge(
            Acknowledgment(
                id=f"AwsSolutions-IAM5[Resource::{named}]",
                reason="Teams name their own routes, so the names of the rules are not known here.",
            )
        )
        api.route("/t/{link}", function, apigatewayv2.HttpMethod.GET, apigatewayv2.HttpMethod.POST, a_second=50)
        # A route of its own: anyone may ask for a link, and a flood of that must not keep members from their work.
        api.route("/t/sign_in", function, apigatewayv2.HttpMethod.POST, a_second=10)
        # The page says the same whether a link could be mailed or not, so an alarm has to.
        alarms.when_counted(
            "team",
            "SignInLinkFailed",
            means="Teams cannot sign in: read the log of team's SignIn; `earshot doctor` knows what SES needs.",
        )
        alarms.when(
            "SignInLinksWait",
            asked.metric_approximate_age_of_oldest_message(
                period=Duration.minutes(1), statistic=cloudwatch.Stats.MAXIMUM
            ),
            at_least=120,
            means="Teams wait for links to sign in by: read the log of team's SignIn.",
        )


def _sign_ins(scope: Construct, *, stage: Stage, store: Store) -> sqs.IQueue:
    """The queue of requests for sign-in links, and the function that mails them."""
    timeout = Duration.seconds(30)
    asked = sqs.Queue(
        scope,
        "SignIns",
        visibility_timeout=Duration.seconds(timeout.to_seconds() * 6),  # what Lambda recommends
        retention_period=Duration.seconds(LINK_WORKS_FOR.total_seconds()),  # a link that comes later is of no use
        enforce_ssl=stage.demands_tls,
        removal_policy=stage.removal_policy,
    )
    Validations.of(asked).acknowledge(
        Acknowledgment(
            id="AwsSolutions-SQS3",
            reason="A link that comes late is worth nothing, and strangers' addresses are not kept; an alarm says that "
            "links cannot be mailed.",
        )
    )
    function = Function(
        scope,
        "SignIn",
        stage=stage,
        handler="functions.team.sign_in.handler",
        settings=SignInSettings(
            table=store.table.table_name, keys_table=store.keys.table_name, public_url=stage.public_url
        ),
        timeout=timeout,
        memory_mb=512,
    )
    # Two at once is the least: whatever is asked for, captures keep the rest of the account's concurrency.
    function.resource.add_event_source(
        SqsEventSource(asked, batch_size=1, report_batch_item_failures=True, max_concurrency=2)
    )
    store.grant(function.resource, "dynamodb:PutItem", "dynamodb:UpdateItem", only=(items.SESSION,))
    store.grant_signing(function.resource, KeyItem.SESSIONS)
    let_send_mail(function, stage)
    return asked


def _unlisted(scope: Construct, *, stage: Stage) -> sqs.IQueue:
    """The queue of requests for unlisted addresses, which expire unread: the page calls alike for each address."""
    queue = sqs.Queue(
        scope,
        "Unlisted",
        retention_period=Duration.minutes(1),  # the least there is
        enforce_ssl=stage.demands_tls,
        removal_policy=stage.removal_policy,
    )
    Validations.of(queue).acknowledge(
        Acknowledgment(id="AwsSolutions-SQS3", reason="Nobody reads it; what comes to it is to expire.")
    )
    return queue
