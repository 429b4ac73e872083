"""Who hears of alarms, for a stage on AWS whose subscriptions are made up here."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.doctor import alarms
from cli.doctor.alarms import check_alarms
from shared.config.model import Config

TOPIC = "arn:aws:sns:eu-west-1:111122223333:earshot-alarms"
CONFIRMED = f"{TOPIC}:8f2c"


def findings(
    config: Config, monkeypatch: pytest.MonkeyPatch, subscribed: dict[str, str], refusal: str | None = None
) -> list[str]:
    def pages(TopicArn: str) -> list[dict[str, Any]]:  # noqa: N803 - as boto3 has it
        assert TopicArn == TOPIC
        if refusal:
            raise ClientError({"Error": {"Code": refusal, "Message": ""}}, "ListSubscriptionsByTopic")
        return [{"Subscriptions": [{"Endpoint": to, "SubscriptionArn": arn}]} for to, arn in subscribed.items()]

    client = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=pages))
    monkeypatch.setattr(alarms, "client_at", lambda *_: client)
    stage: Any = SimpleNamespace(is_local=False, config=config, outputs={"AlarmTopic": TOPIC})
    return [f"{finding.subject}: {finding.message} {finding.paste or ''}".strip() for finding in check_alarms(stage)]


def test_who_has_confirmed_hears(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings(config, monkeypatch, {"it@fernleaf.example": CONFIRMED}) == []


def test_who_has_not_confirmed_yet_is_named(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    for state in ("PendingConfirmation", "Deleted"):
        [line] = findings(config, monkeypatch, {"it@fernleaf.example": state})
        assert line.startswith("alarms it@fernleaf.example: has not confirmed yet")


def test_whom_aws_has_forgotten_is_named_with_the_command_that_asks_again(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    [line] = findings(config, monkeypatch, {})
    assert line.endswith(
        f"aws sns subscribe --topic-arn {TOPIC} --protocol email --notification-endpoint it@fernleaf.example"
    )


def test_alarms_that_reach_nobody_are_said(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    unnamed = config.model_copy(update={"alarms": ()})
    for subscribed in ({}, {"it@fernleaf.example": "PendingConfirmation"}):
        [line] = findings(unnamed, monkeypatch, subscribed)
        assert line.startswith("alarms: reach nobody; add alarms =")
    assert findings(unnamed, monkeypatch, {"https://pager.example": CONFIRMED}) == [], "someone subscribed by hand"


def test_what_cannot_be_looked_at_is_said(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings(config, monkeypatch, {}, "AuthorizationError") == [
        "alarms: cannot look at who hears of them (AuthorizationError)"
    ]
