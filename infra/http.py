"""The HTTP API: the one public entrance."""

import json
from typing import cast

import jsii
from aws_cdk import Acknowledgment, CfnResource, Duration, RemovalPolicy, Validations
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.alarms import Alarms
from infra.function import LOG_RETENTION, Function

# A route's key stands in for the path, in which a signed link is a credential. The caller's address is not kept.
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "route": "$context.routeKey",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "bytes": "$context.responseLength",
    "error": "$context.integrationErrorMessage",
}


class HttpApi(Construct):
    """The one public entrance: throttled, and logged without the paths."""

    def __init__(self, scope: Construct, id: str, *, alarms: Alarms) -> None:
        super().__init__(scope, id)
        self.api = apigatewayv2.HttpApi(self, "Api", create_default_stage=False)
        log_group = logs.LogGroup(self, "AccessLogs", retention=LOG_RETENTION, removal_policy=RemovalPolicy.DESTROY)
        self._stage = apigatewayv2.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            auto_deploy=True,
            access_log_settings=_AccessLogs(log_group),
            throttle=apigatewayv2.ThrottleSettings(rate_limit=100, burst_limit=200),  # of what is no route of ours
        )
        alarms.when(
            "HttpServerErrors",
            self.api.metric_server_error(period=Duration.minutes(1), statistic=cloudwatch.Stats.SUM),
            at_least=1,
            means="Customers were answered with an error of ours: read the log of the function behind the route.",
        )

    def route(self, path: str, function: Function, *methods: apigatewayv2.HttpMethod, a_second: int) -> None:
        """Send the requests for `path` to `function`, of each method so many `a_second` and twice that in a burst.

        A throttle per route, so that a flood of one shuts nobody out of the others.
        """
        integration = integrations.HttpLambdaIntegration(f"To{function.node.id}", function.resource)
        stage = cast(CfnResource, self._stage.node.default_child)
        for method, route in zip(
            methods, self.api.add_routes(path=path, methods=list(methods), integration=integration), strict=True
        ):
            self._stage.node.add_dependency(route)  # it names the route
            stage.add_property_override(
                f"RouteSettings.{method.value} {path}",
                {"ThrottlingRateLimit": a_second, "ThrottlingBurstLimit": 2 * a_second},
            )
            Validations.of(route).acknowledge(
                Acknowledgment(
                    id="AwsSolutions-APIG4",
                    reason="Customers have no account: the signed link in the path is what authorises them.",
                )
            )


@jsii.implements(apigatewayv2.IAccessLogSettings)
class _AccessLogs:
    """JSON access logs to a log group."""

    def __init__(self, log_group: logs.LogGroup) -> None:
        self._log_group = log_group

    @property
    def destination(self) -> apigatewayv2.IAccessLogDestination:
        return apigatewayv2.LogGroupLogDestination(self._log_group)

    @property
    def format(self) -> apigateway.AccessLogFormat:
        return apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG))
