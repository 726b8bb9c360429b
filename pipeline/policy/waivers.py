"""Decisions that let a finding stand: the files that hold them, read and applied.

rules/waivers.yaml excuses findings of the rules, rules/changesets/waivers.yaml changes of a
stack. rules/audit.yaml has a form of its own (pipeline/audit/waivers.py) and is read here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.documents import Document
from pipeline.environment import settings
from pipeline.errors import UserError, brief
from pipeline.findings import TOOL_GUARD, Finding, Level, Place
from pipeline.policy import rulebook

FILE = "rules/waivers.yaml"


@dataclass(frozen=True)
class Form:
    """What each entry of a file's `waivers` must have: texts and lists of texts, none empty.

    `noun` and `mend` are for the error of an entry that has another form.
    """

    noun: str
    mend: str
    texts: frozenset[str]
    lists: frozenset[str] = frozenset()

    def fits(self, entry: Any) -> bool:
        return (
            isinstance(entry, dict)
            and set(entry) == self.texts | self.lists
            and all(_is_text(entry[key]) for key in self.texts)
            and all(_is_list_of_texts(entry[key]) for key in self.lists)
        )


@dataclass(frozen=True)
class Waiver:
    """An exception with a reason, in one environment, until `expires` has passed."""

    rule: str
    resource: str
    environment: str
    reason: str
    expires: date
    line: int


_FORM = Form(
    "a waiver",
    "waivers: is a list; each has rule, resource, environment, reason and"
    ' expires: "2030-12-31", all of them texts.',
    frozenset({"rule", "resource", "environment", "reason", "expires"}),
)


def read(folder: Path, root: Path) -> list[Waiver]:
    """waivers.yaml of a rules folder; without the file there are none. `root`: the repository."""
    document, entries = read_entries(folder / "waivers.yaml", _FORM)
    return [_waiver(document, at, entry, root) for at, entry in entries]


def read_entries(
    path: Path, form: Form
) -> tuple[Document, list[tuple[tuple[str, int], dict[str, Any]]]]:
    """Each entry of a file's `waivers` with its pointer; of a file that isn't there, none."""
    if not path.is_file():
        return Document(path.name, {}, {}), []
    document = rulebook.read_document(path)
    entries = document.value.get("waivers")
    if not isinstance(entries, list) or set(document.value) != {"waivers"}:
        raise _unfit(document, (), form)
    for at, entry in enumerate(entries):
        if not form.fits(entry):
            raise _unfit(document, ("waivers", at), form)
    return document, [(("waivers", at), entry) for at, entry in enumerate(entries)]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _waiver(document: Document, at: tuple[str, int], entry: dict[str, Any], root: Path) -> Waiver:
    try:
        expires = date.fromisoformat(entry["expires"])
    except ValueError:
        raise _unfit(document, (*at, "expires"), _FORM) from None
    waiver = Waiver(**{**entry, "expires": expires}, line=document.line(at))
    _refuse_unknown_environment(waiver, document, root)
    return waiver


def _refuse_unknown_environment(waiver: Waiver, document: Document, root: Path) -> None:
    """A waiver for an environment that is never judged would never be found unused."""
    known = settings.names(root)
    if waiver.environment not in known:
        raise UserError(
            f"{brief(waiver.environment)} isn't an environment.",
            where=f"{document.file}:{waiver.line}",
            mend=f"Environments: {', '.join(known)}.",
        )


def _unfit(document: Document, pointer: tuple[str | int, ...], form: Form) -> UserError:
    return UserError(
        f"this isn't {form.noun}.",
        where=f"{document.file}:{document.line(pointer)}",
        mend=form.mend,
    )


def apply(
    findings: Sequence[Finding], waivers: Sequence[Waiver], environments: set[str], day: date
) -> list[Finding]:
    """The findings with the waived ones as INFO, and one for each waiver that isn't needed."""
    current = [waiver for waiver in waivers if waiver.environment in environments]
    by_subject = {
        (waiver.rule, waiver.resource, waiver.environment): waiver
        for waiver in current
        if waiver.expires >= day
    }
    result, used = [], set()
    for finding in findings:
        waiver = by_subject.get((finding.rule, finding.logical_id, finding.environment))
        if waiver is not None:
            used.add(waiver)
            finding = replace(finding, level=Level.INFO, waived=_reason(waiver))
        result.append(finding)
    result += [_useless(waiver, day) for waiver in current if waiver not in used]
    return result


def _reason(waiver: Waiver) -> str:
    return f"Waived until {waiver.expires}: {waiver.reason}"


def _useless(waiver: Waiver, day: date) -> Finding:
    subject = f"The waiver of {waiver.rule} for {waiver.resource} in {waiver.environment}"
    if waiver.expires < day:
        message = f"{subject} expired on {waiver.expires}."
        mend = "Mend the template, or decide again and write a later date."
    else:
        message = f"{subject} is unused."
        mend = "Remove it: the finding is mended, or was never found."
    return finding_of(TOOL_GUARD, message, mend, Place(FILE, waiver.line), waiver.environment)


def finding_of(tool: str, message: str, mend: str, place: Place, environment: str = "") -> Finding:
    """The error that a waiver itself is."""
    return Finding(
        tool=tool,
        rule="WAIVER",
        level=Level.ERROR,
        message=message,
        environment=environment,
        mend=mend,
        place=place,
    )
