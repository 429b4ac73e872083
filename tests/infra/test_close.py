import json
from typing import Any

import pytest

from shared.model.feedback import Channel, Customer
from tests.infra.conftest import Resources
from tests.kit.eventbridge import event, ministack_verdict
from tests.kit.factories import a_feedback


@pytest.mark.parametrize(
    ("about", "brought"),
    [
        ({"customer": Customer(email="ana@mail.example")}, True),
        ({"customer": Customer(ref="order-1", phone="+447400123456")}, True),
        ({"customer": Customer(ref="order-1")}, False),
        ({"customer": Customer(email="ana@mail.example"), "channel": Channel.EMAIL}, False),
    ],
)
def test_who_left_an_address_on_the_page_is_brought_and_nobody_else(
    resources: Resources, about: dict[str, Any], brought: bool
) -> None:
    [pattern] = [
        rule["EventPattern"]
        for rule in resources("AWS::Events::Rule").values()
        if rule.get("EventPattern", {}).get("detail-type") == ["FeedbackCaptured", "FeedbackAmended"]
    ]
    for name in ("FeedbackCaptured", "FeedbackAmended"):
        assert ministack_verdict(json.dumps(pattern), event(name, a_feedback(**about))) is brought
    assert not ministack_verdict(json.dumps(pattern), event("FeedbackResolved", a_feedback(**about)))
