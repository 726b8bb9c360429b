"""lint, guard and check at the command line: judge, then report in the format that was asked for.

With a format for machines, standard output holds the report and nothing else; what is said of the
work goes to standard error. With a file, the report goes there, whole or not at all.
"""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import checks, files, formats, render, terminal
from pipeline.environment import settings
from pipeline.findings import Finding
from pipeline.formats import HUMAN, Report
from pipeline.policy.rulebook import Rule
from pipeline.stations import arguments


@dataclass(frozen=True)
class Destination:
    """How a report is written, and where to; no file means standard output."""

    format: str = HUMAN
    file: str | None = None


def options(parser: ArgumentParser) -> None:
    arguments.environments(parser)
    arguments.report(parser)


def run(options: Namespace, root: Path) -> int:
    return environments(checks.ALL, options.environments, root, destination(options))


def destination(options: Namespace) -> Destination:
    return Destination(options.format, options.output)


def environments(
    stations: Sequence[str], wanted: Sequence[str], root: Path, destination: Destination
) -> int:
    """Render these environments and let each station judge them; 1 if anything was found."""
    rendered = render.render_all(settings.chosen(wanted, root), root)
    names = [one.name for one in rendered]
    with terminal.step(f"{' and '.join(stations)} {', '.join(names)}"):
        found = checks.judge(stations, rendered, root)
    return _report(stations, names, found, root, destination)


def outside(paths: Sequence[str], root: Path, destination: Destination) -> int:
    """Judge templates from anywhere by the rules of `root`."""
    from pipeline.policy import guard
    from pipeline.policy.foreign import read

    found: list[Finding] = []
    for path in paths:
        template = read(root / path, path)
        with terminal.step(f"guard {path}"):
            found += guard.guard_outside(template, root)
    return _report(["guard"], paths, found, root, destination)


def _report(
    stations: Sequence[str],
    names: Sequence[str],
    found: Sequence[Finding],
    root: Path,
    destination: Destination,
) -> int:
    failed = checks.fails(found)
    summary = f"{' and '.join(stations)}: {terminal.summary(found)} in {', '.join(names)}"
    if destination.format == HUMAN and destination.file is None:
        terminal.show_findings(found, root)
        terminal.say(summary)
        return int(failed)
    text = _text(Report(stations, names, found, _rules(stations, root)), root, destination.format)
    if destination.file is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        files.write(root / destination.file, text.encode())
    print(summary, file=sys.stderr, flush=True)
    return int(failed)


def _text(report: Report, root: Path, form: str) -> str:
    if form != HUMAN:
        return formats.text(form, report)
    stream = io.StringIO()
    terminal.show_findings(report.findings, root, stream)
    return stream.getvalue()


def _rules(stations: Sequence[str], root: Path) -> list[Rule]:
    if "guard" not in stations:
        return []
    from pipeline.policy import catalogue

    return catalogue.rules(root)
