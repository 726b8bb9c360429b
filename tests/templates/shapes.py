"""How tests look into a rendered template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_POLICIES = {"PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy"}


def properties(template: dict[str, Any], logical_id: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][logical_id]["Properties"]
    return found


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of a type, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def policies(node: Any) -> Iterator[dict[str, Any]]:
    """Every policy document below a node."""
    for key, child in node.items() if isinstance(node, dict) else []:
        if key in _POLICIES:
            yield child
        else:
            yield from policies(child)
    for child in node if isinstance(node, list) else []:
        yield from policies(child)
