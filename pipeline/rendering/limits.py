"""CloudFormation's limits on a template, from its documentation ("CloudFormation quotas")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.errors import brief

MAX_BODY_BYTES = 51_200
"""The largest template that a request may carry; a larger one goes by S3."""
MAX_BYTES = 1_000_000
"""The largest template at all. AWS says 1 MB; the smaller reading of that is the safe one."""

_COUNTS = {"Parameters": 200, "Mappings": 200, "Resources": 500, "Outputs": 200}
_SECTIONS = {
    "AWSTemplateFormatVersion", "Conditions", "Description", "Hooks", "Mappings", "Metadata",
    "Outputs", "Parameters", "Resources", "Rules", "Transform",
}  # fmt: skip
_MAX_DESCRIPTION_BYTES = 1024


def broken(text: str, template: dict[str, Any]) -> tuple[tuple[str, ...], str, str] | None:
    """The first limit that a template breaks: (pointer, what, mend); None when it breaks none."""
    size = len(text.encode())
    if size > MAX_BYTES:
        return (), f"the template has {size:,} bytes, CloudFormation takes {MAX_BYTES:,}.", _SPLIT
    unknown = sorted(set(template) - _SECTIONS)
    if unknown:
        known = ", ".join(sorted(_SECTIONS))
        return (
            (unknown[0],),
            f"{brief(unknown[0])} isn't a section of a template.",
            f"Sections: {known}.",
        )
    if not template.get("Resources"):
        return (), "the template has no resources.", "Add some below Resources."
    misshapen = next(_misshapen(template), None)
    if misshapen is not None:
        return (
            misshapen,
            f"{brief('.'.join(misshapen))} isn't a mapping.",
            "Write `Key: value` lines below.",
        )
    for section, most in _COUNTS.items():
        count = len(template.get(section) or {})
        if count > most:
            return (section,), f"{section} holds {count}, CloudFormation takes {most}.", _SPLIT
    if len(str(template.get("Description", "")).encode()) > _MAX_DESCRIPTION_BYTES:
        return ("Description",), "the description has over 1,024 bytes.", "Shorten it."
    return None


def _misshapen(template: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Where CloudFormation wants a mapping and there is none."""
    for section in _COUNTS:
        entries = template.get(section, {})
        if not isinstance(entries, dict):
            yield (section,)
            continue
        yield from ((section, name) for name, one in entries.items() if not isinstance(one, dict))
    for name, resource in template["Resources"].items():
        if not isinstance(resource.get("Properties", {}), dict):
            yield "Resources", name, "Properties"


_SPLIT = "Split the stack in two."
