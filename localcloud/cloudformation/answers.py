"""What CloudFormation's answers show of a stack, a resource, an event, a change set."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from localcloud.cloudformation.stacks import ChangeSet, Event, Resource, Stack
from localcloud.cloudformation.template import Template


def _pairs(values: dict[str, str], key: str, value: str) -> list[dict[str, str]]:
    return [{key: name, value: one} for name, one in values.items()]


def _parameters(declared: dict[str, Any], values: dict[str, str]) -> list[dict[str, str]]:
    hidden = {name: "****" for name, one in declared.items() if one.get("NoEcho")}
    return _pairs(values | hidden, "ParameterKey", "ParameterValue")


def of_stack(stack: Stack) -> dict[str, Any]:
    """DescribeStacks."""
    shown = {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.executed or None,
        "Description": stack.template.get("Description"),
        "Parameters": _parameters(stack.template.get("Parameters", {}), stack.parameters),
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DisableRollback": False,
        "Capabilities": stack.capabilities,
        "Outputs": stack.outputs,
        "Tags": _pairs(stack.tags, "Key", "Value"),
        "EnableTerminationProtection": stack.protected,
        "DriftInformation": _drift("StackDriftStatus", *(stack.drift or ())),
        **stack.options,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _drift(key: str, status: str = "NOT_CHECKED", at: datetime | None = None) -> dict[str, Any]:
    return {key: status} | ({"LastCheckTimestamp": at} if at else {})


def _resource_drift(resource: Resource) -> dict[str, Any]:
    key, seen = "StackResourceDriftStatus", resource.drift
    return _drift(key, seen[key], seen["Timestamp"]) if seen else _drift(key)


def summary(stack: Stack) -> dict[str, Any]:
    """ListStacks."""
    keep = {
        "StackId", "StackName", "CreationTime", "LastUpdatedTime", "DeletionTime", "StackStatus",
        "StackStatusReason", "DriftInformation",
    }  # fmt: skip
    shown = {key: value for key, value in of_stack(stack).items() if key in keep}
    return shown | {"TemplateDescription": stack.template.get("Description")}


def of_event(stack: Stack, event: Event) -> dict[str, Any]:
    """DescribeStackEvents."""
    resource = stack.resources.get(event.logical_id)
    shown = {
        "StackId": stack.id,
        "EventId": event.id,
        "StackName": stack.name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "Timestamp": event.at,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or None,
        "ResourceProperties": json.dumps(resource.properties) if resource else None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def of_resource(stack: Stack, resource: Resource) -> dict[str, Any]:
    """DescribeStackResources."""
    shown = {
        "StackName": stack.name,
        "StackId": stack.id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "Timestamp": resource.changed,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason or None,
        "DriftInformation": _resource_drift(resource),
    }
    return {key: value for key, value in shown.items() if value is not None}


def of_change_set(stack: Stack, change_set: ChangeSet) -> dict[str, Any]:
    """DescribeChangeSet, but for the changes."""
    declared = change_set.template.get("Parameters", {})
    shown = {
        "ChangeSetName": change_set.name,
        "ChangeSetId": change_set.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": change_set.options.get("Description"),
        "Parameters": _parameters(declared, change_set.parameters),
        "CreationTime": change_set.created,
        "ExecutionStatus": change_set.execution,
        "Status": change_set.status,
        "StatusReason": change_set.reason or None,
        "NotificationARNs": change_set.options["NotificationARNs"],
        "Capabilities": change_set.capabilities,
        "Tags": _pairs(change_set.tags, "Key", "Value"),
        "ImportExistingResources": change_set.options["ImportExistingResources"],
        "OnStackFailure": change_set.options["OnStackFailure"],
        "DeploymentMode": change_set.options["DeploymentMode"],
        "StackDriftStatus": change_set.drift or None,
        "IncludeNestedStacks": False,
    }
    return {key: value for key, value in shown.items() if value is not None}


VALUES = {"BeforeContext", "AfterContext", "BeforeValue", "AfterValue", "Drift"}


def without_values(value: Any) -> Any:
    """A change as it is shown to those who didn't ask for IncludePropertyValues."""
    if isinstance(value, list):
        return [without_values(item) for item in value]
    if isinstance(value, dict):
        return {key: without_values(item) for key, item in value.items() if key not in VALUES}
    return value


def declared(wanted: Template) -> list[dict[str, Any]]:
    """GetTemplateSummary's parameters."""
    return [
        {
            "ParameterKey": name,
            "DefaultValue": parameter.get("Default"),
            "ParameterType": parameter["Type"],
            "NoEcho": bool(parameter.get("NoEcho")),
            "Description": parameter.get("Description"),
            "ParameterConstraints": {
                "AllowedValues": [str(value) for value in parameter.get("AllowedValues", [])]
            },
        }
        for name, parameter in wanted.get("Parameters", {}).items()
    ]
