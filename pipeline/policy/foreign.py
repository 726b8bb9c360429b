"""A CloudFormation template from anywhere, read so that the rules can judge it.

YAML or JSON; what it says of its lines is the document's own. Nothing is rendered, and no
environment file stands behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.documents import Document, parse_outside
from pipeline.errors import UserError
from pipeline.findings import Place, Pointer
from pipeline.policy.rulebook import TIERS


@dataclass(frozen=True)
class Known:
    """All that is known of where such a template belongs."""

    name: str
    tier: str

    def foreign(self) -> frozenset[str]:
        """Nothing: no settings stand behind it."""
        return frozenset()


@dataclass(frozen=True)
class Outside:
    """A template that wasn't rendered here, as guard asks for one."""

    settings: Known
    document: Document

    @property
    def value(self) -> dict[str, Any]:
        template: dict[str, Any] = self.document.value
        return template

    def places(self, pointer: Pointer) -> tuple[Place | None, Place | None]:
        return Place(self.document.file, self.document.line(pointer)), None


def read(path: Path, shown: str) -> Outside:
    """The template at `path`, called `shown` in findings; what can't be read is an error."""
    document = parse_outside(files.read_text(path, shown), shown)
    resources = document.value.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise UserError(
            "it has no resources, so it isn't a CloudFormation template.",
            where=shown,
            mend="Name a template, as YAML or JSON, with Resources at its top level.",
        )
    for name, resource in resources.items():
        if not name.startswith(("Fn::", "Transform")):
            _demand_form(document, name, resource)
    return Outside(Known(shown, _tier(document.value)), document)


def _demand_form(document: Document, name: str, resource: Any) -> None:
    """An error about a resource that isn't in the form that every rule reads."""
    at: Pointer = ("Resources", name)
    if not isinstance(resource, dict):
        raise document.error(
            at,
            f"{document.path(at)} is not a resource.",
            mend="A resource is a mapping: Type, and Properties where it has any.",
        )
    if not isinstance(resource.get("Type"), str):
        raise document.error(
            (*at, "Type"),
            f"{document.path(at)} has no type.",
            mend='Write one as a text, such as "AWS::SNS::Topic".',
        )
    if not isinstance(resource.get("Properties", {}), dict):
        raise document.error(
            (*at, "Properties"),
            f"{document.path((*at, 'Properties'))} is not a mapping.",
            mend="Write `Name: value` lines below Properties.",
        )


def _tier(template: dict[str, Any]) -> str:
    """What the template says it is; development if it doesn't."""
    metadata = template.get("Metadata")
    tier = metadata.get("Tier") if isinstance(metadata, dict) else None
    return tier if tier in TIERS else TIERS[0]
