"""What an update would do, resource by resource, before anything is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from localcloud.cloudformation import evaluate, intrinsics, schemas
from localcloud.cloudformation.intrinsics import Scope
from localcloud.cloudformation.stacks import Resource, Stack, Stacks
from localcloud.cloudformation.template import Template, creation_order
from localcloud.resources import HANDLERS
from localcloud.resources.base import Account, Properties

UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""AWS's own words for a value that only the execution can tell."""

MISSING = object()


class Wish(NamedTuple):
    """The requested template, parameters and tags of a stack."""

    template: Template
    parameters: dict[str, str]
    tags: dict[str, str]


@dataclass
class Plan:
    """The changes, and whether anything else of the stack would change.

    `drift`: of the stack as a whole, where that was looked at.
    """

    changes: list[dict[str, Any]] = field(default_factory=list)
    others: bool = False
    drift: str = ""

    @property
    def empty(self) -> bool:
        """Whether AWS would say that there is nothing to change."""
        return not self.changes and not self.others


def plan(account: Account, stack: Stack, wish: Wish, exports: dict[str, str]) -> Plan:
    """The changes between a stack and a wish, in the order of creation, removals last."""
    return plan_by(Known(account, stack, wish, exports))


def plan_by(known: Known) -> Plan:
    """The same, by what is known."""
    stack, wish = known.stack, known.wish
    present = evaluate.present(wish.template, known.scope)
    planned = Plan(others=_others(stack, wish))
    for logical_id in creation_order(wish.template):
        if logical_id in present:
            planned.changes += known.change(logical_id, present[logical_id])
    gone = [one for name, one in stack.resources.items() if name not in present]
    planned.changes += [_removal(one) for one in reversed(gone)]
    return planned


def _others(stack: Stack, wish: Wish) -> bool:
    outputs = stack.template.get("Outputs", {}) != wish.template.get("Outputs", {})
    return outputs or stack.tags != wish.tags


class Known:
    """The known values before the execution, and the unknown ones."""

    def __init__(self, account: Account, stack: Stack, wish: Wish, exports: dict[str, str]) -> None:
        self.stack, self.wish, self.account = stack, wish, account
        self.unknown: set[str] = set(wish.template["Resources"]) - set(stack.resources)
        known = evaluate.scope(
            account, stack, wish.template, wish.parameters, stack.resources, exports
        )
        self.scope = Scope(
            ref=lambda name: UNKNOWN if name in self.unknown else known.ref(name),
            attribute=lambda name, attribute: (
                UNKNOWN if name in self.unknown else self.attribute(known, name, attribute)
            ),
            exports=exports,
            mappings=known.mappings,
            conditions=known.conditions,
        )

    def attribute(self, known: Scope, name: str, attribute: str) -> Any:
        """What a resource that stays answers to Fn::GetAtt."""
        return known.attribute(name, attribute)

    def resolved(self, definition: dict[str, Any]) -> Properties:
        """A resource's properties as the wish has them, as far as that is known."""
        return evaluate.properties(definition, self.scope, self.wish.tags)

    def change(self, logical_id: str, definition: dict[str, Any]) -> list[dict[str, Any]]:
        """No change, or the one of this resource."""
        resolved = self.resolved(definition)
        before = self.stack.resources.get(logical_id)
        if before is None:
            return [addition(logical_id, definition, resolved)]
        details = [
            self.detail(before, definition, path, old, new)
            for path, old, new in differences(before.properties, resolved)
        ]
        return self.modified(before, definition, resolved, details)

    def modified(
        self,
        before: Resource,
        definition: dict[str, Any],
        resolved: Properties,
        details: list[dict[str, Any]],
    ) -> list[dict[str, Any]]:
        """No change, or the one that these details and the definition's other attributes make."""
        attributes = [
            _attribute_detail(name, before.definition.get(name), definition.get(name))
            for name in ("DeletionPolicy", "UpdateReplacePolicy", "Metadata")
            if before.definition.get(name) != definition.get(name)
        ]
        if not details and not attributes:
            return []
        replacement = _replacement(details)
        if replacement != "False":
            self.unknown.add(before.logical_id)
        return [_modification(before, resolved, details + attributes, replacement)]

    def detail(
        self, before: Resource, definition: dict[str, Any], path: list[Any], old: Any, new: Any
    ) -> dict[str, Any]:
        name = str(path[0])
        recreated = name in schemas.create_only(before.type)
        dynamic = UNKNOWN in json.dumps(new, default=str)
        tags = name == schemas.tags_property(before.type)[0]
        target: dict[str, Any] = {
            "Attribute": "Tags" if tags else "Properties",
            "Name": name,
            "RequiresRecreation": ("Conditionally" if dynamic else "Always")
            if recreated
            else "Never",
            "Path": "/" + "/".join(str(part) for part in ["Properties", *path]),
            "AttributeChangeType": _kind(old, new),
        }
        target |= {
            key: text(value)
            for key, value in (("BeforeValue", old), ("AfterValue", new))
            if value is not MISSING
        }
        source, entity = self._source(before, definition, name)
        detail = {
            "Target": target,
            "Evaluation": "Dynamic" if dynamic else "Static",
            "ChangeSource": source,
        }
        return detail | ({"CausingEntity": entity} if entity else {})

    def _source(self, before: Resource, definition: dict[str, Any], name: str) -> tuple[str, str]:
        raw = definition.get("Properties", {}).get(name)
        for ref in intrinsics.references(raw):
            if ref.target in self.unknown:
                entity = f"{ref.target}.{ref.attribute}" if ref.attribute else ref.target
                return ("ResourceAttribute" if ref.attribute else "ResourceReference"), entity
        if raw == before.definition.get("Properties", {}).get(name):
            for ref in intrinsics.references(raw):
                if self.wish.parameters.get(ref.target) != self.stack.parameters.get(ref.target):
                    return "ParameterReference", ref.target
        return "DirectModification", ""


