"""What `earshot doctor` says of how many functions an account may run at once."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.doctor.account import check_account
from cli.doctor.command import CHECKS
from cli.doctor.findings import Finding


def findings(limit: dict[str, int] | str, *, is_local: bool = False) -> list[Finding]:
    def get_account_settings() -> dict[str, Any]:
        if isinstance(limit, str):
            raise ClientError({"Error": {"Code": limit, "Message": ""}}, "GetAccountSettings")
        return {"AccountLimit": limit}

    client = SimpleNamespace(get_account_settings=get_account_settings)
    stage: Any = SimpleNamespace(is_local=is_local, client={"lambda": client}.__getitem__)
    return list(check_account(stage))


def test_doctor_looks_at_the_account() -> None:
    assert check_account in CHECKS


def test_a_new_account_is_told_how_to_ask_for_more() -> None:
    [finding] = findings({"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10})
    assert finding.message.startswith("this account runs 10 functions at once, and refuses")
    assert finding.paste is not None
    assert finding.paste.endswith("--service-code lambda --quota-code L-B99A9384 --desired-value 1000")


def test_what_others_have_reserved_is_not_there_for_us() -> None:
    [finding] = findings({"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 99})
    assert "runs 99 functions at once (others have reserved 901 of its 1000)" in finding.message
    assert str(finding.paste).endswith("--desired-value 1901")


def test_one_with_room_for_a_hundred_and_the_local_stage_are_fine() -> None:
    assert findings({"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 100}) == []
    assert findings({"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}, is_local=True) == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "TooManyRequestsException"])
def test_what_cannot_be_looked_at_is_said(code: str) -> None:
    [finding] = findings(code)
    assert code in finding.message
