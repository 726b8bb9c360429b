"""drift: what CloudFormation says that somebody changed, by scripted answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.errors import UserError
from pipeline.stations import drift
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import STACK_ID, Aws, Refusal, deployment

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def connection() -> Aws:
    return scripted_aws.connected()


@pytest.fixture
def aws(connection: Aws) -> Aws:
    """A stack without drift."""
    connection.reset()
    connection.says("DescribeStacks", scripted_aws.stack("CREATE_COMPLETE"))
    connection.says("DetectStackDrift", {"StackDriftDetectionId": "1"})
    connection.says("DescribeStackDriftDetectionStatus", status("DETECTION_COMPLETE"))
    connection.says("DescribeStackResourceDrifts", {"StackResourceDrifts": []})
    return connection


def status(word: str, reason: str = "") -> dict[str, Any]:
    return {
        "StackId": STACK_ID,
        "StackDriftDetectionId": "1",
        "DetectionStatus": word,
        "DetectionStatusReason": reason,
        "Timestamp": NOW,
    }


def resource(logical_id: str, word: str, *properties: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "StackId": STACK_ID,
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": f"its-{logical_id}",
        "ResourceType": "AWS::Lambda::Function",
        "StackResourceDriftStatus": word,
        "Timestamp": NOW,
        "PropertyDifferences": [
            {
                "PropertyPath": path,
                "ExpectedValue": expected,
                "ActualValue": actual,
                "DifferenceType": "NOT_EQUAL",
            }
            for path, expected, actual in properties
        ],
    }


def look(aws: Aws) -> int:
    one = deployment(aws)
    return drift.show(one.target, one.rendered)


def test_a_stack_as_deployed_has_none(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    assert look(aws) == 0
    assert "is as deployed" in capsys.readouterr().err


def test_each_changed_property_has_its_template_line(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = resource("Hello", "MODIFIED", ("/Handler", "a.b", "c.d"))
    aws.says("DescribeStackResourceDrifts", {"StackResourceDrifts": [changed]})

    assert look(aws) == 1
    assert capsys.readouterr().out.splitlines() == [
        "MODIFIED Hello  AWS::Lambda::Function  its-Hello",
        "        Handler a.b → c.d  templates/main.yaml.j2:28",
    ]


def test_a_functions_variables_are_never_printed(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = ("/Environment/Variables/KEY", "old-word", "new-word")
    found = {"StackResourceDrifts": [resource("Hello", "MODIFIED", secret)]}
    aws.says("DescribeStackResourceDrifts", found)

    look(aws)

    assert "-word" not in capsys.readouterr().out


def test_all_pages_are_read(aws: Aws) -> None:
    gone = {"StackResourceDrifts": [resource("Gone", "DELETED")]}
    aws.says("DescribeStackResourceDrifts", {**gone, "NextToken": "2"}, gone)

    assert look(aws) == 2


def test_it_is_waited_for_and_a_busy_aws_survived(aws: Aws) -> None:
    aws.says(
        "DescribeStackDriftDetectionStatus",
        status("DETECTION_IN_PROGRESS"),
        Refusal("Throttling"),
        status("DETECTION_COMPLETE"),
    )

    assert look(aws) == 0


def test_what_could_not_be_looked_at_is_told_and_the_rest_counts(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = status("DETECTION_FAILED", "Failed to detect drift on resource [Queue]")
    aws.says("DescribeStackDriftDetectionStatus", failed)
    found = {"StackResourceDrifts": [resource("Hello", "DELETED")]}
    aws.says("DescribeStackResourceDrifts", found)

    assert look(aws) == 1
    assert "on resource [Queue]" in capsys.readouterr().err


def test_a_detection_without_an_end_is_given_up(aws: Aws) -> None:
    aws.says("DescribeStackDriftDetectionStatus", status("DETECTION_IN_PROGRESS"))

    with pytest.raises(UserError, match="ten minutes"):
        look(aws)
