"""Which resources and parameters a value of a template refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.findings import Pointer

_FUNCTION = re.compile(r"Ref$|Fn::")
_IN_SUB = re.compile(r"\$\{([^!.}]+)[.}]")


def referred(value: Any) -> list[str]:
    """The names behind every Ref, Fn::GetAtt and Fn::Sub in `value`, in order, each once."""
    return list(dict.fromkeys(_names(value)))


def resources(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The template's resources, by logical id."""
    section = template.get("Resources")
    every = section.items() if isinstance(section, dict) else ()
    return {name: resource for name, resource in every if isinstance(resource, dict)}


def resource(template: dict[str, Any], name: str) -> dict[str, Any]:
    """One resource; an empty one if there is none of that name."""
    every = template.get("Resources")
    item = every.get(name) if isinstance(every, dict) else None
    return item if isinstance(item, dict) else {}


def of_type(template: dict[str, Any], *types: str) -> dict[str, dict[str, Any]]:
    """The resources of these types, by logical id."""
    every = resources(template)
    return {name: resource for name, resource in every.items() if resource.get("Type") in types}


def references(value: Any, at: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Each Ref, Fn::GetAtt, Fn::Sub and other function within `value` that refers to something."""
    if isinstance(value, dict) and len(value) == 1 and _FUNCTION.match(next(iter(value))):
        if referred(value):
            yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from references(item, (*at, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from references(item, (*at, number))


def prop(resource: dict[str, Any], key: str) -> Any:
    """A property of a resource; None if it has none, or no properties at all."""
    properties = resource.get("Properties")
    return properties.get(key) if isinstance(properties, dict) else None


def as_written(value: Any) -> Any:
    """A name as it is written, within Fn::Sub or without."""
    return value["Fn::Sub"] if isinstance(value, dict) and "Fn::Sub" in value else value


def at(value: Any, *path: str) -> list[tuple[Pointer, Any]]:
    """What stands at `path`; a list on the way, or at its end, gives each of its items."""
    values: list[tuple[Pointer, Any]] = [((), value)]
    for key in path:
        values = [
            ((*pointer, key), item[key])
            for pointer, item in _items(values)
            if isinstance(item, dict) and key in item
        ]
    return list(_items(values))


def _items(values: list[tuple[Pointer, Any]]) -> Iterator[tuple[Pointer, Any]]:
    for pointer, value in values:
        if isinstance(value, list):
            yield from (((*pointer, number), item) for number, item in enumerate(value))
        else:
            yield pointer, value


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _names(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _behind(key, item)


def _behind(key: str, value: Any) -> Iterator[str]:
    if key == "Ref" and isinstance(value, str):
        yield value
    elif key == "Fn::GetAtt" and isinstance(value, str | list) and value:
        yield str(value[0]) if isinstance(value, list) else value.partition(".")[0]
    elif key == "Fn::Sub":
        yield from _in_sub(value)
    else:
        yield from _names(value)


def _in_sub(value: Any) -> Iterator[str]:
    """`${Name}` and `${Name.Arn}`; in the form with variables, what those stand for instead."""
    text, *rest = value if isinstance(value, list) and value else [value]
    variables = rest[0] if rest and isinstance(rest[0], dict) else {}
    yield from (name for name in _IN_SUB.findall(str(text)) if name not in variables)
    yield from _names(list(variables.values()))
