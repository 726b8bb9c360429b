"""GitHub's workflow commands: each finding becomes a remark at its line of the pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from pipeline.findings import Level
from pipeline.formats import Merged, Report, merge

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "notice"}
# A message may hold anything but these; a property also no colon and no comma.
_IN_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_MESSAGE | str.maketrans({":": "%3A", ",": "%2C"})


def text(report: Report) -> str:
    return "".join(f"{_command(one)}\n" for one in merge(report.findings))


def _command(merged: Merged) -> str:
    properties = {"file": merged.place.file}
    if merged.place.line:
        properties["line"] = str(merged.place.line)
    properties["title"] = (
        f"{merged.finding.rule} ({', '.join(merged.environments) or merged.finding.tool})"
    )
    told = ",".join(f"{key}={value.translate(_IN_PROPERTY)}" for key, value in properties.items())
    return f"::{_COMMANDS[merged.finding.level]} {told}::{_message(merged).translate(_IN_MESSAGE)}"


def _message(merged: Merged) -> str:
    finding = merged.finding
    lines = [
        finding.message,
        ".".join(map(str, finding.pointer)) + (f": found {finding.found}" if finding.found else ""),
        *(f"The value comes from {place}." for place in merged.value_places),
        f"Mend: {finding.mend}" if finding.mend else "",
        *finding.notes,
        finding.waived,
    ]
    return "\n".join(filter(None, lines))
