"""rollback: each stuck state has its own call, and its end is watched."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.deploying import screen
from pipeline.deploying.watching import Interrupted
from pipeline.errors import Refused, UserError
from pipeline.stations import rollback
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import Aws, deployment, history, of_stack

BACK = of_stack("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
RESTORED = of_stack("UPDATE_ROLLBACK_COMPLETE")
STUCK = {
    "LogicalResourceId": "Queue",
    "PhysicalResourceId": "queue-1",
    "ResourceType": "AWS::SQS::Queue",
    "ResourceStatus": "UPDATE_FAILED",
    "ResourceStatusReason": "The queue is gone",
    "LastUpdatedTimestamp": 0,
}


@pytest.fixture
def aws(scripted: Aws) -> Aws:
    """A stack that can be brought back."""
    before = of_stack("UPDATE_ROLLBACK_FAILED")
    scripted.says("DescribeStackEvents", history(before), history(before, BACK, RESTORED))
    scripted.says("GetTemplate", {"TemplateBody": scripted_aws.TEMPLATE})
    scripted.says("ListStackResources", {"StackResourceSummaries": [STUCK]})
    scripted.says("CancelUpdateStack", {})
    scripted.says("ContinueUpdateRollback", {})
    scripted.says("RollbackStack", {})
    return scripted


def take_back(aws: Aws, state: str, *skip: str, **more: Any) -> None:
    aws.says("DescribeStacks", scripted_aws.stack(state))
    one = deployment(aws, more.get("of"))
    rollback.take_back(one.target, more.get("confirm"), skip, one.where)


def test_ctrl_c_while_it_is_asked_for_says_that_it_may_have_begun(aws: Aws) -> None:
    aws.says("ContinueUpdateRollback", KeyboardInterrupt())

    with pytest.raises(Interrupted, match="may have begun"):
        take_back(aws, "UPDATE_ROLLBACK_FAILED")


@pytest.mark.parametrize(
    ("state", "call"),
    [
        ("UPDATE_IN_PROGRESS", "CancelUpdateStack"),
        ("UPDATE_ROLLBACK_FAILED", "ContinueUpdateRollback"),
        ("UPDATE_FAILED", "RollbackStack"),
        ("CREATE_FAILED", "RollbackStack"),
    ],
)
def test_each_stuck_state_is_left_by_its_own_call(aws: Aws, state: str, call: str) -> None:
    take_back(aws, state)

    assert call in aws.operations
    assert not {"CancelUpdateStack", "ContinueUpdateRollback", "RollbackStack"} - {call} & set(
        aws.operations
    )


def test_what_stands_in_the_way_is_told_with_its_line(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    take_back(aws, "UPDATE_ROLLBACK_FAILED")

    told = "templates/main.yaml.j2:13: Queue (AWS::SQS::Queue) UPDATE_FAILED: The queue is gone"
    assert told in capsys.readouterr().err


def test_a_resource_that_can_not_go_back_may_be_skipped(aws: Aws) -> None:
    take_back(aws, "UPDATE_ROLLBACK_FAILED", "Queue")

    assert aws.sent("ContinueUpdateRollback")["ResourcesToSkip"] == ["Queue"]


@pytest.mark.parametrize("state", ["UPDATE_COMPLETE", "ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS"])
def test_a_stack_without_an_update_to_take_back_says_what_to_do(aws: Aws, state: str) -> None:
    with pytest.raises(Refused, match="no update to roll back") as caught:
        take_back(aws, state)

    assert caught.value.mend


def test_a_protected_environment_asks_for_its_name(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "ask", lambda _: "yes")

    with pytest.raises(Refused, match="not its name"):
        take_back(aws, "UPDATE_ROLLBACK_FAILED", of=scripted_aws.protected())

    assert "ContinueUpdateRollback" not in aws.operations


def test_a_second_failure_is_told_in_awss_words(aws: Aws) -> None:
    before = of_stack("UPDATE_ROLLBACK_FAILED")
    again = ("Queue", "AWS::SQS::Queue", "UPDATE_FAILED", "The queue is still gone")
    failed = history(before, BACK, again, of_stack("UPDATE_ROLLBACK_FAILED"))
    aws.says("DescribeStackEvents", history(before), failed)

    with pytest.raises(UserError, match="still gone") as caught:
        take_back(aws, "UPDATE_ROLLBACK_FAILED")

    assert caught.value.where == "templates/main.yaml.j2:13"
    assert "nox -s rollback -- dev" in caught.value.mend
