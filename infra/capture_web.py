"""Web capture: the function behind `/f/{link}`."""

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from constructs import Construct

from infra.function import Function
from infra.http import HttpApi
from infra.stage import Stage
from infra.store import Store
from shared.settings import CaptureWebSettings
from shared.table import items


class CaptureWeb(Construct):
    """The page a customer taps, and the answer stored."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage, api: HttpApi, store: Store) -> None:
        super().__init__(scope, id)
        function = Function(
            self,
            "Function",
            stage=stage,
            handler="functions.capture_web.handler.handler",
            settings=CaptureWebSettings(table=store.table.table_name, keys_table=store.keys.table_name),
            timeout=Duration.seconds(10),
            memory_mb=512,
        )
        # One conditional write per answer; and by a customer's own link, what became of it and their verdict.
        store.grant_cases(function.resource)
        store.grant(function.resource, "dynamodb:GetItem", only=(items.LINK,))
        store.grant_signing(function.resource)
        api.route(
            "/f/{link+}",  # with a slash and more behind it, it is still the link
            function,
            apigatewayv2.HttpMethod.GET,
            apigatewayv2.HttpMethod.HEAD,
            apigatewayv2.HttpMethod.POST,
            a_second=500,
        )
