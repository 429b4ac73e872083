"""Texts: the topic that brings them, the function that takes them, and Twilio's way in."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_smsvoice as smsvoice
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.alarms import Alarms
from infra.failures import DeadLetterQueue
from infra.function import Function
from infra.http import HttpApi
from infra.stage import Stage
from infra.store import Store
from shared.config.model import NumberType, SmsSettings
from shared.settings import CaptureSmsSettings
from shared.table import items


class CaptureSms(Construct):
    """A customer's text becomes feedback; one that cannot be taken is kept for `earshot redrive`."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stage: Stage,
        api: HttpApi,
        store: Store,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, id)
        # Named, so that a number which outlasted its stack still finds the topic of the next one.
        self.topic = sns.Topic(self, "Texts", topic_name=stage.named("texts"), enforce_ssl=stage.demands_tls)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("sms-voice.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        self.untaken = DeadLetterQueue(
            self,
            "Untaken",
            stage=stage,
            alarms=alarms,
            means="Texts could not be taken: read the log of capture_sms, mend the cause, then run `earshot redrive`.",
        )
        self.function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.capture_sms.handler.handler",
            settings=CaptureSmsSettings(
                table=store.table.table_name,
                keys_table=store.keys.table_name,
                secrets_key=store.secrets_key.key_id,
                public_url=stage.public_url,
                sms_topic=self.topic.topic_arn,
            ),
            timeout=Duration.seconds(15),
            memory_mb=512,
        )
        self.function.resource.configure_async_invoke(
            on_failure=destinations.SqsDestination(self.untaken.queue), retry_attempts=2
        )
        self.topic.add_subscription(
            subscriptions.LambdaSubscription(self.function.resource, dead_letter_queue=self.untaken.queue)
        )
        store.grant(self.function.resource, "dynamodb:GetItem", only=(items.FEEDBACK, items.PERSON, items.CLAIM))
        store.grant(self.function.resource, "dynamodb:PutItem", only=(items.PERSON, items.CLAIM, items.MESSAGE))
        store.grant(self.function.resource, "dynamodb:UpdateItem", only=(items.BUDGET,))
        store.grant_cases(self.function.resource)
        alarms.when_counted(
            "capture_sms",
            "RepliesOverBudget",
            means="A day has no room for more texts, so replies are left out; what customers say is stored. "
            "Many numbers may be made up; raise sms.sent_per_day or sms.sent_per_source if they are real.",
        )
        store.grant_twilio_tokens(self.function.resource)
        api.route("/sms/twilio", self.function, apigatewayv2.HttpMethod.POST, a_second=100)
        if stage.config.sms and stage.config.sms.request:
            self._request_number(stage.config.sms, stage.config.sms.request, stage)

    def _request_number(self, sms: SmsSettings, kind: NumberType, stage: Stage) -> None:
        """A number whose texts come here, STOP and HELP among them: Earshot knows more words for those than AWS."""
        unsaid = smsvoice.CfnPhoneNumber.MandatoryKeywordProperty(message=f"For help: {sms.help}")
        number = smsvoice.CfnPhoneNumber(
            self,
            "Number",
            iso_country_code=sms.request_country or sms.countries[0],
            number_type=kind.value,
            number_capabilities=["SMS"],
            two_way=smsvoice.CfnPhoneNumber.TwoWayProperty(enabled=True, channel_arn=self.topic.topic_arn),
            self_managed_opt_outs_enabled=True,
            mandatory_keywords=smsvoice.CfnPhoneNumber.MandatoryKeywordsProperty(help=unsaid, stop=unsaid),
            deletion_protection_enabled=stage.keeps_data,
        )
        number.apply_removal_policy(stage.removal_policy)  # CloudFormation could not delete what is protected
        number.node.add_dependency(self.topic)  # with its policy: AWS tries the topic when it sets up the number
