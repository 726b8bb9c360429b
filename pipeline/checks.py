"""Rendered templates -> findings: the one place where they are judged, by lint, guard or both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.findings import Finding, Level
from pipeline.verdict_cache import NO_CACHE, Cache

if TYPE_CHECKING:  # a verdict that is known needs no render
    from pipeline.render import Rendered

ALL = ("lint", "guard")


Told = Callable[[str, list[Finding]], None]


def judge(
    tools: Sequence[str],
    rendered: Sequence[Rendered],
    root: Path,
    cache: Cache = NO_CACHE,
    told: Told | None = None,
) -> list[Finding]:
    """The findings of these tools, in their order; `told` hears each tool's as soon as it has them.

    They work at the same time: children do the work of guard while lint keeps this process busy.
    """
    with ExitStack() as begun:
        # all begin before the pool has threads: of a process with threads no copy can be made
        first, *others = [
            _telling(begun.enter_context(_begun(tool, rendered, root, cache)), tool, told)
            for tool in tools
        ]
        pool = begun.enter_context(ThreadPoolExecutor(len(tools)))
        waiting = [pool.submit(other) for other in others]
        findings = first()
        return [*findings, *(finding for other in waiting for finding in other.result())]


def fails(findings: Sequence[Finding]) -> bool:
    """Does any finding stop the way to a deployment? Warnings do; information doesn't."""
    return any(finding.level is not Level.INFO for finding in findings)


def _telling(
    work: Callable[[], list[Finding]], tool: str, told: Told | None
) -> Callable[[], list[Finding]]:
    def judged() -> list[Finding]:
        findings = work()
        if told is not None:
            told(tool, findings)
        return findings

    return judged


def _begun(
    tool: str, rendered: Sequence[Rendered], root: Path, cache: Cache
) -> AbstractContextManager[Callable[[], list[Finding]]]:
    """A tool at work. Imported here: the other stations needn't pay for it."""
    if tool == "lint":
        from pipeline import lint

        return lint.begun(rendered, root, cache)
    return nullcontext(partial(_guard, rendered, root, cache))


def _guard(rendered: Sequence[Rendered], root: Path, cache: Cache) -> list[Finding]:
    """Beside the rules stands what they can't say: that the roles grant what is used, no more."""
    from pipeline.iam.least_privilege import least_privilege
    from pipeline.policy.guard import guard

    return [*guard(rendered, root, cache=cache), *least_privilege(rendered, root)]
