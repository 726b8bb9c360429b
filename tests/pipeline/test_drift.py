"""drift: what CloudFormation says that somebody changed, by scripted answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.errors import Refused, UserError
from pipeline.stations import drift
from tests.pipeline import scripted_aws
from tests.pipeline.scripted_aws import PROJECT, STACK_ID, Aws, Refusal, deployment

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def aws(scripted: Aws) -> Aws:
    """A stack without drift."""
    scripted.says("DescribeStacks", scripted_aws.stack("CREATE_COMPLETE"))
    scripted.says("DetectStackDrift", {"StackDriftDetectionId": "1"})
    scripted.says("DescribeStackDriftDetectionStatus", status("DETECTION_COMPLETE"))
    scripted.says("DescribeStackResourceDrifts", {"StackResourceDrifts": []})
    scripted.says("ListStackResources", listed(Hello="IN_SYNC", Queue="IN_SYNC"))
    return scripted


def listed(**drifts: str | None) -> dict[str, Any]:
    """The stack's resources, and what the last detection said of each; None: nothing."""
    return {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": name,
                "ResourceType": "AWS::SNS::TopicPolicy",
                "ResourceStatus": "CREATE_COMPLETE",
                "LastUpdatedTimestamp": NOW,
                **({"DriftInformation": {"StackResourceDriftStatus": word}} if word else {}),
            }
            for name, word in drifts.items()
        ]
    }


def status(word: str, reason: str = "") -> dict[str, Any]:
    return {
        "StackId": STACK_ID,
        "StackDriftDetectionId": "1",
        "DetectionStatus": word,
        "DetectionStatusReason": reason,
        "Timestamp": NOW,
    }


def resource(
    logical_id: str,
    word: str,
    *properties: tuple[str, str, str],
    kind: str = "AWS::Lambda::Function",
    difference: str = "NOT_EQUAL",
) -> dict[str, Any]:
    return {
        "StackId": STACK_ID,
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": f"its-{logical_id}",
        "ResourceType": kind,
        "StackResourceDriftStatus": word,
        "Timestamp": NOW,
        "PropertyDifferences": [
            {
                "PropertyPath": path,
                "ExpectedValue": expected,
                "ActualValue": actual,
                "DifferenceType": difference,
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


@pytest.mark.parametrize("state", ["REVIEW_IN_PROGRESS", "DELETE_FAILED", "UPDATE_IN_PROGRESS"])
def test_a_stack_that_aws_does_not_compare_has_its_way_out_told(aws: Aws, state: str) -> None:
    aws.says("DescribeStacks", scripted_aws.stack(state))

    with pytest.raises(Refused, match=f"is in state {state}") as caught:
        drift.show(deployment(aws).target, deployment(aws).rendered)

    assert "nox -s" in caught.value.mend or "Wait until it has ended" in caught.value.mend
    assert "DetectStackDrift" not in aws.operations


def test_what_was_not_compared_is_named_and_never_called_as_deployed(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.says("ListStackResources", listed(Hello="IN_SYNC", Policy=None, Odd="UNSUPPORTED"))

    assert look(aws) == 0
    told = capsys.readouterr().err
    assert "not compared: Policy  AWS::SNS::TopicPolicy" in told
    assert "not compared: Odd" in told
    assert f"{PROJECT}-dev: 1 of 3 resources are as deployed." in told


def test_what_could_not_be_read_says_why(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    unknown = {**resource("Odd", "UNKNOWN"), "DriftStatusReason": "no right to read it"}
    aws.says("DescribeStackResourceDrifts", {"StackResourceDrifts": [unknown]})
    aws.says("ListStackResources", listed(Hello="IN_SYNC", Odd="UNKNOWN"))

    assert look(aws) == 0
    assert "not compared: Odd  AWS::SNS::TopicPolicy: no right to" in capsys.readouterr().err


ENCRYPTION = (
    '{"ServerSideEncryptionConfiguration":'
    '[{"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'
)
MISTAKES = [
    ("/BucketEncryption", ENCRYPTION, "get-bucket-encryption"),
    (
        "/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault",
        '{"SSEAlgorithm":"AES256"}',
        "get-bucket-encryption",
    ),
    ("/OwnershipControls", '{"Rules":[]}', "get-bucket-ownership-controls"),
    (
        "/LifecycleConfiguration/Rules/0/ExpiredObjectDeleteMarker",
        "true",
        "get-bucket-lifecycle-configuration",
    ),
]


@pytest.mark.parametrize(("path", "expected", "command"), MISTAKES)
def test_a_known_mistake_of_cloudformation_is_told_with_the_way_to_see_and_does_not_fail(
    aws: Aws, capsys: pytest.CaptureFixture[str], path: str, expected: str, command: str
) -> None:
    overlooked = resource(
        "Bucket", "MODIFIED", (path, expected, "null"), kind="AWS::S3::Bucket", difference="REMOVE"
    )
    aws.says("DescribeStackResourceDrifts", {"StackResourceDrifts": [overlooked]})
    aws.says("ListStackResources", listed(Bucket="MODIFIED", Hello="IN_SYNC"))

    assert look(aws) == 0
    shown, told = capsys.readouterr()
    assert f"aws s3api {command} --bucket its-Bucket" in " ".join(shown.split())
    assert "1 resource is reported in error" in told


NO_MISTAKES = [
    ("AWS::S3::Bucket", "/BucketEncryption", ENCRYPTION.replace("AES256", "aws:kms"), "REMOVE"),
    ("AWS::S3::Bucket", "/BucketEncryption", ENCRYPTION, "NOT_EQUAL"),
    ("AWS::S3::Bucket", "/LifecycleConfiguration", "{}", "REMOVE"),
    ("AWS::S3::Bucket", "/VersioningConfiguration", "{}", "REMOVE"),
    ("AWS::SQS::Queue", "/OwnershipControls", "{}", "REMOVE"),
]


@pytest.mark.parametrize(("kind", "path", "expected", "difference"), NO_MISTAKES)
def test_nothing_else_is_excused(
    aws: Aws, kind: str, path: str, expected: str, difference: str
) -> None:
    changed = resource(
        "Thing", "MODIFIED", (path, expected, "null"), kind=kind, difference=difference
    )
    aws.says("DescribeStackResourceDrifts", {"StackResourceDrifts": [changed]})

    assert look(aws) == 1


def test_a_known_mistake_excuses_no_other_change_of_the_resource(aws: Aws) -> None:
    both = resource(
        "Bucket",
        "MODIFIED",
        ("/OwnershipControls", "{}", "null"),
        ("/PublicAccessBlockConfiguration", "{}", "null"),
        kind="AWS::S3::Bucket",
        difference="REMOVE",
    )
    aws.says("DescribeStackResourceDrifts", {"StackResourceDrifts": [both]})

    assert look(aws) == 1


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
