"""Drift detection: each resource of a stack against what was deployed, and the answers about it.

AWS's page "Detect unmanaged configuration changes to stacks and resources with drift detection"
describes it, botocore's model its answers. Left open there and chosen here: a detection is done
when it is asked for, and more than the template wants (a tag, a variable) isn't drift.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

from localcloud.cloudformation import changes, live
from localcloud.cloudformation.errors import ValidationError
from localcloud.cloudformation.live import State
from localcloud.cloudformation.stacks import Resource, Stack, now
from localcloud.resources.base import Account

# "Drift detection status codes": in any other state of a stack AWS refuses.
STATES = {
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED",
    "IMPORT_COMPLETE",
}  # fmt: skip
STATUS = "StackResourceDriftStatus"
DIFFERENT = {live.MODIFIED, live.DELETED}


def detect(account: Account, stack: Stack, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Look at the whole stack, or at the resources of these logical ids; how it went."""
    if stack.status not in STATES:
        raise ValidationError(
            f"Drift detection cannot be performed on stack [{stack.name}] while in"
            f" {stack.status} state"
        )
    for resource in _chosen(stack, names):
        look(account, stack, resource)
    statuses = [one.drift.get(STATUS) for one in stack.resources.values()]
    drifted = len([status for status in statuses if status in DIFFERENT])
    stack.drift = ("DRIFTED" if drifted else "IN_SYNC", now())
    return {
        "StackId": stack.id,
        "StackDriftDetectionId": str(uuid4()),
        "StackDriftStatus": stack.drift[0],
        "DetectionStatus": "DETECTION_COMPLETE",
        "DriftedStackResourceCount": drifted,
        "Timestamp": stack.drift[1],
    }


def _chosen(stack: Stack, names: Iterable[str] | None) -> list[Resource]:
    if not names:
        return list(stack.resources.values())
    missing = sorted(set(names) - stack.resources.keys())
    if missing:
        raise ValidationError(f"Resources {missing} do not exist for stack [{stack.name}]")
    return [stack.resources[name] for name in names]


def look(account: Account, stack: Stack, resource: Resource) -> None:
    """Compare a resource with what was deployed; a type that nobody can read stays unchecked."""
    seen = live.state(account, resource, resource.properties)
    resource.drift = {} if seen.status == live.UNSUPPORTED else _answer(stack, resource, seen)


def _answer(stack: Stack, resource: Resource, seen: State) -> dict[str, Any]:
    """What DescribeStackResourceDrifts says of a resource that was compared."""
    hidden = {path[0] for path in seen.ignored}
    wanted = {name: value for name, value in resource.properties.items() if name not in hidden}
    answer = {
        "StackId": stack.id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "ExpectedProperties": json.dumps(wanted, sort_keys=True),
        STATUS: seen.status,
        "Timestamp": now(),
    }
    if seen.status in {live.IN_SYNC, live.MODIFIED}:
        actual = {name: live.get(seen.actual, name) for name in wanted}
        answer["ActualProperties"] = json.dumps(actual, sort_keys=True, default=str)
        answer["PropertyDifferences"] = list(_differences(seen))
    return answer


def _differences(seen: State) -> Iterator[dict[str, str]]:
    for path, wanted, actual in seen.differences:
        place = "/" + "/".join(map(str, path))
        if isinstance(wanted, list) and isinstance(actual, list):
            yield from _of_lists(place, wanted, actual)
        elif actual is None:
            yield _difference(place, "REMOVE", wanted, None)
        else:
            yield _difference(place, "NOT_EQUAL", wanted, actual)


def _of_lists(place: str, wanted: list[Any], actual: list[Any]) -> Iterator[dict[str, str]]:
    """Lists of another length: which items came, and which went."""
    left = list(actual)
    for index, item in enumerate(wanted):
        match = next((one for one in left if not any(live.compare(item, one, ()))), None)
        if match is None:
            yield _difference(f"{place}/{index}", "REMOVE", item, None)
        else:
            left.remove(match)
    for item in left:
        yield _difference(f"{place}/{actual.index(item)}", "ADD", None, item)


def _difference(place: str, kind: str, wanted: Any, actual: Any) -> dict[str, str]:
    return {
        "PropertyPath": place,
        "ExpectedValue": "null" if wanted is None else changes.text(wanted),
        "ActualValue": "null" if actual is None else changes.text(actual),
        "DifferenceType": kind,
    }
