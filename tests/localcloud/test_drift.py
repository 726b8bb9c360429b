"""Drift detection: what was changed by hand is found, property by property, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.driving import Driver, group, queue, resources


def detected(aws: Driver, **more: Any) -> dict[str, Any]:
    asked = aws.stacks.detect_stack_drift(StackName="app", **more)["StackDriftDetectionId"]
    status: dict[str, Any] = aws.stacks.describe_stack_drift_detection_status(
        StackDriftDetectionId=asked
    )
    return status


def drifts(aws: Driver, *statuses: str) -> dict[str, dict[str, Any]]:
    filters = {"StackResourceDriftStatusFilters": list(statuses)} if statuses else {}
    answer = aws.stacks.describe_stack_resource_drifts(StackName="app", **filters)
    return {one["LogicalResourceId"]: one for one in answer["StackResourceDrifts"]}


def change_by_hand(aws: Driver) -> None:
    aws("sqs").set_queue_attributes(
        QueueUrl=aws.physical_ids()["Q"], Attributes={"VisibilityTimeout": "7"}
    )


def test_a_stack_as_deployed_is_in_sync(aws_here: Driver) -> None:
    aws_here.deploy(resources(Q=queue(VisibilityTimeout=30), G=group()))

    status = detected(aws_here)

    assert (status["DetectionStatus"], status["StackDriftStatus"]) == (
        "DETECTION_COMPLETE",
        "IN_SYNC",
    )
    assert status["DriftedStackResourceCount"] == 0
    assert {one["StackResourceDriftStatus"] for one in drifts(aws_here).values()} == {"IN_SYNC"}
    assert drifts(aws_here, "MODIFIED", "DELETED") == {}


def test_a_property_that_was_changed_is_told_with_both_values(aws_here: Driver) -> None:
    aws_here.deploy(resources(Q=queue(VisibilityTimeout=30), G=group()))
    change_by_hand(aws_here)

    status = detected(aws_here)

    found = drifts(aws_here, "MODIFIED")
    assert (status["StackDriftStatus"], status["DriftedStackResourceCount"]) == ("DRIFTED", 1)
    assert list(found) == ["Q"]
    assert found["Q"]["PropertyDifferences"] == [
        {
            "PropertyPath": "/VisibilityTimeout",
            "ExpectedValue": "30",
            "ActualValue": "7",
            "DifferenceType": "NOT_EQUAL",
        }
    ]
    assert json.loads(found["Q"]["ExpectedProperties"])["VisibilityTimeout"] == 30
    assert int(json.loads(found["Q"]["ActualProperties"])["VisibilityTimeout"]) == 7


def test_a_resource_that_is_gone_is_deleted_drift(aws_here: Driver) -> None:
    aws_here.deploy(resources(Q=queue(), G=group()))
    aws_here("logs").delete_log_group(logGroupName="/g")

    detected(aws_here)

    assert list(drifts(aws_here, "DELETED")) == ["G"]
    assert "ActualProperties" not in drifts(aws_here)["G"]


def test_items_that_came_and_went_are_told_one_by_one(aws_here: Driver) -> None:
    def rule(origin: str) -> dict[str, Any]:
        return {"AllowedMethods": ["PUT"], "AllowedOrigins": [origin]}

    cors = {"CorsRules": [rule("https://a"), rule("https://b")]}
    box = {"BucketName": "box", "CorsConfiguration": cors}
    aws_here.deploy(resources(Box={"Type": "AWS::S3::Bucket", "Properties": box}))
    by_hand = {"CORSRules": [rule("https://b")]}
    aws_here("s3").put_bucket_cors(Bucket="box", CORSConfiguration=by_hand)

    detected(aws_here)

    [difference] = drifts(aws_here)["Box"]["PropertyDifferences"]
    assert difference["PropertyPath"] == "/CorsConfiguration/CorsRules/0"
    assert difference["DifferenceType"] == "REMOVE"
    assert json.loads(difference["ExpectedValue"])["AllowedOrigins"] == ["https://a"]


def test_the_stack_and_its_resources_remember_the_last_look(aws_here: Driver) -> None:
    aws_here.deploy(resources(Q=queue(VisibilityTimeout=30)))
    before = aws_here.stack()["DriftInformation"]
    change_by_hand(aws_here)

    detected(aws_here)

    [listed] = aws_here.stacks.list_stack_resources(StackName="app")["StackResourceSummaries"]
    assert before == {"StackDriftStatus": "NOT_CHECKED"}
    assert aws_here.stack()["DriftInformation"]["StackDriftStatus"] == "DRIFTED"
    assert listed["DriftInformation"]["StackResourceDriftStatus"] == "MODIFIED"


def test_one_resource_can_be_looked_at_alone(aws_here: Driver) -> None:
    aws_here.deploy(resources(Q=queue(VisibilityTimeout=30), G=group()))
    change_by_hand(aws_here)

    answer = aws_here.stacks.detect_stack_resource_drift(StackName="app", LogicalResourceId="Q")

    assert answer["StackResourceDrift"]["StackResourceDriftStatus"] == "MODIFIED"
    assert list(drifts(aws_here)) == ["Q"]


def test_a_deployment_makes_what_was_seen_before_stale(aws_here: Driver) -> None:
    aws_here.deploy(resources(Q=queue(VisibilityTimeout=30)))
    change_by_hand(aws_here)
    detected(aws_here)

    aws_here.deploy(resources(Q=queue(VisibilityTimeout=40)))

    assert drifts(aws_here) == {}
    assert detected(aws_here)["StackDriftStatus"] == "IN_SYNC"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda aws: aws.stacks.detect_stack_drift(StackName="none"), "does not exist"),
        (
            lambda aws: aws.stacks.detect_stack_drift(StackName="app", LogicalResourceIds=["X"]),
            "do not exist",
        ),
        (
            lambda aws: aws.stacks.describe_stack_drift_detection_status(
                StackDriftDetectionId="00000000-0000-0000-0000-000000000000"
            ),
            "does not exist",
        ),
    ],
    ids=["stack", "resource", "detection"],
)
def test_what_is_not_there_is_refused(aws_here: Driver, call: Any, words: str) -> None:
    aws_here.deploy(resources(Q=queue()))

    with pytest.raises(ClientError, match=words):
        call(aws_here)


def test_a_stack_that_failed_can_not_be_looked_at(aws_here: Driver) -> None:
    aws_here("logs").create_log_group(logGroupName="/g")
    aws_here.deploy(resources(G=group()))

    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE"):
        detected(aws_here)
