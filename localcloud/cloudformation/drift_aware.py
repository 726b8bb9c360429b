"""A change set that looks at what is really there: DeploymentMode REVERT_DRIFT.

AWS's page "Using drift-aware change sets" describes it, botocore's model its answers. Left open
there and chosen here: a resource that is gone is shown as Add with ResourceDriftStatus DELETED.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from localcloud.cloudformation import changes, live, schemas
from localcloud.cloudformation.changes import MISSING, UNKNOWN, Known, Plan, Wish
from localcloud.cloudformation.errors import ValidationError
from localcloud.cloudformation.intrinsics import Scope
from localcloud.cloudformation.live import Path, State
from localcloud.cloudformation.stacks import Resource, Stack, now
from localcloud.resources.base import Account, Properties

MODE = "REVERT_DRIFT"
DRIFTED = {live.MODIFIED, live.DELETED}


def plan(account: Account, stack: Stack, wish: Wish, exports: dict[str, str]) -> Plan:
    """What would bring the stack, as it really is, to a wish."""
    known = _Actual(account, stack, wish, exports)
    planned = changes.plan_by(known)
    planned.drift = "DRIFTED" if known.drifted else "IN_SYNC"
    return planned


def actual(account: Account, resource: Resource, wanted: Properties) -> Resource | None:
    """The resource with the properties that it really has; None if it is gone.

    What differs from `wanted` is as its service tells it, all else as it was deployed.
    """
    seen = live.state(account, resource, wanted)
    if seen.status == live.DELETED:
        return None
    properties = dict(resource.properties)
    for name in {str(one.path[0]) for one in seen.differences} - schemas.create_only(resource.type):
        value = live.get(seen.actual, name)
        properties.pop(name, None)
        if value is not None:
            properties[name] = value
    return Resource(
        resource.logical_id,
        resource.type,
        resource.definition,
        properties,
        resource.physical_id,
        resource.status,
    )


class _Actual(Known):
    """What can be known before the execution, with each resource as it is now."""

    def __init__(self, account: Account, stack: Stack, wish: Wish, exports: dict[str, str]) -> None:
        super().__init__(account, stack, wish, exports)
        self.drifted: set[str] = set()

    def attribute(self, known: Scope, name: str, attribute: str) -> Any:
        """What a resource that is about to be mended lacks yet, only the execution can tell."""
        try:
            return known.attribute(name, attribute)
        except ValidationError:
            if name in self.drifted:
                return UNKNOWN
            raise

    def change(self, logical_id: str, definition: dict[str, Any]) -> list[dict[str, Any]]:
        before = self.stack.resources.get(logical_id)
        if before is None:
            return super().change(logical_id, definition)
        resolved = self.resolved(definition)
        known = UNKNOWN not in json.dumps(resolved)
        seen = live.state(self.account, before, resolved if known else before.properties)
        if seen.status in DRIFTED:
            self.drifted.add(logical_id)
        if seen.status == live.DELETED:
            self.unknown.add(logical_id)
            told = [changes.addition(logical_id, definition, resolved)]
        else:
            details = list(self._details(before, definition, resolved, seen, known=known))
            told = self.modified(before, definition, resolved, details)
        return [_told(one, seen) for one in told]

    def _details(
        self,
        before: Resource,
        definition: dict[str, Any],
        resolved: Properties,
        seen: State,
        *,
        known: bool,
    ) -> Iterator[dict[str, Any]]:
        """Template against template, and each place where what is there says otherwise.

        `known`: what is there was compared with all that the new template wants.
        """
        fixed = schemas.create_only(before.type)
        drift = {one.path: one for one in seen.differences if str(one.path[0]) not in fixed}
        names = {path[0] for path in drift}
        other = {one.path[0] for one in seen.differences}
        for path, old, new in changes.differences(before.properties, resolved):
            if path[0] not in names:
                detail = self.detail(before, definition, path, old, new)
                compared = known and path[0] not in other and _was_seen(tuple(path), seen)
                is_so = compared and new is not MISSING
                yield _synced(detail) if is_so else detail
        for place, difference in drift.items():
            actual = MISSING if difference.found is None else difference.found
            detail = self.detail(before, definition, list(place), actual, difference.wanted)
            yield _reverting(detail, _at(before.properties, place), actual)


def _was_seen(path: Path, seen: State) -> bool:
    compared = seen.status in {live.IN_SYNC, live.MODIFIED}
    return compared and not any(path[: len(place)] == place for place in seen.ignored)


def _synced(detail: dict[str, Any]) -> dict[str, Any]:
    """The template has come to what is there: nothing is changed."""
    target = {**detail["Target"], "AttributeChangeType": "SyncWithActual"}
    return {**detail, "Target": {**target, "RequiresRecreation": "Never"}}


def _reverting(detail: dict[str, Any], deployed: Any, actual: Any) -> dict[str, Any]:
    drift = {
        "PreviousValue": changes.text(deployed) if deployed is not MISSING else None,
        "ActualValue": changes.text(actual) if actual is not MISSING else None,
        "DriftDetectionTimestamp": now(),
    }
    known = {key: value for key, value in drift.items() if value is not None}
    more = {"BeforeValueFrom": "ACTUAL_STATE", "AfterValueFrom": "TEMPLATE", "Drift": known}
    return {**detail, "Target": {**detail["Target"], **more}}


def _at(value: Any, path: Path) -> Any:
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value


def _reason(path: Path, seen: State) -> str:
    return "SENSITIVE_PROPERTY" if path in seen.sensitive else "WRITE_ONLY_PROPERTY"


def _told(change: dict[str, Any], seen: State) -> dict[str, Any]:
    """With the resource's drift, and the paths that can't be compared."""
    resource = dict(change["ResourceChange"])
    kinds = {one["Target"]["AttributeChangeType"] for one in resource["Details"]}
    if kinds == {"SyncWithActual"}:
        resource["Action"] = "SyncWithActual"
    resource["ResourceDriftStatus"] = seen.status
    resource["ResourceDriftIgnoredAttributes"] = [
        {"Path": "/Properties/" + "/".join(map(str, path)), "Reason": _reason(path, seen)}
        for path in seen.ignored
    ]
    return {**change, "ResourceChange": resource}
