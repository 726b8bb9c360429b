"""A template's values for one stack: parameters, resources, outputs."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from localcloud.cloudformation import dynamic_references, intrinsics, parameters, schemas
from localcloud.cloudformation.errors import ValidationError
from localcloud.cloudformation.intrinsics import Scope
from localcloud.cloudformation.stacks import Resource, Stack
from localcloud.cloudformation.template import Template
from localcloud.resources import HANDLERS
from localcloud.resources.base import Account, Properties, Unsupported, tag_list, tag_map


def scope(
    account: Account,
    stack: Stack,
    template: Template,
    chosen: dict[str, str],
    resources: dict[str, Resource],
    exports: dict[str, str],
) -> Scope:
    """Everything that the template's functions may ask for, given these resources."""
    pseudo = _pseudo_parameters(account, stack)
    declared = template.get("Parameters", {})

    def ref(name: str) -> Any:
        if name in pseudo:
            return pseudo[name]
        if name in declared:
            return parameters.typed(declared[name], chosen[name])
        return _known(resources, name).physical_id

    return Scope(
        ref=ref,
        attribute=lambda name, wanted: _attribute(account, _known(resources, name), wanted),
        exports=exports,
        mappings=template.get("Mappings", {}),
        conditions=template.get("Conditions", {}),
    )


def _known(resources: dict[str, Resource], name: str) -> Resource:
    if name not in resources:
        raise ValidationError(f"Unresolved resource dependencies [{name}] in the template")
    return resources[name]


def _pseudo_parameters(account: Account, stack: Stack) -> dict[str, Any]:
    return {
        "AWS::AccountId": account.id,
        "AWS::Region": account.region,
        "AWS::Partition": account.partition,
        "AWS::URLSuffix": account.suffix,
        "AWS::StackName": stack.name,
        "AWS::StackId": stack.id,
        "AWS::NotificationARNs": stack.options.get("NotificationARNs", []),
    }


def _attribute(account: Account, resource: Resource, wanted: str) -> str:
    handler = HANDLERS[resource.type]
    try:
        attributes = handler.attributes(account, resource.physical_id, resource.properties)
    except ClientError as error:
        raise ValidationError(
            f"Unable to retrieve {wanted} attribute for {resource.logical_id} ({resource.type}),"
            f" with error message {error.response['Error'].get('Message', error)}"
        ) from None
    if wanted not in attributes:
        raise ValidationError(
            f"{resource.logical_id} ({resource.type}) has no attribute {wanted} here"
        )
    return attributes[wanted]


def present(template: Template, known: Scope) -> dict[str, dict[str, Any]]:
    """The resources whose condition holds."""
    return {
        logical_id: definition
        for logical_id, definition in template["Resources"].items()
        if "Condition" not in definition or intrinsics.condition(definition["Condition"], known)
    }


def properties(definition: dict[str, Any], known: Scope, tags: dict[str, str]) -> Properties:
    """A resource's properties with every function evaluated and the stack's tags added."""
    resolved: Properties = intrinsics.resolve(definition.get("Properties", {}), known)
    name, mapping = schemas.tags_property(definition["Type"])
    if name in HANDLERS[definition["Type"]].holds and tags:
        own = resolved.get(name, {} if mapping else [])
        merged = tags | (own if mapping else tag_map(own))
        resolved[name] = merged if mapping else tag_list(merged)
    return resolved


def check_properties(kind: str, resolved: Properties) -> None:
    """Refuse unknown, missing and unsupported properties."""
    if unknown := sorted(set(resolved) - set(schemas.properties(kind))):
        raise Unsupported(f"Encountered unsupported property {unknown[0]}")
    if missing := [name for name in schemas.required(kind) if name not in resolved]:
        raise Unsupported(f"Properties validation failed: required key [{missing[0]}] not found")
    dynamic_references.check(resolved)
    if dropped := sorted(set(resolved) - HANDLERS[kind].holds):
        raise Unsupported(f"{kind}.{dropped[0]} isn't supported by this endpoint (localcloud)")


def outputs(template: Template, known: Scope) -> list[dict[str, str]]:
    """The outputs as DescribeStacks gives them."""
    listed = []
    for key, output in template.get("Outputs", {}).items():
        if "Condition" in output and not intrinsics.condition(output["Condition"], known):
            continue
        told = {"OutputKey": key, "OutputValue": str(intrinsics.resolve(output["Value"], known))}
        if "Description" in output:
            told["Description"] = output["Description"]
        if "Export" in output:
            told["ExportName"] = intrinsics.resolve(output["Export"]["Name"], known)
        listed.append(told)
    return listed
