"""What a resource type's schema says of how its properties may change."""

from __future__ import annotations

from functools import cache
from typing import Any

from pipeline.schemas import schema

PREFIX = "/properties/"


def properties(kind: str) -> dict[str, Any]:
    """The properties that a template may set, each with its schema."""
    own: dict[str, Any] = schema(kind)["properties"]
    return {name: value for name, value in own.items() if name not in attributes(kind)}


@cache
def attributes(kind: str) -> frozenset[str]:
    """What Fn::GetAtt may ask for: the read-only properties, nested ones dotted."""
    return frozenset(_names(kind, "readOnlyProperties"))


def create_only(kind: str) -> frozenset[str]:
    """The properties whose change replaces the resource."""
    names = _names(kind, "createOnlyProperties") + _names(kind, "conditionalCreateOnlyProperties")
    return frozenset(name.split(".")[0] for name in names)


def is_readable(kind: str) -> bool:
    """Can CloudFormation look up what such a resource is like?"""
    return "read" in schema(kind).get("handlers", {})


@cache
def write_only(kind: str) -> tuple[tuple[str, ...], ...]:
    """The paths of what can be set and is never given back; `*` is a list's item."""
    return tuple(tuple(name.split(".")) for name in _names(kind, "writeOnlyProperties"))


def required(kind: str) -> list[str]:
    """The properties without which the type's handler refuses."""
    names: list[str] = schema(kind).get("required", [])
    return names


def name_property(kind: str) -> str:
    """The property that gives the resource a name of the template's own choice, or a blank.

    A resource with such a name can't be replaced: the new one would need the old one's name.
    """
    identifier = _names(kind, "primaryIdentifier")
    chosen = [name for name in identifier if name in properties(kind) and name.endswith("Name")]
    return chosen[0] if len(identifier) == 1 and chosen else ""


def tags_property(kind: str) -> tuple[str, bool]:
    """The property that takes tags and whether it is a mapping; a blank where there are none."""
    tagging = schema(kind).get("tagging", {})
    name = str(tagging.get("tagProperty", PREFIX + "Tags")).removeprefix(PREFIX)
    own = properties(kind).get(name)
    if own is None or tagging.get("taggable") is False:
        return "", False
    return name, own.get("type") == "object"


def _names(kind: str, key: str) -> list[str]:
    pointers = schema(kind).get(key) or []
    return [pointer.removeprefix(PREFIX).replace("/", ".") for pointer in pointers]
