"""What an operation is about: the actions that it needs, and the ARN that a policy has to name.

After the Service Authorization Reference, whose ARN forms have placeholders, and each service's API
reference, whose parameters have names of their own: a queue's URL, a topic's ARN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.iam import service_reference

Fields = dict[str, str]

ALIASES = {"BucketName": "Bucket", "ObjectName": "Key"}  # AWS's ARN forms, and S3's parameters
# What requests are signed for, where actions begin with another name.
_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
# Parameters that name what an operation is about and aren't called like a part of its ARN.
_NAMING = {
    "bedrock": ("modelId",),
    "events": ("EventBusName",),
    "firehose": ("DeliveryStreamName",),
    "kinesis": ("StreamARN", "StreamName"),
    "rds-data": ("resourceArn",),
    "sns": ("TopicArn", "TargetArn"),
    "sqs": ("QueueUrl",),
    "ssm": ("Name",),
    "states": ("stateMachineArn", "executionArn"),
}
_TRANSACTED = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def prefix_of(signed_for: str) -> str:
    """What a service's actions begin with, by the name that its requests are signed for."""
    return _PREFIXES.get(signed_for, signed_for)


def parts(prefix: str, operation: str, params: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The operations that IAM judges one by one, each with its parameters: most are one."""
    if prefix == "dynamodb" and operation in {"BatchGetItem", "BatchWriteItem"}:
        return [(operation, {"TableName": name}) for name in _mapping(params.get("RequestItems"))]
    if prefix == "dynamodb" and operation in {"TransactGetItems", "TransactWriteItems"}:
        return list(_transacted(params.get("TransactItems") or ()))
    if (prefix, operation) == ("events", "PutEvents"):
        buses = {_mapping(one).get("EventBusName", "default") for one in params.get("Entries", ())}
        return [(operation, {"EventBusName": bus}) for bus in sorted(buses)]
    return [(operation, params)]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _transacted(items: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for item in items:
        for kind, params in _mapping(item).items():
            if kind in _TRANSACTED:
                yield _TRANSACTED[kind], params


def fields(prefix: str, params: Mapping[str, Any]) -> Fields:
    """The parameters that name what the operation is about, in the words of AWS's ARN forms."""
    service = service_reference.services().get(prefix)
    forms = service.arns.values() if service else ()
    names = {name for form in forms for name in service_reference.placeholders(form)}
    names |= {*_NAMING.get(prefix, ())}
    given = {name: params.get(ALIASES.get(name, name)) for name in sorted(names)}
    return {name: value for name, value in given.items() if isinstance(value, str)}


def resource(action: str, where: Mapping[str, str], named: Mapping[str, str]) -> str:
    """The ARN that a call is about; `where` has its Partition, Region and Account."""
    prefix = action.partition(":")[0]
    for value in named.values():
        if value.startswith("arn:") and value.split(":")[2:3] == [prefix]:
            return value
    return service_reference.resource_of(action, {**where, **named, **_derived(prefix, named)})


def _derived(prefix: str, named: Mapping[str, str]) -> Fields:
    """The parts of ARNs that stand within a parameter."""
    if prefix == "sqs" and "QueueUrl" in named:
        return {"QueueName": named["QueueUrl"].rpartition("/")[2]}
    if prefix == "ssm" and "Name" in named:
        return {"ParameterNameWithoutLeadingSlash": named["Name"].lstrip("/")}
    return {}
