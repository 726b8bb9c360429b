"""What a running stack is made of: its resources, and what its deployed template says of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.documents import parse_outside

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

KEPT = {"Retain", "RetainExceptOnCreate", "Snapshot"}
BUCKET = "AWS::S3::Bucket"


@dataclass(frozen=True)
class Held:
    """One resource of a running stack; `kept`: deleting the stack leaves it where it is.

    `retained`: so does taking its creation back.
    """

    logical_id: str
    physical_id: str
    type: str
    status: str
    kept: bool
    protected: bool
    reason: str = ""
    retained: bool = False


def template(cloudformation: CloudFormationClient, stack_id: str) -> dict[str, Any]:
    """The template that a stack was deployed with, in long form; empty for an empty stack."""
    body: Any = cloudformation.get_template(StackName=stack_id, TemplateStage="Original").get(
        "TemplateBody"
    )
    if not body:
        return {}
    text = body if isinstance(body, str) else json.dumps(body)
    value: dict[str, Any] = parse_outside(text, "the deployed template").value
    return value


def held(cloudformation: CloudFormationClient, stack_id: str) -> list[Held]:
    """What is there, or was left behind, in the order in which CloudFormation lists it."""
    definitions = template(cloudformation, stack_id).get("Resources", {})
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    return [
        _held(summary, definitions.get(summary["LogicalResourceId"], {}))
        for page in pages
        for summary in page["StackResourceSummaries"]
        if summary["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def _held(summary: Any, definition: dict[str, Any]) -> Held:
    properties = definition.get("Properties", {})
    return Held(
        logical_id=summary["LogicalResourceId"],
        physical_id=summary.get("PhysicalResourceId", ""),
        type=summary["ResourceType"],
        status=summary["ResourceStatus"],
        kept=definition.get("DeletionPolicy", "Delete") in KEPT,
        protected=properties.get("DeletionProtectionEnabled") is True,
        reason=summary.get("ResourceStatusReason", ""),
        retained=definition.get("DeletionPolicy") == "Retain",
    )
