"""The results of CloudFormation's drift detection, with the resources that it didn't compare and
its known errors.

A resource whose type has no drift detection is missing from its answer, as one that agrees is: only
the list of the stack's resources tells the two apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.connecting.clients import patiently
from pipeline.errors import UserError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        PropertyDifferenceTypeDef,
        StackResourceDriftTypeDef,
    )

    from pipeline.deploying.target import Target

POLLS = 300
POLL_SECONDS = 2
COMPARED = {"IN_SYNC", "MODIFIED", "DELETED"}
BUCKET = "AWS::S3::Bucket"
ROADMAP = "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues"


@dataclass(frozen=True)
class Difference:
    """One property: the template's value and the real one, as JSON texts.

    `doubt`: why CloudFormation reports this although nothing may have changed, and how to see for
    oneself; empty for a difference to be believed.
    """

    path: str
    expected: str
    actual: str
    doubt: str = ""


@dataclass(frozen=True)
class Drifted:
    """A resource that CloudFormation says is not as it was deployed."""

    logical_id: str
    physical_id: str
    type: str
    gone: bool
    differences: tuple[Difference, ...] = ()

    @property
    def is_believed(self) -> bool:
        """Is there more to it than what CloudFormation is known to get wrong?"""
        return self.gone or not self.differences or not all(one.doubt for one in self.differences)


@dataclass(frozen=True)
class Uncompared:
    """A resource of which drift detection says nothing; `reason` where CloudFormation gave one."""

    logical_id: str
    type: str
    reason: str = ""


@dataclass(frozen=True)
class Detection:
    """One look at all resources of a stack."""

    drifted: tuple[Drifted, ...]
    uncompared: tuple[Uncompared, ...]
    total: int
    incomplete: str = ""
    """CloudFormation's reason when it could not look at everything."""

    @property
    def believed(self) -> list[Drifted]:
        return [resource for resource in self.drifted if resource.is_believed]

    @property
    def as_deployed(self) -> int:
        """How many were compared and agree; what is reported in error counts among them."""
        return self.total - len(self.uncompared) - len(self.believed)


def detect(target: Target, stack_id: str) -> Detection:
    """Have every resource compared, and read what came of it."""
    cloudformation = target.aws.cloudformation
    asked = cloudformation.detect_stack_drift(StackName=stack_id)["StackDriftDetectionId"]
    incomplete = _wait(target, asked)
    answers = _answers(cloudformation, stack_id)
    reasons = {one["LogicalResourceId"]: one.get("DriftStatusReason", "") for one in answers}
    summaries = _summaries(cloudformation, stack_id)
    return Detection(
        drifted=tuple(
            _drifted(described)
            for described in answers
            if described["StackResourceDriftStatus"] in {"MODIFIED", "DELETED"}
        ),
        uncompared=tuple(
            Uncompared(name, described["ResourceType"], reasons.get(name, ""))
            for described in summaries
            if _status(described) not in COMPARED and (name := described["LogicalResourceId"])
        ),
        total=len(summaries),
        incomplete=incomplete,
    )


def doubt(resource_type: str, physical_id: str, difference: PropertyDifferenceTypeDef) -> str:
    """Why this difference may be CloudFormation's mistake, with the command that tells; or ""."""
    if resource_type != BUCKET or difference.get("DifferenceType") != "REMOVE":
        return ""
    path = difference["PropertyPath"].strip("/").split("/")
    see = "See for yourself: aws s3api"
    bucket = f"--bucket {physical_id}"
    if path[0] == "BucketEncryption" and _leaves(difference["ExpectedValue"]) == {"AES256"}:
        return (
            f"CloudFormation is known to overlook it ({ROADMAP}/2554), and S3 encrypts every bucket"
            f" so. {see} get-bucket-encryption {bucket}"
        )
    if path[0] == "OwnershipControls":
        return (
            f"CloudFormation is known to overlook it ({ROADMAP}/1106)."
            f" {see} get-bucket-ownership-controls {bucket}"
        )
    if path[0] == "LifecycleConfiguration" and path[-1] == "ExpiredObjectDeleteMarker":
        return (
            f"CloudFormation never reads it ({ROADMAP}/965)."
            f" {see} get-bucket-lifecycle-configuration {bucket}"
        )
    return ""


def _leaves(text: str) -> set[str]:
    """All values in a property's value, which is JSON or a bare text."""
    try:
        waiting = [json.loads(text)]
    except json.JSONDecodeError:
        return {text}
    leaves = set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        else:
            leaves.add(str(value))
    return leaves


def _drifted(drift: StackResourceDriftTypeDef) -> Drifted:
    kind, physical_id = drift["ResourceType"], drift.get("PhysicalResourceId", "")
    return Drifted(
        logical_id=drift["LogicalResourceId"],
        physical_id=physical_id,
        type=kind,
        gone=drift["StackResourceDriftStatus"] == "DELETED",
        differences=tuple(
            Difference(
                path=difference["PropertyPath"],
                expected=difference["ExpectedValue"],
                actual=difference["ActualValue"],
                doubt=doubt(kind, physical_id, difference),
            )
            for difference in drift.get("PropertyDifferences", [])
        ),
    )


def _wait(target: Target, asked: str) -> str:
    """Until the detection has ended; why it could not look at everything, or an empty text."""
    cloudformation = target.aws.cloudformation
    for _ in range(POLLS):
        answer = patiently(
            lambda: cloudformation.describe_stack_drift_detection_status(
                StackDriftDetectionId=asked
            ),
            target.sleep,
        )
        if answer["DetectionStatus"] == "DETECTION_FAILED":
            return answer.get("DetectionStatusReason", "no reason given")
        if answer["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            return ""
        target.sleep(POLL_SECONDS)
    raise UserError(
        "CloudFormation has been detecting drift for ten minutes.", mend="Run it again later."
    )


def _answers(
    cloudformation: CloudFormationClient, stack_id: str
) -> list[StackResourceDriftTypeDef]:
    answers: list[StackResourceDriftTypeDef] = []
    page: dict[str, str] = {}
    while True:
        answer = cloudformation.describe_stack_resource_drifts(
            StackName=stack_id,
            StackResourceDriftStatusFilters=["MODIFIED", "DELETED", "UNKNOWN"],
            **page,  # type: ignore[arg-type]  # NextToken or nothing
        )
        answers += answer["StackResourceDrifts"]
        if not answer.get("NextToken"):
            return answers
        page = {"NextToken": answer["NextToken"]}


def _summaries(cloudformation: CloudFormationClient, stack_id: str) -> list[Any]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    return [
        summary
        for page in pages
        for summary in page["StackResourceSummaries"]
        if summary["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def _status(summary: Any) -> str:
    status: str = summary.get("DriftInformation", {}).get("StackResourceDriftStatus", "NOT_CHECKED")
    return status
