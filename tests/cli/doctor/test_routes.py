"""What `earshot doctor` says of rules of declared routes on AWS, where CloudFormation compares templates alone."""

from types import SimpleNamespace
from typing import Any

import pytest

from cli.doctor.findings import Finding
from cli.doctor.routes import check_rules
from shared.config.model import Config


def findings(config: Config, **changed: str | None) -> list[Finding]:
    states: dict[str, str | None] = {**dict.fromkeys(config.declared_routes(), "ENABLED"), **changed}
    rules = [{"Name": f"earshot-route-{id}", "State": state} for id, state in states.items() if state]
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
