"""The tools that judge rendered templates, by name, and what a run of them found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.findings import Finding, Level
from pipeline.render import Rendered


def run(tool: str, rendered: Sequence[Rendered], root: Path) -> list[Finding]:
    """What `lint` or `guard` finds. Imported here: the other stations needn't pay for it.

    Beside the rules stands what they can't say: that the roles grant what is used, no more.
    """
    if tool == "lint":
        from pipeline.lint import lint

        return lint(rendered, root)
    from pipeline.iam.least_privilege import least_privilege
    from pipeline.policy.guard import guard

    return [*guard(rendered, root), *least_privilege(rendered, root)]


def fails(findings: Sequence[Finding]) -> bool:
    """Does any finding stop the way to a deployment? Warnings do; information doesn't."""
    return any(finding.level is not Level.INFO for finding in findings)
