"""The list of allowed properties -> a rules file with its cases, for any Guard engine.

Both are derived: `refresh` and `allow` write them, a test says whether they are current.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import yaml

from pipeline import files
from pipeline.policy import allowed
from pipeline.policy.allowed import RULE, TYPES, Allowed
from pipeline.schemas import ITEM, Path

RULES = "rules/application/allowed.guard"
CASES = "rules/application/tests/allowed_tests.yaml"
OTHER = "Other"  # a key that no schema knows
# Types that open a door without a property: none of them comes in unless somebody lists it.
_DOORS = (
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFormation::Stack",
    "AWS::IAM::AccessKey",
    "AWS::IAM::User",
    "AWS::Lambda::Url",
    "Custom::Anything",
)

_HEAD = """\
# The types and the properties that this stack may have: a closed world.
# Derived from allowed.yaml: `nox -s allow` and `nox -s refresh` write it, nobody else.
# What it was made of: %s

"""
_TYPES = f"""\
# Nothing comes in that the rules can't judge; a new type comes with its rules.
# rules/general/README.md
rule {TYPES} when Resources exists {{
    Resources.*.Type in [
%s
    ]
    <<
        No rule judges resources of this type.
        Mend: write rules for the type and allow its properties, or remove the resource.
    >>
}}

"""
_RULE = f"""\
# No property does its work unseen: what nobody allowed may send data, rights or code elsewhere.
# rules/general/README.md
rule {RULE} when Resources exists {{
"""
_CLAUSE = """\
    %%%s[ keys not in [%s] ] empty
    <<
        Nobody allowed this property.
        Mend: remove it, or allow it in rules/application/allowed.yaml.
    >>
"""


def contents(root: File) -> dict[File, bytes]:
    """Both files as the list has them; nothing for a project without a list."""
    listed = allowed.read(root)
    if listed is None:
        return {}
    texts = {RULES: rules(listed), CASES: cases(listed)}
    return {root / name: text.encode() for name, text in texts.items()}


def is_stale(root: File) -> bool:
    """Are the rules made of another list than the one that is there?"""
    listed, file = allowed.as_written(root), root / RULES
    if listed is None:
        return False
    text = files.read_text(file, RULES) if file.is_file() else ""
    return f"# What it was made of: {listed.digest}\n" not in text.replace("\r\n", "\n")


def rules(listed: Allowed) -> str:
    """The rules file. Each closed mapping is a variable, made from the one around it."""
    kinds = sorted(listed.types)
    lets, clauses = [], []
    for kind in kinds:
        for path, keys in listed.nodes(kind).items():
            lets.append(f"let {_name(kind, path)} = {_query(kind, path, listed)}")
            clauses.append(_CLAUSE % (_name(kind, path), _quoted(keys)))
    types = ",\n".join(f"        '{kind}'" for kind in kinds)
    return "".join(
        [_HEAD % listed.digest, "\n".join(lets), "\n\n", _TYPES % types, _RULE, *clauses, "}\n"],
    )


def _query(kind: str, path: Path, listed: Allowed) -> str:
    if not path:
        return f"Resources.*[ Type == '{kind}' ].Properties"
    nodes = listed.nodes(kind)
    above = next(path[:end] for end in range(len(path) - 1, -1, -1) if path[:end] in nodes)
    # `[*]` takes a list's items and a mapping alike, whichever stands there
    below = [f"{key}[*]" for key in path[len(above) :] if key != ITEM]
    return ".".join([f"%{_name(kind, above)}", *below])


def _name(kind: str, path: Path) -> str:
    words = [*kind.split("::")[1:], *(key for key in path if key != ITEM)]
    return "_".join(re.sub(r"\W", "", word) for word in words)


def _quoted(keys: list[str]) -> str:
    return ", ".join(f"'{key}'" for key in keys)


def cases(listed: Allowed) -> str:
    """The cases: all that is allowed, one thing more in each closed mapping, ways around it."""
    every = [*_passing(listed), *_failing(listed)]
    head = (
        "# The closed world's cases. Derived, with allowed.guard, from allowed.yaml.\n"
        "# yamllint disable rule:line-length\n"
    )
    return head + "".join("\n" + _case(*one) for one in every)


def _case(name: str, resources: dict[str, Any] | None, said: dict[str, str]) -> str:
    given = {"openapi": "3.0.0"} if resources is None else {"Resources": resources}
    case = {"name": name, "input": given, "expectations": {"rules": said}}
    return yaml.dump([case], Dumper=_Indented, sort_keys=False, width=140)


class _Indented(yaml.SafeDumper):
    """Lists stand further in than their key, as everywhere in this repository."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow=flow, indentless=False)


_Case = tuple[str, dict[str, Any] | None, dict[str, str]]


def _passing(listed: Allowed) -> Iterator[_Case]:
    yield "not a template", None, {TYPES: "SKIP", RULE: "SKIP"}
    for kind, paths in sorted(listed.types.items()):
        whole: dict[str, Any] = {}
        for path in paths:
            _put(whole, path)
        yield f"{kind}: all that is allowed", _resource(kind, whole), {TYPES: "PASS", RULE: "PASS"}
        bare = {"One": {"Type": kind}}
        yield f"{kind}: nothing", bare, {TYPES: "PASS", RULE: "PASS"}


def _failing(listed: Allowed) -> Iterator[_Case]:
    for kind in sorted(listed.types):
        for path in listed.nodes(kind):
            name = f"{kind.removeprefix('AWS::')}: more in {'.'.join(path) or 'Properties'}"
            yield name, _resource(kind, _nested((*path, OTHER))), {RULE: "FAIL"}
            if path:
                disguised = _resource(kind, _nested((*_other_form(path), OTHER)))
                yield f"{name} in disguise", disguised, {RULE: "FAIL"}
    for kind in sorted(listed.types):
        beside = {**_resource(kind, {OTHER: "x"}), "Good": {"Type": kind, "Properties": {}}}
        yield f"{kind}: a second one", beside, {RULE: "FAIL"}
    for kind in _DOORS:
        if kind not in listed.types:
            yield f"{kind}: no type of this stack", _resource(kind, {}), {TYPES: "FAIL"}
    yield "no type at all", {"One": {}}, {TYPES: "FAIL"}


def _other_form(path: Path) -> Path:
    """The last mapping within a list where it should stand alone, and the other way round."""
    return path[:-1] if path[-1] == ITEM else (*path, ITEM)


def _resource(kind: str, properties: Any) -> dict[str, Any]:
    return {"One": {"Type": kind, "Properties": properties}}


def _nested(path: Path) -> Any:
    value: Any = "x"
    for key in reversed(path):
        value = [value] if key == ITEM else {key: value}
    return value


def _put(whole: dict[str, Any], path: Path) -> None:
    """Write a value at `path` beside what is there, or below it; a list has one item."""
    here: Any = whole
    for key, following in zip(path, (*path[1:], None), strict=True):
        slot: Any = 0 if key == ITEM else key
        empty: Any = "x" if following is None else [{}] if following == ITEM else {}
        if key != ITEM:
            if here.get(slot, "x") == "x":
                here[slot] = empty
        elif following is None:
            here[slot] = "x"
        here = here[slot]
