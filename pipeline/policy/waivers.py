"""rules/waivers.yaml applied: what somebody answers for is shown, and doesn't fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from pipeline.findings import TOOL_GUARD, Finding, Level, Place
from pipeline.policy.rulebook import Waiver

FILE = "rules/waivers.yaml"


def apply(
    findings: Sequence[Finding], waivers: Sequence[Waiver], environments: set[str], day: date
) -> list[Finding]:
    """The findings with the waived ones as INFO, and a finding for each waiver that is no use."""
    current = [waiver for waiver in waivers if waiver.environment in environments]
    by_subject = {
        (one.rule, one.resource, one.environment): one for one in current if one.expires >= day
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
    expired = waiver.expires < day
    subject = f"The waiver of {waiver.rule} for {waiver.resource} in {waiver.environment}"
    return Finding(
        tool=TOOL_GUARD,
        rule="WAIVER",
        level=Level.ERROR,
        message=f"{subject} expired on {waiver.expires}." if expired else f"{subject} is unused.",
        environment=waiver.environment,
        mend="Mend the template, or decide anew and write a later day."
        if expired
        else "Remove it: what it excused is mended or was never found.",
        place=Place(FILE, waiver.line),
    )
