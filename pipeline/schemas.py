"""What CloudFormation's resource schemas say of a type; cfn-lint carries them.

They are read without importing cfn-lint itself, which costs a second.
"""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.util import find_spec
from typing import Any

Schema = dict[str, Any]
Path = tuple[str, ...]

ITEM = "*"
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_ABBREVIATED = re.compile(r"\b([A-Z]+)long \(\1\)")  # what AWS's own placeholders leave behind
_FIRST = re.compile(r".+?[.!?](?=\s|$)", re.DOTALL)
_CHARACTERS = 240


def installed() -> bool:
    """Are there schemas? The audit's own environment has no cfn-lint."""
    return find_spec("cfnlint") is not None


@cache
def names() -> dict[str, str]:
    """Each resource type that cfn-lint knows, and the file that holds its schema."""
    known: dict[str, str] = json.loads((_folder() / "providers/us-east-1.json").read_text("utf-8"))
    return known


@cache
def schema(kind: str) -> Schema:
    """The registry's schema of a resource type; KeyError if there is none."""
    text = (_folder() / f"resources/{names()[kind]}.json").read_text("utf-8")
    loaded: Schema = json.loads(text)
    return loaded


def identifier(kind: str) -> str:
    """The attribute that a Ref gives; empty where it is several, which CloudFormation joins."""
    said = schema(kind).get("primaryIdentifier", [])
    return said[0].removeprefix("/properties/") if len(said) == 1 else ""


def attributes(kind: str) -> frozenset[str]:
    """What Fn::GetAtt may ask of a resource, beside what its template says."""
    return frozenset(one.removeprefix("/properties/").replace("/", ".") for one in _read_only(kind))


def children(kind: str, path: Path = ()) -> dict[str, Schema]:
    """The properties that a template may set below `path`, each with its schema.

    `*` in a path is a list's item. A scalar has none, and neither has a mapping with keys of the
    template's own choice.
    """
    below = [way for node in _nodes(kind, path) for way in _ways(kind, node)]
    found = {name: one for way in below for name, one in way.get("properties", {}).items()}
    if path:
        return found
    unset = {pointer.removeprefix("/properties/") for pointer in _read_only(kind)}
    return {name: one for name, one in found.items() if name not in unset}


def is_list(kind: str, path: Path) -> bool:
    """Does the schema want a list there?"""
    nodes = _nodes(kind, path)
    return any("items" in way for node in nodes for way in _ways(kind, node))


def described(kind: str, path: Path) -> str:
    """The first sentences of what the schema says of a property; a blank if it says nothing."""
    parent = children(kind, path[:-1]) if path else {}
    own = parent.get(path[-1], {}).get("description", "") if path else schema(kind)["description"]
    resolved = [node.get("description", "") for node in _nodes(kind, path)]
    text = next((said for said in (own, *resolved) if said), "")
    plain = _ABBREVIATED.sub(r"\1", _LINK.sub(r"\1", text)).replace("``", "").replace("*", "")
    return _short(" ".join(plain.split()))


def ways(kind: str, path: Path) -> list[Schema]:
    """Every form that a value at `path` may take, with references and alternatives resolved."""
    return [way for node in _nodes(kind, path) for way in _ways(kind, node)]


def referable(kind: str, path: Path) -> frozenset[str]:
    """The types that a value at `path` may refer to; none if the schema doesn't say.

    `relationshipRef` is the registry's own word; a format such as AWS::IAM::Role.Arn is cfn-lint's.
    """
    said = [_said(way) for way in ways(kind, path)]
    return frozenset(other for others in said for other in others if other in names()) - {kind}


def _said(way: Schema) -> Iterator[str]:
    relation, form = way.get("relationshipRef"), way.get("format")
    if isinstance(relation, dict):
        yield relation["typeName"]
    if isinstance(form, str) and form.count("::") > 1:
        yield form.partition(".")[0]


def _short(text: str) -> str:
    """As many whole sentences as fit; the first one at any length."""
    kept = ""
    for match in _FIRST.finditer(text):
        if "For more information" in match[0]:
            continue
        if kept and len(kept) + len(match[0]) > _CHARACTERS:
            break
        kept += match[0]
    return (kept or text).strip()


def _nodes(kind: str, path: Path) -> list[Schema]:
    nodes = [schema(kind)]
    for key in path:
        every = [way for node in nodes for way in _ways(kind, node)]
        if key == ITEM:
            nodes = [way["items"] for way in every if isinstance(way.get("items"), dict)]
        else:
            nodes = [way["properties"][key] for way in every if key in way.get("properties", {})]
    return nodes


def _ways(kind: str, node: Schema, depth: int = 8) -> Iterator[Schema]:
    """The node itself and all that it refers to or chooses from."""
    yield node
    if not depth:
        return
    inner = [one for key in ("oneOf", "anyOf", "allOf") for one in node.get(key, [])]
    if "$ref" in node:
        inner.append(_referred(kind, node["$ref"]))
    for way in inner:
        if isinstance(way, dict):
            yield from _ways(kind, way, depth - 1)


def _referred(kind: str, pointer: str) -> Schema:
    part: Any = schema(kind)
    for key in pointer.removeprefix("#/").split("/"):
        part = part.get(key, {})
    referred: Schema = part
    return referred


def _read_only(kind: str) -> list[str]:
    pointers: list[str] = schema(kind).get("readOnlyProperties") or []
    return pointers


@dataclass(frozen=True)
class Lifecycle:
    """From when on a Lambda runtime has no security updates, no new functions, no updates."""

    deprecated: date
    creation_blocked: date
    update_blocked: date


@cache
def runtimes() -> dict[str, Lifecycle]:
    """The days that AWS has set for each Lambda runtime; none for one that it still supports."""
    path = _data() / "AdditionalSpecs" / "LmbdRuntimeLifecycle.json"
    known = json.loads(path.read_text("utf-8"))
    phases = ("deprecated", "create-block", "update-block")
    return {
        name: Lifecycle(*(date.fromisoformat(days[phase]) for phase in phases))
        for name, days in known.items()
        if all(days.get(phase) for phase in phases)
    }


def _folder() -> pathlib.Path:
    return _data() / "schemas"


def _data() -> pathlib.Path:
    """Where cfn-lint keeps its data. `importlib.resources` would import cfn-lint to find out."""
    spec = find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'cfnlint'", name="cfnlint")
    return pathlib.Path(spec.submodule_search_locations[0]) / "data"
