"""One finding of any check, and where a person mends it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from pipeline.errors import UserError

TOOL_GUARD = "guard"
TOOL_LINT = "cfn-lint"
TOOL_SETTINGS = "settings"
TOOL_RENDER = "render"
RULES_FILE = "RULES_FILE"  # the rule of a rules file that is broken

_WHERE = re.compile(r"(?P<file>.*?[./].*?)(:(?P<line>\d+))?")
_RULES = {TOOL_SETTINGS: "SETTINGS", TOOL_RENDER: "TEMPLATE"}


class Level(StrEnum):
    """How bad a finding is. Only `INFO` lets a station pass."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Place(NamedTuple):
    """A line of a file in the repository; `line` counts from 1, 0 means the whole file."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


Pointer = tuple[str | int, ...]
"""Keys and indexes from a document's root: ("Resources", "Bucket", "Properties")."""


@dataclass(frozen=True)
class Finding:
    """What one rule says of one place of one environment's template.

    `found` is the value that offends, already safe to print (never an environment variable's).
    `place` is the line of the Jinja template, `value_place` the line of the environment file
    that the value came from. `why` is what the rule protects and who asks for it; `waived` says
    until when it is excused and why, and is empty otherwise.
    """

    tool: str
    rule: str
    level: Level
    message: str
    environment: str = ""
    pointer: Pointer = ()
    found: str = ""
    mend: str = ""
    place: Place | None = None
    value_place: Place | None = None
    notes: tuple[str, ...] = field(default=())
    why: str = ""
    waived: str = ""

    @property
    def logical_id(self) -> str:
        """The resource that is meant; empty when the finding is about the whole template."""
        if len(self.pointer) > 1 and self.pointer[0] == "Resources":
            return str(self.pointer[1])
        return ""


def of_error(error: UserError, tool: str, environment: str = "") -> list[Finding]:
    """A mistake that kept a tool from judging, in the form of what it finds."""
    return [
        Finding(
            tool=tool,
            rule=_RULES.get(tool) or _rule_of_file(mistake.where),
            level=Level.ERROR,
            message=mistake.what,
            environment=environment,
            mend=mistake.mend,
            place=_place(mistake.where),
        )
        for mistake in error.each
    ]


def _place(where: str) -> Place | None:
    match = _WHERE.fullmatch(where)
    return Place(match["file"], int(match["line"] or 0)) if match else None


def _rule_of_file(where: str) -> str:
    if not where.startswith("rules"):
        return "NOT_JUDGED"
    return "WAIVER" if "waivers.yaml" in where else RULES_FILE


def finding_from_json(said: dict[str, Any]) -> Finding:
    """The finding that `dataclasses.asdict` and JSON made `said` of."""
    return Finding(
        **{
            **said,
            "level": Level(said["level"]),
            "pointer": tuple(said["pointer"]),
            "notes": tuple(said["notes"]),
            "place": said["place"] and Place(*said["place"]),
            "value_place": said["value_place"] and Place(*said["value_place"]),
        }
    )
