"""The alarms of a stage, and the topic that they ring."""

from aws_cdk import Annotations, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.stage import Stage
from shared.addresses.targets import Target


class Alarms(Construct):
    """The topic that every alarm goes to, and from there to those whom the file names."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(self, "Topic", enforce_ssl=stage.demands_tls)
        # A policy that demands TLS replaces the one by which SNS lets CloudWatch in.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        if stage.local:  # where no alarm goes off
            return
        for target in stage.config.alarms:
            self.topic.add_subscription(subscriptions.EmailSubscription(Target.parse(target).address))
        if not stage.config.alarms:
            Annotations.of(self).add_warning_v2(
                "earshot:alarms", 'Nobody hears of alarms: add alarms = ["email:..."] to earshot.toml'
            )

    def when(self, id: str, metric: cloudwatch.IMetric, *, at_least: float, minutes: int = 1, means: str) -> None:
        """Raise an alarm when `metric` reaches `at_least` for `minutes`. `means` says what is wrong and what to do."""
        alarm = cloudwatch.Alarm(
            self,
            id,
            alarm_description=means,
            metric=metric,
            threshold=at_least,
            evaluation_periods=minutes,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        action = actions.SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)

    def when_counted(self, service: str, name: str, *, at_least: int = 1, means: str) -> None:
        """Raise an alarm when a function has counted `name` (shared/observe.py) so often within five minutes."""
        metric = cloudwatch.Metric(
            namespace="Earshot",
            metric_name=name,
            dimensions_map={"service": service},
            period=Duration.minutes(5),
            statistic=cloudwatch.Stats.SUM,
        )
        self.when(name, metric, at_least=at_least, means=means)
