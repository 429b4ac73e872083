"""Unsubscribe: the way out."""

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from constructs import Construct

from infra.function import Function
from infra.http import HttpApi
from infra.stage import Stage
from infra.store import Store
from shared.settings import UnsubscribeSettings
from shared.table import items


class Unsubscribe(Construct):
    """`/u/{link}`: being left alone."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage, api: HttpApi, store: Store) -> None:
        super().__init__(scope, id)
        function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.unsubscribe.handler.handler",
            settings=UnsubscribeSettings(table=store.table.table_name),
            timeout=Duration.seconds(10),
            memory_mb=256,
        )
        store.grant(function.resource, "dynamodb:GetItem", only=(items.WAY_OUT, items.PERSON))
        store.grant(function.resource, "dynamodb:PutItem", only=(items.PERSON,))
        api.route(
            "/u/{link+}",
            function,
            apigatewayv2.HttpMethod.GET,
            apigatewayv2.HttpMethod.HEAD,
            apigatewayv2.HttpMethod.POST,
            a_second=50,
        )
