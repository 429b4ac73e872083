"""The rule that the README shows is run: what it hands to invite is a request that invite takes."""

import json
import re
from pathlib import Path

from aws_cdk import App, ArnFormat, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from shared.model.events import InvitationRequested

README = Path(__file__).parent.parent.parent / "README.md"


def test_an_order_delivered_becomes_a_question_by_the_rule_that_is_shown() -> None:
    [shown] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    stack = Stack(App(), "Orders")
    names = {"ArnFormat": ArnFormat, "events": events, "lambda_": lambda_, "targets": targets}
    exec(shown, {**names, "self": stack, "invite_function": "earshot-Invite"})  # noqa: S102 - our own README
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Lambda::Permission", 1)
    [rule] = template.find_resources("AWS::Events::Rule").values()
    transformer = rule["Properties"]["Targets"][0]["InputTransformer"]
    order = {"id": "e1", "time": "2026-03-14T09:26:53Z", "source": "orders", "detail": {"phone": "+44", "order": "1"}}
    event = transformer["InputTemplate"]
    for name, path in transformer["InputPathsMap"].items():
        value = order
        for part in path.removeprefix("$.").split("."):
            value = value[part]  # type: ignore[assignment]
        event = event.replace(f"<{name}>", json.dumps(value))
    handed = json.loads(event)
    assert (handed["id"], handed["source"], handed["time"]) == ("e1", "orders", "2026-03-14T09:26:53Z")
    assert handed["detail-type"] == InvitationRequested.detail_type
    assert InvitationRequested.model_validate(handed["detail"]).customer.phone == "+44"
