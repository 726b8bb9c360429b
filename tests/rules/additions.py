"""What an evader adds: a property that a schema offers, an item, another variable, a literal.

Each resource type is taken once per template, at the first resource that has the mapping in use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline import schemas
from pipeline.findings import Pointer
from pipeline.policy.outward import may_leave
from pipeline.schemas import ITEM, Path, Schema

THEIRS = "arn:aws:sqs:us-east-1:999999999999:theirs"
VARIABLES = {
    "AWS_ENDPOINT_URL": "https://theirs.example.com",
    "AWS_ENDPOINT_URL_S3": "https://theirs.example.com",
    "AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper",
    "GREETING": "correct horse battery staple",
    "LD_PRELOAD": "/opt/x.so",
    "PYTHONPATH": "/opt",
}
_ORIGINS = re.compile(r"allow(ed)?_?origins", re.IGNORECASE)
_REFERENCES = ("Ref", "Fn::GetAtt", "Fn::Sub")

Addition = tuple[Pointer, Any]


def properties(template: dict[str, Any]) -> Iterator[Addition]:
    """Each property that a type's schema offers and no resource of the type uses, in every mapping
    that is in use, with a small valid value."""
    used: dict[str, dict[Path, set[str]]] = {}
    first: dict[tuple[str, Path], Pointer] = {}
    for name, resource in template["Resources"].items():
        kind = resource["Type"]
        start = ("Resources", name, "Properties")
        for pointer, mapping in _mappings(resource.get("Properties", {}), start):
            path = path_of(pointer)
            used.setdefault(kind, {}).setdefault(path, set()).update(mapping)
            first.setdefault((kind, path), pointer)
    for (kind, path), pointer in first.items():
        offered = schemas.children(kind, path)
        for key in sorted(offered.keys() - used[kind][path]):
            yield (*pointer, key), value_of(kind, (*path, key))


def variables(template: dict[str, Any]) -> Iterator[Addition]:
    """Variables that nobody listed, in each function's environment."""
    for pointer in _environments(template):
        for name, value in VARIABLES.items():
            yield (*pointer, name), value


def renamed(template: dict[str, Any]) -> Iterator[tuple[Pointer, str]]:
    """Each variable of each function, and another name for it."""
    for pointer, names in _environments(template).items():
        for name in names:
            yield (*pointer, name), f"MUTATED_{name}"


def items(template: dict[str, Any]) -> Iterator[Addition]:
    """One item more for each list that there is: another like the last, flipped by the caller."""
    for name, resource in template["Resources"].items():
        start = ("Resources", name, "Properties")
        for pointer, found in _lists(resource.get("Properties", {}), start):
            if found:
                yield (*pointer, len(found)), found[-1]


def literals(template: dict[str, Any]) -> Iterator[Addition]:
    """A literal for each reference: another's ARN where something may be named, else a word."""
    for name, resource in template["Resources"].items():
        start = ("Resources", name, "Properties")
        for pointer in _references(resource.get("Properties", {}), start):
            yield pointer, _literal(resource["Type"], pointer)


def _literal(kind: str, pointer: Pointer) -> str:
    if any(_ORIGINS.match(str(key)) for key in pointer):
        return "https://theirs.example.com"
    names = "Statement" in pointer or may_leave(kind, path_of(pointer))
    return THEIRS if names else "theirs"


def path_of(pointer: Pointer) -> Path:
    """A pointer's keys below Properties, `*` for a list's items."""
    return tuple(ITEM if isinstance(key, int) else key for key in pointer[3:])


def value_of(kind: str, path: Path, depth: int = 6) -> Any:
    """A small value that the schema takes at `path`."""
    ways = schemas.ways(kind, path)
    for way in ways:
        if "enum" in way:
            return way["enum"][0]
    if any("items" in way for way in ways):
        return [value_of(kind, (*path, ITEM), depth - 1)] if depth else []
    children = schemas.children(kind, path)
    if children and depth:
        return _object(kind, path, ways, children, depth)
    return _scalar(ways)


def _object(
    kind: str, path: Path, ways: list[Schema], children: Mapping[str, Schema], depth: int
) -> dict[str, Any]:
    required = [key for way in ways for key in way.get("required", []) if key in children]
    chosen = required or sorted(children)[:1]
    return {key: value_of(kind, (*path, key), depth - 1) for key in dict.fromkeys(chosen)}


def _scalar(ways: list[Schema]) -> Any:
    types = {way["type"] for way in ways if isinstance(way.get("type"), str)}
    if "boolean" in types:
        return True
    if types & {"integer", "number"}:
        return max([1, *(way["minimum"] for way in ways if "minimum" in way)])
    return {} if types == {"object"} else "x"


def _environments(template: dict[str, Any]) -> dict[Pointer, dict[str, Any]]:
    found: dict[Pointer, dict[str, Any]] = {}
    for name, resource in template["Resources"].items():
        variables = resource.get("Properties", {}).get("Environment", {}).get("Variables")
        if variables:
            found["Resources", name, "Properties", "Environment", "Variables"] = variables
    return found


def _mappings(value: Any, at: Pointer) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    if isinstance(value, dict) and not _is_reference(value):
        yield at, value
    for key, item in _inside(value):
        yield from _mappings(item, (*at, key))


def _lists(value: Any, at: Pointer) -> Iterator[tuple[Pointer, list[Any]]]:
    if isinstance(value, list):
        yield at, value
    for key, item in _inside(value):
        yield from _lists(item, (*at, key))


def _references(value: Any, at: Pointer) -> Iterator[Pointer]:
    if _is_reference(value):
        yield at
    for key, item in _inside(value):
        yield from _references(item, (*at, key))


def _inside(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict) and not _is_reference(value):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and any(key in value for key in _REFERENCES)
