"""rules/audit.yaml: which remarks of other people's tools were decided on, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.audit.tools import Remark
from pipeline.findings import Finding, Place
from pipeline.policy import waivers

FILE = "rules/audit.yaml"
_FORM = waivers.Form(
    "a decision on a remark",
    "waivers: is a list; each has tool, rule and reason, texts, and subjects and tiers, lists of"
    " texts.",
    frozenset({"tool", "rule", "reason"}),
    frozenset({"subjects", "tiers"}),
)

Key = tuple[str, str, str, str]  # tool, rule, subject, tier


@dataclass(frozen=True)
class Waiver:
    """One decision: a tool's rule, on these subjects in environments of these tiers; and why."""

    tool: str
    rule: str
    subjects: tuple[str, ...]
    tiers: tuple[str, ...]
    reason: str
    line: int

    def remarks(self) -> Iterator[Key]:
        """Each remark that it is about. Some environment of the tier has to give cause for it."""
        for subject in self.subjects:
            for tier in self.tiers:
                yield self.tool, self.rule, subject, tier


def read(root: Path) -> list[Waiver]:
    """The file's decisions, none without the file; anything of another form is an error."""
    document, entries = waivers.read_entries(root / FILE, _FORM)
    return [
        Waiver(
            entry["tool"],
            entry["rule"],
            tuple(entry["subjects"]),
            tuple(entry["tiers"]),
            entry["reason"],
            document.line(at),
        )
        for at, entry in entries
    ]


def judged(
    remarks: Sequence[Remark], decided: Sequence[Waiver], tiers: Mapping[str, str]
) -> Iterator[tuple[Remark | Waiver, str]]:
    """Each remark with the reason that it was waived for, or none; then each part of a waiver
    that nothing needs, with what that is. `tiers` has the tier of each judged environment."""
    reasons = {key: waiver.reason for waiver in decided for key in waiver.remarks()}
    made = set()
    for remark in remarks:
        key = (remark.tool, remark.rule, remark.subject, tiers[remark.environment])
        made.add(key)
        yield remark, reasons.get(key, "")
    for waiver in decided:
        for key in waiver.remarks():
            if key[3] in tiers.values() and key not in made:
                yield waiver, f"{key[2]} in {key[3]}"


def unused(waiver: Waiver, what: str) -> Finding:
    """The finding of a decision on something that no tool says any more."""
    return waivers.finding_of(
        waiver.tool,
        f"The waiver of {waiver.rule} is unused for {what}.",
        "Remove it: the remark is mended, or was never found.",
        Place(FILE, waiver.line),
    )