def differences(
    old: Any, new: Any, path: list[Any] | None = None
) -> Iterator[tuple[list[Any], Any, Any]]:
    """Each leaf that differs: its path, the value before and after."""
    path = path or []
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(old.get(key, MISSING), new.get(key, MISSING), [*path, key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(*pair, [*path, index])
    elif old != new:
        yield path, old, new


def _kind(old: Any, new: Any) -> str:
    return "Add" if old is MISSING else "Remove" if new is MISSING else "Modify"


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _replacement(details: list[dict[str, Any]]) -> str:
    needs = {detail["Target"]["RequiresRecreation"] for detail in details}
    return "True" if "Always" in needs else "Conditional" if "Conditionally" in needs else "False"


def _attribute_detail(name: str, old: Any, new: Any) -> dict[str, Any]:
    target = {
        "Attribute": name,
        "RequiresRecreation": "Never",
        "Path": f"/{name}",
        "AttributeChangeType": _kind(old or MISSING, new or MISSING),
    }
    values = (("BeforeValue", old), ("AfterValue", new))
    target |= {key: text(value) for key, value in values if value}
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def _change(action: str, logical_id: str, kind: str, **more: Any) -> dict[str, Any]:
    fields = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": kind, **more}
    return {"Type": "Resource", "ResourceChange": fields}


def addition(logical_id: str, definition: dict[str, Any], resolved: Properties) -> dict[str, Any]:
    context = json.dumps({"Properties": resolved})
    return _change(
        "Add", logical_id, definition["Type"], Scope=[], Details=[], AfterContext=context
    )


def _removal(resource: Resource) -> dict[str, Any]:
    policy = resource.deletion_policy
    return _change(
        "Remove",
        resource.logical_id,
        resource.type,
        PhysicalResourceId=resource.physical_id,
        PolicyAction="Retain" if policy.startswith("Retain") else policy,
        Scope=[],
        Details=[],
        BeforeContext=json.dumps({"Properties": resource.properties}),
    )


def _modification(
    before: Resource, resolved: Properties, details: list[dict[str, Any]], replacement: str
) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if replacement != "False":
        policy = before.definition.get("UpdateReplacePolicy", "Delete")
        kept = str(policy).startswith("Retain")
        more["PolicyAction"] = "ReplaceAndRetain" if kept else "ReplaceAndDelete"
    return _change(
        "Modify",
        before.logical_id,
        before.type,
        PhysicalResourceId=before.physical_id,
        Replacement=replacement,
        Scope=sorted({detail["Target"]["Attribute"] for detail in details}),
        Details=details,
        BeforeContext=json.dumps({"Properties": before.properties}),
        AfterContext=json.dumps({"Properties": resolved}),
        **more,
    )


def importable(account: Account, planned: Plan, stacks: Stacks) -> None:
    """Turn additions into imports where a resource of that very name is there, and no stack's."""
    for change in (one["ResourceChange"] for one in planned.changes):
        if change["Action"] == "Add":
            resolved = json.loads(change["AfterContext"])["Properties"]
            kind = change["ResourceType"]
            name = existing(account, kind, resolved)
            if name and not stacks.holds(kind, name):
                change["Action"] = "Import"


def existing(account: Account, kind: str, resolved: Properties) -> str:
    """The physical id of a resource that already has the name which the template wants."""
    name = resolved.get(schemas.name_property(kind)) if schemas.name_property(kind) else None
    if not isinstance(name, str) or UNKNOWN in name:
        return ""
    try:
        HANDLERS[kind].read(account, name, {schemas.name_property(kind): name})
    except Exception:  # noqa: BLE001 - every service has its own words for "not there"
        return ""
    return name
