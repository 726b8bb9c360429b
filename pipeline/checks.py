"""Rendered templates -> findings: the one place where they are judged, by lint, guard or both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.findings import Finding, Level
from pipeline.verdict_cache import NO_CACHE, Cache, today

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

    They work at the same time: children do the work of guard while lint keeps this process busy, or
    copies of it.
    """
    with ExitStack() as begun:
        at_work = {
            tool: begun.enter_context(_begun(tool, rendered, root, cache))
            for tool in sorted(tools, key=_begins_later)
        }
        found: dict[str, list[Finding]] = {}
        for tool in reversed(at_work):  # who began first works elsewhere
            found[tool] = at_work[tool]()
            if told is not None:
                told(tool, found[tool])
        return [finding for tool in tools for finding in found[tool]]


def fails(findings: Sequence[Finding]) -> bool:
    """Does any finding stop the way to a deployment? Warnings do; information doesn't."""
    return any(finding.level is not Level.INFO for finding in findings)


def _begins_later(tool: str) -> bool:
    """Lint does, which keeps this process busy, unless it has copies at hand."""
    if tool == "lint":
        from pipeline import lint

        return not lint.is_at_hand()
    return False


def _begun(
    tool: str, rendered: Sequence[Rendered], root: Path, cache: Cache
) -> AbstractContextManager[Callable[[], list[Finding]]]:
    """A tool at work. Imported here: the other stations needn't pay for it."""
    if tool == "lint":
        from pipeline import lint

        return lint.begun(rendered, root, cache)
    return _guard(rendered, root, cache)


@contextmanager
def _guard(
    rendered: Sequence[Rendered], root: Path, cache: Cache
) -> Iterator[Callable[[], list[Finding]]]:
    """Beside the rules stands what they can't say: that the roles grant what is used, no more."""
    from pipeline.iam.least_privilege import least_privilege
    from pipeline.policy import guard

    with guard.begun(rendered, root, today, cache) as findings:
        yield lambda: [*findings(), *least_privilege(rendered, root)]
