"""rules/audit.yaml: which remarks of other people's tools were decided on, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.audit.tools import Remark
from pipeline.documents import Document, parse_settings
from pipeline.errors import UserError
from pipeline.findings import Finding, Level, Place

FILE = "rules/audit.yaml"
_KEYS = {"tool", "rule", "subjects", "environments", "reason"}

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
    """The file's decisions; anything of another form is an error."""
    document = parse_settings((root / FILE).read_text(encoding="utf-8"), FILE)
    entries = document.value.get("waivers")
    if not isinstance(entries, list) or set(document.value) != {"waivers"}:
        raise _bad(document, 0)
    return [_waiver(document, at, entry) for at, entry in enumerate(entries)]


def _waiver(document: Document, at: int, entry: Any) -> Waiver:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise _bad(document, at)
    lists = [entry.pop("subjects"), entry.pop("environments")]
    if not all(isinstance(one, str) and one.strip() for one in entry.values()):
        raise _bad(document, at)
    if not all(one and isinstance(one, list) and all(map(_is_text, one)) for one in lists):
        raise _bad(document, at)
    subjects, environments = map(tuple, lists)
    return Waiver(
        **entry, subjects=subjects, environments=environments, line=document.line(("waivers", at))
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _bad(document: Document, at: int) -> UserError:
    return UserError(
        "this is no decision on a remark.",
        where=f"{FILE}:{document.line(('waivers', at))}",
        mend="waivers: is a list; each has tool, rule and reason, texts, and subjects and"
        " environments, lists of texts.",
    )


def judged(
    remarks: Sequence[Remark], waivers: Sequence[Waiver], environments: Sequence[str]
) -> Iterator[tuple[Remark | Waiver, str]]:
    """Each remark with the reason that it was waived for, or none; then each part of a waiver
    that nothing needs, with what that is."""
    reasons = {key: one.reason for one in waivers for key in one.remarks()}
    made = {_key(one) for one in remarks}
    for remark in remarks:
        yield remark, reasons.get(_key(remark), "")
    for waiver in waivers:
        for key in waiver.remarks():
            if key[3] in environments and key not in made:
                yield waiver, f"{key[2]} in {key[3]}"


def _key(remark: Remark) -> Key:
    return remark.tool, remark.rule, remark.subject, remark.environment


def unused(waiver: Waiver, what: str) -> Finding:
    """The finding of a decision on something that no tool says any more."""
    return Finding(
        tool=waiver.tool,
        rule="WAIVER",
        level=Level.ERROR,
        message=f"The waiver of {waiver.rule} is unused for {what}.",
        mend="Take that out: what it excused is mended, or was never found.",
        place=Place(FILE, waiver.line),
    )
