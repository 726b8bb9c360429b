"""What a person sees: findings with their code, steps while work goes on, errors.

Results go to standard output, everything about the work itself to standard error. Colour only on
a terminal, and never with NO_COLOR; rich sees to both.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pipeline import redaction
from pipeline.documents.lines import split
from pipeline.errors import shortened
from pipeline.findings import Finding, Level, Place, Pointer

if TYPE_CHECKING:  # rich takes as long to import as a render; only what prints pays for it
    from rich.console import Console

    from pipeline.formats import Merged

_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.INFO: "cyan"}
_LONGEST = 200  # characters of a line of code
_AROUND = 1  # lines of code shown before and after the one that is meant


def say(text: str) -> None:
    """One line of result."""
    print(text, flush=True)


def report(text: str) -> None:
    """A result for machines, in UTF-8 whatever the terminal's own encoding is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def step(what: str) -> Iterator[None]:
    """Says what is being done: a live line on a terminal, a plain one elsewhere."""
    started = time.monotonic()
    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(f"{what} …"):
            yield
    else:
        print(f"{what} …", file=sys.stderr, flush=True)
        yield
    if time.monotonic() - started > 1:
        print(f"{what}: {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)


def show_findings(findings: Sequence[Finding], root: Path, stream: TextIO | None = None) -> None:
    """Each finding once, whatever number of environments it is in, with its lines of code."""
    if not findings:
        return  # rich takes its time
    from rich.console import Console

    from pipeline.formats import merge

    console = Console(file=stream, highlight=False, soft_wrap=True)
    for merged in merge(findings):
        _show(console, merged, root)


def merged(findings: Iterable[Finding]) -> list[tuple[Finding, str]]:
    """Findings that differ in their environment only become one, with all their names."""
    from pipeline.formats import merge

    return [(one.finding, ", ".join(one.environments)) for one in merge(findings)]


def summary(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`, counted as they are shown."""
    shown = [finding for finding, _ in merged(findings)]
    counts = [(sum(one.level is level for one in shown), level) for level in Level]
    told = [f"{number} {level}{'s' if number > 1 else ''}" for number, level in counts if number]
    return ", ".join(told) or "no findings"


def _show(console: Console, merged: Merged, root: Path) -> None:
    from rich.text import Text

    finding = merged.finding
    head = Text.assemble(
        (str(finding.place or "the template"), "bold"),
        "  ",
        (f"{finding.level} {finding.rule}", f"bold {_COLOURS[finding.level]}"),
        f"  {', '.join(merged.environments)}" if merged.environments else "",
    )
    console.print(head)
    if finding.pointer:
        path = shortened(".".join(map(str, finding.pointer)), _LONGEST)
        console.print(Text(f"  {path}", style="dim"))
    for line in finding.message.splitlines():
        console.print(Text(f"  {line}"))
    if finding.found:
        console.print(Text(f"  Found: {finding.found}"))
    _show_code(console, finding.place, "", root, finding.pointer)
    for place in merged.value_places:
        _show_code(console, place, "The value comes from", root, ())
    for line in _remarks(finding):
        console.print(Text(f"  {line}"))
    console.print()


def _remarks(finding: Finding) -> list[str]:
    """What stands below the code: why the rule is there, the mend, other clauses, the waiver."""
    why = f"Why: {finding.why}" if finding.why else ""
    mend = f"Mend: {finding.mend}" if finding.mend else ""
    return [line for line in (why, mend, *finding.notes, finding.waived) if line]


def _show_code(
    console: Console, place: Place | None, why: str, root: Path, pointer: Pointer
) -> None:
    from rich.text import Text

    if place is None or not place.line:
        return
    if why:
        console.print(Text(f"  {why} {place}"))
    for number, line in frame(place, root):
        mark = ">" if number == place.line else " "
        style = "" if number == place.line else "dim"
        code = shortened(redaction.line(line, pointer), _LONGEST)
        console.print(Text(f"  {mark} {number:4} | {code}", style=style))


def frame(place: Place, root: Path) -> list[tuple[int, str]]:
    """The lines of code around a place, with their numbers; nothing if the file isn't there."""
    path = root / place.file
    try:
        lines = _lines(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError):
        return []
    first, last = max(1, place.line - _AROUND), min(len(lines), place.line + _AROUND)
    return [(number, lines[number - 1]) for number in range(first, last + 1)]


@lru_cache(maxsize=8)
def _lines(path: Path, _changed: int) -> list[str]:
    """A file's lines, read once for all findings about it."""
    return split(path.read_text(encoding="utf-8"))
