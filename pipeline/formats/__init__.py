"""What a run of lint or guard found, as a text for a machine.

Each format is a module with `text(report)`; nothing else goes to standard output with it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.findings import (
    TOOL_GUARD,
    TOOL_LINT,
    TOOL_RENDER,
    TOOL_SETTINGS,
    Finding,
    Level,
    Place,
)

if TYPE_CHECKING:
    from pipeline.policy.rulebook import Rule

HUMAN = "human"
MACHINE = ("sarif", "junit", "json", "github")
TOOLS = {
    "settings": TOOL_SETTINGS,
    "render": TOOL_RENDER,
    "lint": TOOL_LINT,
    "guard": TOOL_GUARD,
}


@dataclass(frozen=True)
class Report:
    """The findings of some tools in some environments, and every rule that guard asked.

    `stopped`: a mistake kept the last of the tools from judging.
    """

    stations: Sequence[str]
    environments: Sequence[str]
    findings: Sequence[Finding]
    rules: Sequence[Rule]
    stopped: bool = False

    @property
    def tools(self) -> list[str]:
        """The tools' names as the findings carry them."""
        return [TOOLS[station] for station in self.stations]

    def of(self, tool: str) -> list[Merged]:
        """One tool's findings, each once, whatever number of environments it is in."""
        return [one for one in merge(self.findings) if one.finding.tool == tool]


@dataclass(frozen=True)
class Merged:
    """A finding, the environments that have it, and where each one's file gives the value."""

    finding: Finding
    environments: tuple[str, ...]
    value_places: tuple[Place, ...]

    @property
    def place(self) -> Place:
        """The line to mend; a finding about everything stands at the templates' entry."""
        return self.finding.place or Place("templates/main.yaml.j2")


def text(name: str, report: Report) -> str:
    """The report in the format `name`, one of MACHINE."""
    module: Any = importlib.import_module(f"pipeline.formats.{name}_format")
    written: str = module.text(report)
    return written


def merge(findings: Iterable[Finding]) -> list[Merged]:
    """Findings that differ in their environment only become one.

    Ordered by place, so that a file is mended from top to bottom.
    """
    groups: dict[Finding, list[Finding]] = {}
    for finding in findings:
        alike = replace(finding, environment="", value_place=None)
        groups.setdefault(alike, []).append(finding)
    merged = [_merged(alike, group) for alike, group in groups.items()]
    return sorted(merged, key=lambda one: (one.place, one.finding.tool, one.finding.rule))


def _merged(alike: Finding, group: Sequence[Finding]) -> Merged:
    environments = dict.fromkeys(one.environment for one in group if one.environment)
    places = dict.fromkeys(one.value_place for one in group if one.value_place)
    return Merged(alike, tuple(environments), tuple(places))


def fails(finding: Finding) -> bool:
    return finding.level is not Level.INFO
