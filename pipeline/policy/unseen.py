"""What CloudFormation makes of a template only when it is deployed: no rule sees it before.

Macros, loops, includes and modules are replaced before a change set is made. A template that has
them is judged in what it spells out; the rest is said to be unjudged, and isn't passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.errors import brief
from pipeline.findings import Pointer

RULE = "NOT_JUDGED"
MEND = (
    "Judge what CloudFormation makes of it: `aws cloudformation get-template --template-stage"
    " Processed --query TemplateBody`, of a stack or of a change set."
)

_LOOP = "Fn::ForEach::"
_MODULE = "::MODULE"
# It adds functions and loops alone; a loop is told where it stands.
_HARMLESS = "AWS::LanguageExtensions"


def parts(template: dict[str, Any]) -> Iterator[tuple[Pointer, str]]:
    """Where something is made later, and what is to be said of it."""
    for at, macro in _macros(template):
        yield at, f"{brief(macro)} makes resources or changes them; no rule sees what it makes."
    for at, key in _keys(template.get("Resources"), ("Resources",)):
        if key.startswith(_LOOP):
            yield at, f"{brief(key)} is a loop; no rule sees what it makes."
        elif key in {"Fn::Transform", "Transform"}:
            yield at, f"{key} is replaced by other text; no rule sees it."
    for name, resource in template.get("Resources", {}).items():
        kind = resource.get("Type") if isinstance(resource, dict) else None
        if isinstance(kind, str) and kind.endswith(_MODULE):
            yield (
                ("Resources", name, "Type"),
                f"{brief(kind)} is a module; no rule sees what it is made of.",
            )


def _macros(template: dict[str, Any]) -> Iterator[tuple[Pointer, str]]:
    """The macros of the whole template: names, or objects with a Name; one or a list."""
    for key in ("Transform", "Fn::Transform"):
        said = template.get(key, [])
        for index, one in enumerate(said if isinstance(said, list) else [said]):
            name = one.get("Name") if isinstance(one, dict) else one
            if name != _HARMLESS:
                yield ((key, index) if isinstance(said, list) else (key,)), str(name)


def _keys(value: Any, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    """Each key below, with where it stands; what is in a loop or an include isn't looked into."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _keys(item, (*at, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            made = key.startswith(_LOOP) or (key in {"Fn::Transform", "Transform"} and _named(item))
            if made:
                yield (*at, key), key
            else:
                yield from _keys(item, (*at, key))


def _named(value: Any) -> bool:
    """Is it a macro's call? A property may be called Transform as well."""
    return isinstance(value, dict) and isinstance(value.get("Name"), str)
