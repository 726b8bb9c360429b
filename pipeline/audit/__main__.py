"""python -m pipeline.audit [ENV…]: the findings of other people's tools, without those that were
decided on.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline import checks, render, terminal
from pipeline.audit import reference_check, tools, waivers
from pipeline.audit.tools import Remark
from pipeline.audit.waivers import Waiver
from pipeline.environment import settings
from pipeline.errors import UserError, tell
from pipeline.findings import Finding, Level
from pipeline.iam.least_privilege import Template


def main(names: Sequence[str], root: Path) -> int:
    """0 where every remark was decided on and every decision is needed, else 1."""
    try:
        rendered = render.render_all(settings.chosen(list(names), root), root)
        remarks = [*audit(rendered, root), *reference_check.findings()]
    except UserError as error:
        tell(error)
        return error.exit_code
    undecided = [one for one in remarks if one.level is not Level.INFO]
    terminal.show_findings(undecided, root)
    shown = ", ".join(one.name for one in rendered)
    terminal.say(f"audit: {counts(remarks)}; {terminal.summary(undecided)} in {shown}")
    return 1 if checks.fails(remarks) else 0


def audit(rendered: Sequence[Template], root: Path) -> list[Finding]:
    """Every remark as a finding; a waived one is information."""
    decided = waivers.read(root)
    by_name = {template.settings.name: template for template in rendered}
    tiers = {name: template.settings.tier for name, template in by_name.items()}
    remarks = [remark for template in rendered for remark in tools.remarks(template, root)]
    result = []
    for subject, text in waivers.judged(remarks, decided, tiers):
        if isinstance(subject, Waiver):
            result.append(waivers.unused(subject, text))
        else:
            result.append(finding(subject, text, by_name[subject.environment]))
    return result


def finding(remark: Remark, reason: str, template: Template) -> Finding:
    """A remark in the shape of every other finding, with the line of the Jinja template."""
    place, value_place = template.places(remark.pointer)
    return Finding(
        tool=remark.tool,
        rule=remark.rule,
        level=Level.INFO if reason else Level.ERROR,
        message=f"{remark.message} ({remark.subject or 'the whole template'})",
        environment=remark.environment,
        pointer=remark.pointer,
        mend="" if reason else f"Mend the template, or decide on it in {waivers.FILE}.",
        place=place,
        value_place=value_place,
        notes=(f"Waived: {reason}",) if reason else (),
    )


def counts(findings: Sequence[Finding]) -> str:
    """`checkov 41 waived, parliament 6 waived`: how many remarks of each tool were decided on."""
    names = sorted({one.tool for one in findings})
    waived = {
        name: sum(one.level is Level.INFO for one in findings if one.tool == name) for name in names
    }
    return ", ".join(f"{name} {number} waived" for name, number in waived.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path.cwd()))
