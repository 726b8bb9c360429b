"""JSON for scripts: one object, its keys stable; `version` changes when one of them does."""

from __future__ import annotations

from typing import Any

from pipeline import files
from pipeline.findings import Level, Place
from pipeline.formats import Merged, Report, fails, merge

VERSION = 1


def text(report: Report) -> str:
    merged = merge(report.findings)
    counts = {str(level): sum(one.finding.level is level for one in merged) for level in Level}
    return files.as_json(
        {
            "version": VERSION,
            "tools": report.tools,
            "environments": list(report.environments),
            "failed": any(fails(one.finding) for one in merged),
            "counts": counts,
            "findings": [_finding(one) for one in merged],
        }
    ).decode()


def _finding(merged: Merged) -> dict[str, Any]:
    finding = merged.finding
    return {
        "tool": finding.tool,
        "rule": finding.rule,
        "level": str(finding.level),
        "environments": list(merged.environments),
        "resource": finding.logical_id,
        "path": list(finding.pointer),
        "found": finding.found,
        "message": finding.message,
        "why": finding.why,
        "mend": finding.mend,
        "notes": list(finding.notes),
        "waived": finding.waived,
        "place": _place(merged.place),
        "value_places": [_place(place) for place in merged.value_places],
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line}
