"""SARIF 2.1.0: code scanning shows each finding at the Jinja line that has to change.

A run for each tool. The template's line is the location, the environment file's lines are related
ones; the resource is a logical location. The same findings give the same bytes: no time, no host.
https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline import files
from pipeline.findings import TOOL_GUARD, Finding, Level, Place
from pipeline.formats import Merged, Report, fails
from pipeline.policy.rulebook import Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
_PACKAGES = {TOOL_GUARD: "cfn-guard-rs", "cfn-lint": "cfn-lint"}
_ROOT = "%SRCROOT%"

Node = dict[str, Any]


def text(report: Report) -> str:
    runs = [_run(tool, report) for tool in report.tools]
    return files.as_json({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}).decode()


def _run(tool: str, report: Report) -> Node:
    findings = report.of(tool)
    asked = report.rules if tool == TOOL_GUARD else ()
    rules = {rule.name: _rule(rule) for rule in asked}
    for merged in findings:
        rules.setdefault(merged.finding.rule, _unlisted(merged.finding))
    index = {name: number for number, name in enumerate(rules)}
    driver: Node = {"name": tool, "rules": list(rules.values())}
    if tool in _PACKAGES:
        driver["version"] = importlib.metadata.version(_PACKAGES[tool])
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{tool}/{'+'.join(report.environments)}"},
        "invocations": [{"executionSuccessful": not report.stopped}],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The repository's root"}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, index) for one in findings],
    }


def _rule(rule: Rule) -> Node:
    where = f"`{rule.place}`"
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.protects},
        "fullDescription": {"text": f"{rule.protects} Asked for by {rule.source}."},
        "help": {
            "text": f"{rule.protects} Asked for by {rule.source}. Written in {rule.place}.",
            "markdown": f"{rule.protects}\n\nAsked for by {rule.source}.\n\nWritten in {where};"
            f" `nox -s guard -- --explain {rule.name}` tells more.",
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["security", "policy"]},
    }


def _unlisted(finding: Finding) -> Node:
    """A rule that is known by what it found: cfn-lint's, or the station's own."""
    help_text = finding.mend or finding.message
    return {
        "id": finding.rule,
        "shortDescription": {"text": f"{finding.tool} {finding.rule}"},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": _LEVELS[finding.level]},
    }


def _result(merged: Merged, index: dict[str, int]) -> Node:
    finding = merged.finding
    result: Node = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[finding.level],
        "kind": "fail" if fails(finding) or finding.waived else "informational",
        "message": {"text": _message(merged)},
        "locations": [_location(merged)],
        "partialFingerprints": {"rulePathAndMessage/v1": _fingerprint(finding)},
        "properties": {"environments": list(merged.environments)},
    }
    if result["kind"] == "informational":
        result["level"] = "none"  # the only level that goes with a kind other than fail
    if merged.value_places:
        result["relatedLocations"] = _related(merged.value_places)
    if finding.waived:
        result["suppressions"] = [{"kind": "external", "justification": finding.waived}]
    return result


def _message(merged: Merged) -> str:
    finding = merged.finding
    links = [
        f"The value comes from [{place}]({number})."
        for number, place in enumerate(merged.value_places, start=1)
    ]
    parts = [
        _sentence(finding.message),
        f"Found {finding.found}." if finding.found else "",
        _sentence(f"Mend: {finding.mend}") if finding.mend else "",
        f"In {', '.join(merged.environments)}." if merged.environments else "",
        *finding.notes,
    ]
    return " ".join([*(_plain(part) for part in parts if part), *links])


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _plain(text: str) -> str:
    """SARIF reads [text](1) as a link; what isn't one has its brackets escaped."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _location(merged: Merged) -> Node:
    location: Node = {"physicalLocation": _physical(merged.place)}
    finding = merged.finding
    if finding.pointer:
        path = ".".join(map(str, finding.pointer))
        named = {"name": finding.logical_id or path, "fullyQualifiedName": path}
        location["logicalLocations"] = [{**named, "kind": "resource"}]
    return location


def _related(places: Sequence[Place]) -> list[Node]:
    return [
        {
            "id": number,
            "physicalLocation": _physical(place),
            "message": {"text": "The value comes from here."},
        }
        for number, place in enumerate(places, start=1)
    ]


def _physical(place: Place) -> Node:
    file: Node = {"uri": quote(place.file)}
    if not Path(place.file).is_absolute():
        file["uriBaseId"] = _ROOT
    physical: Node = {"artifactLocation": file}
    if place.line:
        physical["region"] = {"startLine": place.line}
    return physical


def _fingerprint(finding: Finding) -> str:
    """The same finding after lines have moved: rule, path and words, no line number."""
    parts = [finding.rule, list(finding.pointer), finding.message]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
