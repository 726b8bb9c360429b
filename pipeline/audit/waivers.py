"""rules/audit.yaml: which remarks of other people's tools were decided on, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.audit.tools import Remark
from pipeline.findings import Finding, Place
from pipeline.policy import waivers

FILE = "rules/audit.yaml"
_FORM = waivers.Form(
    "a decision on a remark",
    "waivers: is a list; each has tool, rule and reason, texts, and subjects and environments,"
    " lists of texts.",
    frozenset({"tool", "rule", "reason"}),
    frozenset({"subjects", "environments"}),
)

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Waiver:
    """One decision: a tool's rule, on these subjects in these environments, and the reason."""

    tool: str
    rule: str
    subjects: tuple[str, ...]
    environments: tuple[str, ...]
    reason: str
    line: int

    def remarks(self) -> Iterator[Key]:
        """Each remark that it is about. All of them have to be made."""
        for subject in self.subjects:
            for environment in self.environments:
                yield self.tool, self.rule, subject, environment


def read(root: Path) -> list[Waiver]:
    """The file's decisions, none without the file; anything of another form is an error."""
    document, entries = waivers.read_entries(root / FILE, _FORM)
    return [
        Waiver(
            entry["tool"],
            entry["rule"],
            tuple(entry["subjects"]),
            tuple(entry["environments"]),
            entry["reason"],
            document.line(at),
        )
        for at, entry in entries
    ]


def judged(
    remarks: Sequence[Remark], decided: Sequence[Waiver], environments: Sequence[str]
) -> Iterator[tuple[Remark | Waiver, str]]:
    """Each remark with the reason that it was waived for, or none; then each part of a waiver
    that nothing needs, with what that is."""
    reasons = {key: waiver.reason for waiver in decided for key in waiver.remarks()}
    made = {_key(remark) for remark in remarks}
    for remark in remarks:
        yield remark, reasons.get(_key(remark), "")
    for waiver in decided:
        for key in waiver.remarks():
            if key[3] in environments and key not in made:
                yield waiver, f"{key[2]} in {key[3]}"


def _key(remark: Remark) -> Key:
    return remark.tool, remark.rule, remark.subject, remark.environment


def unused(waiver: Waiver, what: str) -> Finding:
    """The finding of a decision on something that no tool says any more."""
    return waivers.finding_of(
        waiver.tool,
        f"The waiver of {waiver.rule} is unused for {what}.",
        "Take that out: what it excused is mended, or was never found.",
        Place(FILE, waiver.line),
    )
