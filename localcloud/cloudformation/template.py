"""A template's text as plain data, and what is wrong with it before anything is made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

import yaml

from localcloud.cloudformation import intrinsics, schemas
from localcloud.cloudformation.errors import ValidationError
from localcloud.resources import HANDLERS

Template = dict[str, Any]

SECTIONS = {
    "AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings",
    "Conditions", "Resources", "Outputs",
}  # fmt: skip
"""Rules, Transform and Hooks would need what this endpoint hasn't got."""

RESOURCE_KEYS = {
    "Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy",
    "UpdateReplacePolicy",
}  # fmt: skip
DELETION_POLICIES = {"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"}


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: no dates, short intrinsics become long ones."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = node.value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - YAML has only these three
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_multi_constructor("!", _intrinsic)


def load(text: str) -> Template:
    """A JSON or YAML template as plain data with long-form intrinsics."""
    try:
        value = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except (yaml.YAMLError, ValueError) as error:
        raise ValidationError(f"Template format error: {error}") from error
    if not isinstance(value, dict):
        raise ValidationError("Template format error: the template is not a mapping")
    return value


def _yaml(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of SafeLoader


def check(template: Template) -> None:
    """Raise what CloudFormation would say of the template without looking at any account."""
    if unknown := sorted(set(template) - SECTIONS):
        raise ValidationError(f"Invalid template property or properties {unknown}")
    if not template.get("Resources"):
        raise ValidationError("Template format error: At least one Resources member is required.")
    for logical_id, resource in template["Resources"].items():
        _check_resource(logical_id, resource)
    _check_references(template)
    creation_order(template)


def _check_resource(logical_id: str, resource: Any) -> None:
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise ValidationError(
            f"Template format error: [/Resources/{logical_id}] Every Resources member must"
            " contain a Type."
        )
    if unknown := sorted(set(resource) - RESOURCE_KEYS):
        raise ValidationError(
            f"Invalid template resource property {unknown[0]!r} of resource {logical_id}"
        )
    if not isinstance(resource.get("Properties", {}), dict):
        raise ValidationError(f"[/Resources/{logical_id}/Properties] must be an object")
    if resource["Type"] not in HANDLERS:
        raise ValidationError(
            f"Template format error: Unrecognized resource types: [{resource['Type']}] of resource"
            f" {logical_id} (localcloud/resources has no model of it)"
        )
    for key in ("DeletionPolicy", "UpdateReplacePolicy"):
        if key in resource and resource[key] not in DELETION_POLICIES:
            raise ValidationError(f"Unrecognized {key} {resource[key]} for resource {logical_id}")


def _check_references(template: Template) -> None:
    """Every Ref, GetAtt, Sub and DependsOn names something that the template has."""
    known = set(template["Resources"]) | set(template.get("Parameters", {}))
    for place, value in _places(template):
        targets = {ref.target for ref in intrinsics.references(value)}
        if missing := sorted(t for t in targets - known if not t.startswith("AWS::")):
            raise ValidationError(
                f"Template format error: Unresolved resource dependencies {missing} in {place}"
                " of the template"
            )
        for ref in intrinsics.references(value):
            _check_attribute(template, ref)


def _places(template: Template) -> Iterator[tuple[str, Any]]:
    for logical_id, resource in template["Resources"].items():
        dependencies = [{"Ref": name} for name in depends_on(resource)]
        yield f"the Resources block ({logical_id})", [resource.get("Properties"), dependencies]
    yield "the Outputs block", list(template.get("Outputs", {}).values())


def _check_attribute(template: Template, ref: intrinsics.Reference) -> None:
    if not ref.attribute:
        return
    if ref.target not in template["Resources"]:
        raise ValidationError(
            f"Template error: instance of Fn::GetAtt references undefined resource {ref.target}"
        )
    kind = template["Resources"][ref.target]["Type"]
    if ref.attribute not in schemas.attributes(kind) | HANDLERS[kind].documented:
        raise ValidationError(
            f"Template error: resource {ref.target} does not support attribute type"
            f" {ref.attribute} in Fn::GetAtt"
        )


def depends_on(resource: Mapping[str, Any]) -> list[str]:
    """The logical ids of DependsOn, which may be one string."""
    value = resource.get("DependsOn", [])
    return [value] if isinstance(value, str) else list(value)


def dependencies(template: Template) -> dict[str, list[str]]:
    """For each logical id the ones that must exist before it, in the order of their mention."""
    resources = template["Resources"]
    named = {
        logical_id: [
            *depends_on(resource),
            *(ref.target for ref in intrinsics.references(resource.get("Properties", {}))),
        ]
        for logical_id, resource in resources.items()
    }
    return {
        logical_id: [name for name in dict.fromkeys(names) if name in resources]
        for logical_id, names in named.items()
    }


def creation_order(template: Template) -> list[str]:
    """Logical ids, each after everything that it needs."""
    try:
        return list(TopologicalSorter(dependencies(template)).static_order())
    except CycleError as error:
        cycle = ", ".join(sorted(set(error.args[1])))
        raise ValidationError(f"Circular dependency between resources: [{cycle}]") from error


def capabilities(template: Template) -> list[str]:
    """The acknowledgement that CloudFormation asks for: IAM resources, with or without names."""
    roles = [
        resource.get("Properties", {})
        for resource in template["Resources"].values()
        if resource["Type"].startswith("AWS::IAM::")
    ]
    named = {"RoleName", "PolicyName", "ManagedPolicyName", "UserName", "GroupName"}
    if any(named & set(properties) for properties in roles):
        return ["CAPABILITY_NAMED_IAM"]
    return ["CAPABILITY_IAM"] if roles else []
