"""Rendered templates -> findings: the one place where they are judged, by lint, guard or both."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.findings import Finding, Level
from pipeline.verdict_cache import NO_CACHE, Cache

if TYPE_CHECKING:  # a verdict that is known needs no render
    from pipeline.render import Rendered

ALL = ("lint", "guard")


def judge(
    tools: Sequence[str], rendered: Sequence[Rendered], root: Path, cache: Cache = NO_CACHE
) -> list[Finding]:
    """The findings of these tools, in their order.

    They work at the same time: children do the work of guard while lint keeps this process busy.
    """
    first, *others = tools
    with ThreadPoolExecutor(len(tools)) as pool:
        waiting = [pool.submit(_run, other, rendered, root, cache) for other in others]
        findings = _run(first, rendered, root, cache)
        return [*findings, *(finding for other in waiting for finding in other.result())]


def fails(findings: Sequence[Finding]) -> bool:
    """Does any finding stop the way to a deployment? Warnings do; information doesn't."""
    return any(finding.level is not Level.INFO for finding in findings)


def _run(tool: str, rendered: Sequence[Rendered], root: Path, cache: Cache) -> list[Finding]:
    """One tool's findings. Imported here: the other stations needn't pay for it.

    Beside the rules stands what they can't say: that the roles grant what is used, no more.
    """
    if tool == "lint":
        from pipeline.lint import lint

        return lint(rendered, root, cache)
    from pipeline.iam.least_privilege import least_privilege
    from pipeline.policy.guard import guard

    return [*guard(rendered, root, cache=cache), *least_privilege(rendered, root)]
