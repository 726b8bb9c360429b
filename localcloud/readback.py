"""A deployed stack against its template, resource by resource, through each one's own service.

CloudFormation isn't asked what it made: it only gives the physical ids. A resource that can't be
read, and every property that comes back otherwise than the template says, is a difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from localcloud.cloudformation import dynamic_references, evaluate, live, parameters, template
from localcloud.cloudformation.stacks import Resource, Stack
from localcloud.resources import HANDLERS
from localcloud.resources.base import Account


class Difference(NamedTuple):
    """One property that a service gives back otherwise; no path is the resource itself."""

    logical_id: str
    path: str
    wanted: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.logical_id} {self.path or '(resource)'}: {self.wanted!r} is {self.found!r}"


@dataclass(frozen=True)
class Report:
    """What was read: each logical id with its physical one, and what differs.

    `unread` are the properties that no service gives back: `UploadBucket.BucketNamespace`.
    """

    resources: Mapping[str, str]
    differences: tuple[Difference, ...]
    unread: tuple[str, ...]


def read_back(account: Account, stack_name: str) -> Report:
    """Everything that the stack's own template asks for, looked up in its service."""
    client = account.client("cloudformation")
    text = client.get_template(StackName=stack_name)["TemplateBody"]
    # botocore makes a mapping of a JSON template and leaves a YAML one as text.
    wanted = template.load(text if isinstance(text, str) else json.dumps(text))
    described = client.describe_stacks(StackName=stack_name)["Stacks"][0]
    stack = Stack(id=described["StackId"], name=described["StackName"])
    stack.tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}
    given = {one["ParameterKey"]: one["ParameterValue"] for one in described["Parameters"]}
    stack.parameters = parameters.values(wanted.get("Parameters", {}), given)
    return _report(account, stack, wanted, _physical_ids(account, stack_name))


def _physical_ids(account: Account, stack_name: str) -> dict[str, str]:
    pages = account.client("cloudformation").get_paginator("list_stack_resources")
    return {
        summary["LogicalResourceId"]: summary.get("PhysicalResourceId", "")
        for page in pages.paginate(StackName=stack_name)
        for summary in page["StackResourceSummaries"]
    }


def _report(
    account: Account, stack: Stack, wanted: template.Template, ids: dict[str, str]
) -> Report:
    resources: dict[str, Resource] = {}
    known = evaluate.scope(account, stack, wanted, stack.parameters, resources, _exports(account))
    present = evaluate.present(wanted, known)
    differences: list[Difference] = []
    unread: list[str] = []
    for logical_id in template.creation_order(wanted):
        if logical_id not in present:
            continue
        resource = Resource(logical_id, present[logical_id]["Type"], present[logical_id], {})
        resource.physical_id = ids.get(logical_id, "")
        resources[logical_id] = resource
        if not resource.physical_id:
            differences.append(Difference(logical_id, "", "a physical id", None))
            continue
        properties = evaluate.properties(resource.definition, known, stack.tags)
        resource.properties = dynamic_references.resolved(account, properties)
        differences += _differences(account, resource)
        unread += [f"{logical_id}.{name}" for name in _unread(resource)]
    return Report({name: ids.get(name, "") for name in present}, tuple(differences), tuple(unread))


def _exports(account: Account) -> dict[str, str]:
    pages = account.client("cloudformation").get_paginator("list_exports").paginate()
    return {one["Name"]: one["Value"] for page in pages for one in page["Exports"]}


def _unread(resource: Resource) -> list[str]:
    return sorted(HANDLERS[resource.type].unread & set(resource.properties))


def _differences(account: Account, resource: Resource) -> Iterator[Difference]:
    handler = HANDLERS[resource.type]
    try:
        actual = handler.read(account, resource.physical_id, resource.properties)
    except Exception as error:  # noqa: BLE001 - whatever the reason, it can't be read
        yield Difference(resource.logical_id, "", "can be read", f"{error}")
        return
    for name, wanted in resource.properties.items():
        if name not in handler.unread:
            for difference in live.compare(wanted, live.get(actual, name), (name,)):
                path = _dotted(difference.path)
                yield Difference(resource.logical_id, path, difference.wanted, difference.found)


def _dotted(path: live.Path) -> str:
    first, *rest = path
    return str(first) + "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in rest)
