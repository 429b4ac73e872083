import pytest
from aws_cdk.assertions import Template

from tests.infra.conftest import Resources


def test_every_route_has_a_throttle_of_its_own(resources: Resources) -> None:
    [stage] = resources("AWS::ApiGatewayV2::Stage").values()
    routes = {route["RouteKey"] for route in resources("AWS::ApiGatewayV2::Route").values()}
    assert stage["RouteSettings"].keys() == routes
    for throttle in stage["RouteSettings"].values():
        assert 0 < throttle["ThrottlingRateLimit"] <= throttle["ThrottlingBurstLimit"]


@pytest.mark.parametrize("page", ["f", "u"])
def test_a_link_with_a_slash_and_words_behind_it_is_still_the_link(resources: Resources, page: str) -> None:
    routes = {route["RouteKey"] for route in resources("AWS::ApiGatewayV2::Route").values()}
    assert {key for key in routes if f" /{page}/" in key} == {
        f"{each} /{page}/{{link+}}" for each in ("GET", "HEAD", "POST")
    }


def test_a_flood_of_requests_to_sign_in_leaves_members_their_page(resources: Resources) -> None:
    [stage] = resources("AWS::ApiGatewayV2::Stage").values()
    asked, page = stage["RouteSettings"]["POST /t/sign_in"], stage["RouteSettings"]["POST /t/{link}"]
    assert asked["ThrottlingRateLimit"] < page["ThrottlingRateLimit"]


def test_the_stage_waits_for_the_routes_that_its_throttles_name(template: Template) -> None:
    [stage] = template.find_resources("AWS::ApiGatewayV2::Stage").values()
    assert set(template.find_resources("AWS::ApiGatewayV2::Route")) <= set(stage["DependsOn"])
