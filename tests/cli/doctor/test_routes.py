"""What `earshot doctor` says of rules of declared routes on AWS, where CloudFormation compares templates alone."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from cli.doctor.findings import Finding
from cli.doctor.routes import check_rules
from shared.conditions.pattern import pattern_text, rule_pattern
from shared.conditions.reader import parse
from shared.config.model import Config


def findings(config: Config, patterns: Mapping[str, str] | None = None, /, **changed: str | None) -> list[Finding]:
    states: dict[str, str | None] = {**dict.fromkeys(config.declared_routes(), "ENABLED"), **changed}
    routes = config.declared_routes()
    patterns = {id: pattern_text(rule_pattern(id, parse(route.when))) for id, route in routes.items()} | dict(
        patterns or {}
    )
    rules = [
        {"Name": f"earshot-route-{id}", "State": state, "EventPattern": patterns[id]}
        for id, state in states.items()
        if state
    ]
    paginator = SimpleNamespace(paginate=lambda EventBusName: [{"Rules": rules}])  # noqa: N803
    stage: Any = SimpleNamespace(
        name="dev",
        is_local=False,
        outputs={"Bus": "earshot-dev"},
        client=lambda _: SimpleNamespace(get_paginator=lambda _: paginator),
        routes=SimpleNamespace(all=config.declared_routes),
    )
    return list(check_rules(stage))


def test_rules_that_stand_need_nothing(config: Config) -> None:
    assert findings(config) == []
    assert findings(config, **{"team-care": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}) == []


@pytest.mark.parametrize(("state", "said"), [(None, "missing"), ("DISABLED", "switched off")])
def test_one_that_was_deleted_or_switched_off_by_hand_needs_a_deploy_that_looks_at_what_is_there(
    config: Config, state: str | None, said: str
) -> None:
    [finding] = findings(config, **{"team-care": state})
    assert finding.subject == "routes.team-care"
    assert finding.message == (
        f"its rule is {said}, so nothing is caught; run `make deploy MEND=1 STAGE=dev`, "
        "which looks at what is there, as a plain deploy does not"
    )


def test_one_that_is_older_than_what_conditions_read_is_named_with_the_fix(config: Config) -> None:
    id, route = next(iter(config.routes.items()))
    route = route.model_copy(update={"when": "words ~ refund"})
    config = config.model_copy(update={"routes": {**config.routes, id: route}})
    today = pattern_text(rule_pattern(id, parse(route.when)))
    before = today.replace('"words"', '"comment_folded"')
    assert before != today
    [finding] = findings(config, {id: before})
    assert finding.subject == f"routes.{id}"
    assert finding.message == (
        "its rule is older than the condition, or than how conditions are read today, and may catch something else; "
        "run `make deploy MEND=1 STAGE=dev`, which looks at what is there, as a plain deploy does not"
    )
