from collections.abc import Iterator

import pytest

from functions.setup import custom_resource
from tests.kit.cloudformation import CloudFormation, waiting


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    with waiting() as waits:
        yield waits


def test_what_is_done_is_answered_under_an_id_that_never_changes(cloudformation: CloudFormation) -> None:
    done: list[str] = []
    custom_resource.answer(cloudformation.request("Create", name="a"), lambda: done.append("a"))
    custom_resource.answer(cloudformation.request("Update", name="b"), lambda: done.append("b"))
    assert done == ["a", "b"]
    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS", "SUCCESS"]
    assert len({answer["PhysicalResourceId"] for answer in cloudformation.answers}) == 1
    assert {"StackId", "RequestId", "LogicalResourceId"} <= cloudformation.answers[0].keys()


def test_a_failure_is_answered_at_once_and_briefly(cloudformation: CloudFormation) -> None:
    def fail() -> None:
        raise PermissionError("not allowed " * 1_000)

    custom_resource.answer(cloudformation.request("Create"), fail)
    [answer] = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("PermissionError: not allowed")
    assert len(answer["Reason"]) == custom_resource.MAX_REASON
