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


def test_an_answer_that_a_busy_server_did_not_take_is_given_again(cloudformation: CloudFormation) -> None:
    cloudformation.refusals = [503, 500]
    custom_resource.answer(cloudformation.request("Create"), lambda: None)
    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"]


@pytest.mark.parametrize("status", [403, 307])
def test_an_answer_that_was_refused_fails_the_function_so_that_lambda_tries_again(
    cloudformation: CloudFormation, status: int
) -> None:
    cloudformation.refusals = [status]
    with pytest.raises(custom_resource.AnswerRefused, match=f"SUCCESS was refused with HTTP {status}"):
        custom_resource.answer(cloudformation.request("Create"), lambda: None)
    assert cloudformation.answers == []
